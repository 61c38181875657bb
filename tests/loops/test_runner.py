"""The runner does what asyncio's does, does not hang, and can abandon a run."""

import asyncio
import contextvars
import faulthandler
import signal
import sys
import threading
import unittest
import warnings
from unittest import mock

from asynctestkit.cpython.alarms import PhaseInterrupt
from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.loops.runner import Runner

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")
SHORT = 0.05
"""Wall seconds for code that is meant to take longer."""


async def for_ever():
    """Its loop keeps the coroutine alive, which the collector would otherwise destroy while pending."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    vars(loop).setdefault("awaited", []).append(future)
    await future


async def give(result):
    await asyncio.sleep(0)
    return result


async def fail_with(error):
    await asyncio.sleep(0)
    raise error


async def begin(generator):
    await generator.__anext__()


class RunnerTestCase(unittest.TestCase):
    def setUp(self):
        # Not a signal, nor a time-out of asyncio's: what hangs here may swallow either.
        faulthandler.dump_traceback_later(60, exit=True, file=sys.__stderr__)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.runner = self.make_runner()

    def make_runner(self, factory=None, on_start=lambda loop: None):
        runner = Runner(factory, on_start)
        self.addCleanup(runner.close, 60)
        return runner


class Carried:
    """As on 3.10, where one task runs all coroutines: its code works on every version."""

    def setUp(self):
        patch = mock.patch("asynctestkit.loops.runner.HAS_RUNNER", False)
        patch.start()
        self.addCleanup(patch.stop)
        super().setUp()


class LoopTests(RunnerTestCase):
    def test_it_makes_one_loop(self):
        """The first use creates the loop, reports it once, and makes it the thread's own."""
        started = []
        runner = self.make_runner(on_start=started.append)
        self.assertEqual(started, [])
        loop = runner.get_loop()
        self.assertIs(type(loop), HygienicEventLoop)
        self.assertIs(runner.get_loop(), loop)
        self.assertEqual(started, [loop])
        self.assertIs(asyncio.get_event_loop(), loop)

    def test_a_factory_of_the_users(self):
        """A factory's loop is used, is closed with the runner, and does not become the thread's own."""
        loop, threads_own = asyncio.SelectorEventLoop(), asyncio.SelectorEventLoop()
        self.addCleanup(asyncio.set_event_loop, None)
        self.addCleanup(threads_own.close)
        asyncio.set_event_loop(threads_own)
        runner = self.make_runner(lambda: loop)
        self.assertIs(runner.get_loop(), loop)
        self.assertEqual(runner.run(give(1)), 1)
        self.assertIs(asyncio.get_event_loop(), threads_own)
        runner.close()
        self.assertTrue(loop.is_closed())
        self.assertIs(asyncio.get_event_loop(), threads_own)

    def test_a_policy_of_the_users(self):
        """Under a user's policy, the loop is the one that the policy creates."""
        own = type("OwnLoop", (asyncio.SelectorEventLoop,), {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # policies, from 3.14
            members = {"__module__": "own", "new_event_loop": lambda policy: own()}
            asyncio.set_event_loop_policy(type("Policy", (asyncio.DefaultEventLoopPolicy,), members)())
            try:
                self.assertIs(type(self.runner.get_loop()), own)
                self.runner.close()
            finally:
                asyncio.set_event_loop_policy(None)

    def test_closing_that_is_interrupted(self):
        """If closing is interrupted, the loop is closed all the same, and the interrupt is raised."""
        loop = self.runner.get_loop()
        close, interrupts = loop._ssock.close, [PhaseInterrupt]

        def interrupted():
            close()
            if interrupts:
                raise interrupts.pop()

        with mock.patch.object(loop._ssock, "close", interrupted), self.assertRaises(PhaseInterrupt):
            self.runner.close()
        self.assertTrue(loop.is_closed())

    def test_closing(self):
        """A runner may be closed before its first use, twice, and after the test has closed the loop."""
        self.runner.close()
        loop = self.runner.get_loop()
        self.runner.close()
        self.runner.close()
        self.assertTrue(loop.is_closed())
        self.runner.get_loop().close()
        self.assertIsNone(self.runner.close())


class RunTests(RunnerTestCase):
    def test_results_and_exceptions(self):
        """It returns what the coroutine returns, and raises what it raises."""
        self.assertEqual(self.runner.run(give(42)), 42)
        error = ValueError()
        with self.assertRaises(ValueError) as caught:
            self.runner.run(fail_with(error))
        self.assertIs(caught.exception, error)

    def test_any_awaitable(self):
        """An awaitable that is no coroutine is awaited as well."""

        future = self.runner.get_loop().create_future()
        future.set_result(1)
        self.assertEqual(self.runner.run(future), 1)

    def test_one_context(self):
        """What a run sets in the context, the next run sees."""
        context = contextvars.copy_context()

        async def change():
            before = VARIABLE.get()
            VARIABLE.set("changed")
            return before

        self.assertEqual(self.runner.run(change(), context=context), "unset")
        self.assertEqual(self.runner.run(change(), context=context), "changed")
        self.assertEqual(VARIABLE.get(), "unset")

    def test_a_context_of_its_own(self):
        """Without a context, all runs share the runner's own, like those of `asyncio.Runner`."""

        async def change():
            before = VARIABLE.get()
            VARIABLE.set("changed")
            return before

        self.assertEqual([self.runner.run(change()), self.runner.run(change())], ["unset", "changed"])
        self.assertEqual(VARIABLE.get(), "unset")

    def test_within_a_running_loop(self):
        """Within a running loop it is a RuntimeError, as in asyncio."""

        async def nested():
            self.runner.run(None)

        with self.assertRaisesRegex(RuntimeError, "cannot be called from a running event loop"):
            self.runner.run(nested())

    def test_the_main_task(self):
        """The task of the run is known while it runs."""

        async def ask():
            return self.runner.main_task is asyncio.current_task()

        self.assertTrue(self.runner.run(ask()))
        self.assertIsNone(self.runner.main_task)

    def test_cancelling(self):
        """`cancel` ends the run; without one it does nothing."""
        self.runner.get_loop().call_soon(self.runner.cancel)
        with self.assertRaises(asyncio.CancelledError):
            self.runner.run(for_ever())
        self.runner.cancel()
        self.assertEqual(self.runner.run(give(1)), 1)

    def test_a_cancellation_of_the_users(self):
        """A coroutine that cancels itself raises CancelledError, and the next run is not affected."""

        async def cancels_itself():
            asyncio.current_task().cancel()
            await for_ever()

        with self.assertRaises(asyncio.CancelledError):
            self.runner.run(cancels_itself())
        self.assertEqual(self.runner.run(give(1)), 1)

    def test_a_cancellation_that_comes_late(self):
        """A cancellation meant for a run that has ended does not reach the next."""

        async def own_task():
            return asyncio.current_task()

        task = self.runner.run(own_task())
        task.cancel()
        self.assertEqual(self.runner.run(give(1)), 1)
        task.cancel()
        self.runner.get_loop().run_until_complete(asyncio.sleep(0))
        self.assertEqual(self.runner.run(give(2)), 2)
        self.runner.get_loop().call_soon(task.cancel)
        self.assertEqual(self.runner.run(give(3)), 3)

    def test_in_another_thread(self):
        """A runner of another thread works, and leaves signals alone."""
        runner, results = Runner(None, lambda loop: None), []

        def work():
            results.append(runner.run(give(signal.getsignal(signal.SIGINT))))
            runner.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertEqual(results, [signal.default_int_handler])

    def test_a_loop_that_is_stopped(self):
        """Stopping the loop raises asyncio's RuntimeError."""

        async def stops():
            asyncio.get_running_loop().stop()
            await for_ever()

        with self.assertRaisesRegex(RuntimeError, "^Event loop stopped before Future completed"):
            self.runner.run(stops())
        self.assertEqual(self.runner.run(give(1)), 1)


class CarriedRunTests(Carried, RunTests):
    """The same tests, as on 3.10."""


class StubbornTests(RunnerTestCase):
    """Code that does not end by itself does not affect other code."""

    def setUp(self):
        super().setUp()
        self.released = False

    async def refuses(self):
        while not self.released:
            try:
                await for_ever()
            except asyncio.CancelledError:
                pass

    def test_giving_up(self):
        """The run ends with PhaseInterrupt; its task is not reported again, and the next run works."""
        loop = self.runner.get_loop()
        loop.call_soon(self.runner.give_up)
        with self.assertNoLogs("asyncio"):
            with self.assertRaises(PhaseInterrupt):
                self.runner.run(self.refuses())
            self.assertIsNone(self.runner.main_task)
            self.assertEqual(self.runner.run(give(1)), 1)
            self.runner.close()
        self.assertTrue(loop.is_closed())

    def test_a_coroutine_that_was_given_up(self):
        """An abandoned coroutine may still end: its exception is not reported, except an exit."""

        async def ends(outcome):
            await wake
            raise outcome

        loop = self.runner.get_loop()
        for outcome in (StopAsyncIteration(), asyncio.CancelledError(), KeyboardInterrupt()):
            with self.subTest(type(outcome).__name__), self.assertNoLogs("asyncio"):
                wake = loop.create_future()
                loop.call_soon(self.runner.give_up)
                with self.assertRaises(PhaseInterrupt):
                    self.runner.run(ends(outcome))
                wake.set_result(None)
                try:
                    self.assertEqual(self.runner.run(give(1)), 1)
                except KeyboardInterrupt as error:
                    self.assertIs(error, outcome)

    def test_giving_up_on_the_end(self):
        """The shutdown itself can be abandoned, and repeated."""

        async def gives_up():
            try:
                await for_ever()
            finally:
                self.runner.give_up()
                await asyncio.sleep(0)

        loop = self.runner.get_loop()
        task = loop.create_task(gives_up())
        self.runner.run(give(1))
        with self.assertRaises(PhaseInterrupt):
            self.runner.shut_down()
        self.runner.close()
        self.assertTrue(task.done() and loop.is_closed())

    def test_tasks(self):
        """Closing cancels and awaits the remaining tasks, and abandons those that refuse, silently."""
        loop = self.runner.get_loop()

        async def cleans_up():
            try:
                await for_ever()
            finally:
                await asyncio.sleep(0)

        obedient = loop.create_task(cleans_up())
        refusing = loop.create_task(self.refuses())
        self.runner.run(give(1))
        with self.assertNoLogs("asyncio"):
            self.runner.close(SHORT)
        self.assertTrue(obedient.cancelled())
        self.assertFalse(refusing.done())
        self.assertTrue(loop.is_closed())

    def test_generators(self):
        """Closing closes open generators, and is not delayed by one that waits for ever."""
        closed = []

        async def closes(last_will):
            try:
                yield
            finally:
                closed.append(True)
                await last_will()

        generators = [closes(for_ever), closes(lambda: give(1))]
        for each in generators:
            self.runner.run(begin(each))
        loop = self.runner.get_loop()
        self.runner.close(SHORT)
        self.assertEqual(closed, [True, True])
        self.assertTrue(loop.is_closed())

    def test_executors(self):
        """Shutting down waits for the jobs of the default executor, once, and for limited time."""
        over = threading.Event()
        self.addCleanup(over.set)
        loop = self.runner.get_loop()
        loop.run_in_executor(None, over.wait, 30)
        self.assertEqual(self.runner.shut_down(SHORT), [])
        self.assertEqual(self.runner.shut_down(60), [])
        with self.assertRaisesRegex(RuntimeError, "shutdown"):
            loop.run_in_executor(None, int)
        self.runner.close()
        self.assertTrue(loop.is_closed())

    def test_a_stop_of_the_users_after_giving_up(self):
        """Giving up in the turn in which a run ended does not explain a later stop of the loop."""

        async def gives_up():
            self.runner.give_up()

        async def stops():
            asyncio.get_running_loop().stop()
            await for_ever()

        self.runner.run(gives_up())
        with self.assertRaisesRegex(RuntimeError, "stopped before Future completed"):
            self.runner.run(stops())


class CarriedStubbornTests(Carried, StubbornTests):
    """The same tests, as on 3.10."""
