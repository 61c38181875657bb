"""KeyboardInterrupt, SystemExit and Ctrl-C end a run as in asyncio, and never the next one."""

import asyncio
import os
import signal
import threading
from unittest import mock

from asynctestkit.cpython.versions import HAS_RUNNER
from asynctestkit.loops.shutdown import end_jobs
from tests.loops import test_runner
from tests.loops.test_runner import fail_with, for_ever, give


class ExitTests(test_runner.RunnerTestCase):
    """KeyboardInterrupt and SystemExit."""

    def test_its_own(self):
        """What the coroutine raises is raised, not logged, and the next run works."""
        for error in (KeyboardInterrupt, SystemExit):
            for insist in (False, True):
                with self.subTest(error.__name__, insist=insist), self.assertNoLogs("asyncio"):
                    with self.assertRaises(error):
                        self.runner.run(fail_with(error()), insist=insist)
                    self.assertEqual(self.runner.run(give(1)), 1)

    async def beside(self, error, turns):
        """Takes that many turns, in the first of which another task raises the error."""
        self.other = asyncio.ensure_future(fail_with(error))
        while turns:
            await asyncio.sleep(0)
            turns -= 1

    def test_those_of_another_task(self):
        """What another task raises ends the run, but not the next one."""
        for error in (KeyboardInterrupt(), SystemExit()):
            with self.subTest(type(error).__name__):
                with self.assertRaises(type(error)):
                    self.runner.run(self.beside(error, turns=float("inf")))
                self.assertIs(self.other.exception(), error)
                self.assertEqual(self.runner.run(give(1)), 1)

    def test_insisting(self):
        """With `insist`, what another task raises does not end the run."""
        for error in (KeyboardInterrupt(), SystemExit()):
            with self.subTest(type(error).__name__):
                self.assertIsNone(self.runner.run(self.beside(error, turns=10), insist=True))
                self.assertIs(self.other.exception(), error)


class InterruptTests(test_runner.RunnerTestCase):
    """Ctrl-C."""

    async def interrupted(self, *answers):
        """Sends Ctrl-C, and again for each answer that the coroutine gives to the cancellation."""
        signal.raise_signal(signal.SIGINT)
        try:
            await for_ever()
        except asyncio.CancelledError:
            self.cancelled = True
            for answer in answers:
                answer()
            raise

    def test_the_first_cancels(self):
        """The coroutine is cancelled and cleans up, then KeyboardInterrupt is raised."""
        for insist in (False, True):
            with self.subTest(insist=insist):
                self.cancelled = False
                with self.assertRaises(KeyboardInterrupt):
                    self.runner.run(self.interrupted(), insist=insist)
                self.assertTrue(self.cancelled)
                self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_the_second_interrupts(self):
        """A second Ctrl-C raises at the current line, and is not logged."""
        with self.assertNoLogs("asyncio"), self.assertRaises(KeyboardInterrupt):
            self.runner.run(self.interrupted(lambda: signal.raise_signal(signal.SIGINT), self.fail))
        self.assertTrue(self.cancelled)

    def test_at_the_very_end(self):
        """A Ctrl-C that comes just as the coroutine ends is not lost."""

        async def ends():
            signal.raise_signal(signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            self.runner.run(ends())
        self.assertEqual(self.runner.run(give(1)), 1)

    def test_while_it_shuts_down(self):
        """A Ctrl-C during the wait for an executor's jobs is raised at once."""
        begun, over = threading.Event(), threading.Event()
        self.addCleanup(over.set)

        def job():
            begun.wait(30)
            os.kill(os.getpid(), signal.SIGINT)
            over.wait(30)

        async def begins(*args):
            begun.set()
            return await end_jobs(*args)

        self.runner.run(give(1))
        self.runner.get_loop().run_in_executor(None, job)
        with mock.patch("asynctestkit.loops.runner.end_jobs", begins):
            with self.assertNoLogs("asyncio"), self.assertRaises(KeyboardInterrupt):
                self.runner.shut_down()
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_a_coroutine_that_goes_on(self):
        """A coroutine that handles the cancellation and returns ends the run without an error."""

        async def survives():
            try:
                await self.interrupted()
            except asyncio.CancelledError:
                return "survived"

        self.assertEqual(self.runner.run(survives()), "survived")

    def test_a_cancellation_beside_it(self):
        """From 3.11 on, a simultaneous cancellation by other code is not taken for Ctrl-C."""
        expected = asyncio.CancelledError if HAS_RUNNER else KeyboardInterrupt
        with self.assertRaises(expected):
            self.runner.run(self.interrupted(lambda: asyncio.current_task().cancel()))

    def test_a_loop_that_waits(self):
        """Ctrl-C wakes a loop that waits in its selector."""

        async def body():
            kill = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT))
            asyncio.get_running_loop().call_later(0.01, kill.start)
            await for_ever()

        with self.assertRaises(KeyboardInterrupt):
            self.runner.run(body())

    def test_a_handler_of_the_users(self):
        """A handler that exists already, or that the coroutine installs, stays."""
        seen = []

        async def body():
            signal.raise_signal(signal.SIGINT)

        async def installs():
            signal.signal(signal.SIGINT, handler)

        def handler(*_):
            seen.append(True)

        self.runner.run(installs())
        self.assertIs(signal.getsignal(signal.SIGINT), handler)
        self.runner.run(body())
        self.assertIs(signal.getsignal(signal.SIGINT), handler)
        self.assertEqual(seen, [True])


class CarriedExitTests(test_runner.Carried, ExitTests):
    """The same tests, as on 3.10."""


class CarriedInterruptTests(test_runner.Carried, InterruptTests):
    """The same tests, as on 3.10."""
