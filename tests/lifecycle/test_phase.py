"""One phase under its deadline: what it raises, and the report."""

import asyncio
import contextlib
import math
import threading
import time
import traceback
import unittest
from unittest import mock

from asynctestkit import DeadlineError, Settings
from asynctestkit.cpython.alarms import PhaseInterrupt
from asynctestkit.lifecycle.guard import Guard
from asynctestkit.lifecycle.phase import Phase
from asynctestkit.loops.foreign_runner import ForeignRunner
from asynctestkit.loops.runner import Runner
from tests.case_runs import hard_cap


class PhaseTestCase(unittest.TestCase):
    def make(self, **settings):
        self.runner = Runner(None, lambda loop: None)
        self.addCleanup(self.runner.close)
        guard = Guard("Feed.test", (__file__, 1), Settings(grace_period=0.1, **settings), {}, self.runner)
        guard.open(self.runner.get_loop())
        self.addCleanup(guard.close)
        return guard

    def overrun(self, coroutine, *, name="test", **settings):
        """Runs a coroutine in a phase of 0.1 s; returns the DeadlineError."""
        guard = self.make(deadline=0.1, **settings)
        with hard_cap(), self.assertRaises(DeadlineError) as caught:
            with Phase(guard, name):
                self.runner.run(coroutine)
        return caught.exception


class PhaseTests(PhaseTestCase):
    def test_within_time(self):
        """A phase that ends in time raises nothing and returns None."""
        guard = self.make(deadline=60)
        with Phase(guard, "test") as entered:
            self.runner.run(asyncio.sleep(0))
        self.assertIsNone(entered)

    def test_without_a_deadline(self):
        """With None, or infinity, there is no deadline."""
        for deadline in (None, math.inf):
            with Phase(self.make(deadline=deadline), "test"):
                self.runner.run(asyncio.sleep(0))

    def test_an_exception_in_time(self):
        """The phase's own exception propagates, and its traceback shows no machinery."""
        guard = self.make(deadline=60)

        async def fails():
            raise ValueError("its own")

        try:
            with Phase(guard, "test"):
                self.runner.run(fails())
        except ValueError as error:
            functions = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        self.assertEqual(functions, ["test_an_exception_in_time", "fails"])

    def test_the_words_for_each_phase(self):
        """The report names the phase."""
        for name, words in (
            ("setUp", "its set-up"),
            ("test", "its body"),
            ("tearDown", "its tear-down"),
            ("cleanup", "a cleanup"),
        ):
            text = str(self.overrun(asyncio.sleep(3600), name=name))
            self.assertIn("Feed.test", text)
            self.assertIn(words, text)
            self.assertIn("deadline = 0.1", text)

    def test_where_the_tasks_stood(self):
        """The report shows every pending task of the test with its await chain, the main task first."""

        async def waits():
            await asyncio.Queue().get()

        async def body():
            task = asyncio.create_task(waits(), name="consumer")
            await asyncio.sleep(0)
            await asyncio.wait({task}, timeout=3600)

        text = str(self.overrun(body()))
        self.assertRegex(text, r"(?s)the test's own task.*in body.*task 'consumer', .*in waits.*Queue\.get")

    def test_many_tasks(self):
        """A long list of tasks is cut."""

        async def body():
            asyncio.get_running_loop().set_debug(False)  # or the tasks may take more than the deadline
            tasks = [asyncio.create_task(asyncio.sleep(3600 + number)) for number in range(30)]
            await asyncio.wait(tasks)

        text = str(self.overrun(body()))
        self.assertRegex(text, "… and 1[0-9] more")


class OtherLoopsAndFailuresTests(PhaseTestCase):
    def test_a_sync_phase_that_runs_a_loop_of_its_own(self):
        """The blocked stack begins with the user's line, though asyncio is above and below it."""
        with hard_cap(), self.assertRaises(DeadlineError) as caught:
            with Phase(self.make(deadline=0.1), "setUp"):
                asyncio.run(asyncio.Event().wait())
        blocked = str(caught.exception).partition("outside of any await:\n")[2]
        self.assertIn("asyncio.run(asyncio.Event().wait())", blocked.splitlines()[1])

    def test_a_report_that_cannot_be_made_in_full(self):
        """If inspecting the user's objects fails, the deadline is reported all the same."""

        class Rude(asyncio.Task):
            def get_name(self):
                raise SystemError("do not ask")

        async def body():
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)
            loop.set_task_factory(lambda loop, coro, **options: Rude(coro, loop=loop))
            self.rude = [loop.create_task(asyncio.sleep(3600)) for _ in range(2)]
            await asyncio.sleep(3600)

        self.assertRegex(str(self.overrun(body())), r"its body was not over after 0.1 s of wall time")

    def test_an_interrupt_that_comes_late(self):
        """An interrupt that arrives while the watch is being stopped is not raised into later code."""
        guard = self.make(deadline=60)
        phase = Phase(guard, "test")
        with phase:
            stop = phase._watch.stop
            phase._watch.stop = mock.Mock(side_effect=[PhaseInterrupt, None])
            self.addCleanup(stop)
        self.assertEqual(guard.depth, 0)

    def test_a_loop_that_a_suite_drives_itself(self):
        """On a loop that the suite drives itself, the loop is stopped after the grace period."""
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        settings = Settings(deadline=0.1, grace_period=0.1)
        guard = Guard("Feed.test", (__file__, 1), settings, {}, ForeignRunner(loop))
        guard.open(loop)
        self.addCleanup(guard.close)
        body = loop.create_task(asyncio.Event().wait())
        with hard_cap(), self.assertRaisesRegex(DeadlineError, "its body was not over after 0.1 s") as caught:
            with Phase(guard, "test"):
                loop.run_until_complete(body)
        self.assertIn("Event.wait", str(caught.exception))
        body.cancel()
        loop.run_until_complete(asyncio.wait([body]))

    def test_a_cancellation_is_no_cause(self):
        """If the phase ended by its cancellation, the failure has no cause."""
        error = self.overrun(asyncio.sleep(3600))
        self.assertIsNone(error.__cause__)
        self.assertTrue(error.__suppress_context__)

    def test_another_exception_is_the_cause(self):
        """Another exception that ended the phase is the cause, with the user's lines only."""

        async def body():
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                raise ValueError("when cancelled") from None

        cause = self.overrun(body()).__cause__
        self.assertIsInstance(cause, ValueError)
        frames = [(frame.filename, frame.name) for frame in traceback.extract_tb(cause.__traceback__)]
        self.assertEqual(frames, [(__file__, "body")])

    def test_a_phase_that_comes_to_its_end_after_all(self):
        """A phase that returns when it is cancelled has overrun all the same."""

        async def body():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

        self.assertIn("its body", str(self.overrun(body())))

    def test_a_blocked_loop(self):
        """For a blocked loop the report shows the stack that blocks it."""

        async def body():
            time.sleep(1000)

        text = str(self.overrun(body()))
        self.assertIn("it was blocked here", text)
        self.assertIn("time.sleep(1000)", text)

    def test_a_sweep_that_only_takes_long(self):
        """A sweep, which has limits of its own, is not interrupted while its loop turns."""
        guard = self.make(deadline=0.1)
        with hard_cap(), Phase(guard, "test", is_sweep=True):
            self.runner.run(asyncio.sleep(0.4))  # waits: longer than the deadline

    def test_a_sweep_that_blocks(self):
        """A sweep whose loop is blocked is interrupted."""
        guard = self.make(deadline=0.1)

        async def blocks():
            time.sleep(1000)

        with hard_cap(), self.assertRaisesRegex(DeadlineError, r"time\.sleep\(1000\)"):
            with Phase(guard, "test", is_sweep=True):
                self.runner.run(blocks())

    def test_ctrl_c_after_the_deadline(self):
        """KeyboardInterrupt is never turned into a DeadlineError."""
        guard = self.make(deadline=0.1)

        async def body():
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                raise KeyboardInterrupt from None

        with hard_cap(), self.assertRaises(KeyboardInterrupt):
            with Phase(guard, "test"):
                self.runner.run(body())

    def test_outside_of_the_main_thread(self):
        """In another thread, where no signal arrives, a loop that never yields is interrupted too."""
        failures = []

        def run():
            runner = Runner(None, lambda loop: None)
            guard = Guard("Feed.test", (__file__, 1), Settings(deadline=0.1), {}, runner)
            guard.open(runner.get_loop())

            async def computes():
                while True:
                    pass

            try:
                with Phase(guard, "test"):
                    runner.run(computes())
            except DeadlineError as error:
                failures.append(str(error))
            finally:
                guard.close()
                runner.close()

        with hard_cap():
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
        (text,) = failures
        self.assertIn("in computes", text)
