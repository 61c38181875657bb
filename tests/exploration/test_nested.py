"""A loop within a step of a task, and Ctrl-C meanwhile."""

import asyncio
import signal
import threading
import unittest
from unittest import mock

from asynctestkit.exploration.deviations import schedule_from
from asynctestkit.exploration.nested import Interrupts, NestedRunner


class NestedRunnerTests(unittest.TestCase):
    clock = "virtual"

    def runner(self, schedule=""):
        runner = NestedRunner(schedule_from(schedule))
        self.addCleanup(runner.close)
        return runner

    def test_each_coroutine_has_a_task_of_its_own(self):
        """Each coroutine has a task of its own, also on 3.10, where the phases of a test share one."""

        async def which():
            return asyncio.current_task()

        runner = self.runner()
        self.assertIsNot(runner.run(which()), runner.run(which()))
        self.assertEqual(runner.explored.steps.trace, [("test", 1), ("test#2", 1)])

    def test_what_follows_a_cancellation_from_outside_is_not_watched(self):
        """After a cancellation from outside, the steps of a stuck coroutine are not recorded."""
        runner = self.runner()
        runner.get_loop().call_later(5, runner.cancel)
        with self.assertRaises(asyncio.CancelledError):
            runner.run(asyncio.sleep(10))
        self.assertTrue(runner.was_cancelled)
        self.assertEqual(runner.explored.steps.trace, [("test", 1)])


class InterruptsTests(unittest.TestCase):
    clock = "virtual"

    def setUp(self):
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)

    def within(self, interrupts, runner):
        """Runs something endless in an inner loop, which Ctrl-C then interrupts."""

        async def pressed():
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()

        async def body():
            with interrupts.forwarded_to_runner():
                interrupts.runner = runner
                try:
                    runner.run(pressed())
                finally:
                    runner.close()

        return body()

    def test_ctrl_c_ends_the_inner_loop(self):
        """Ctrl-C calls the handler of the outer loop, and cancels what runs within."""
        handler = mock.Mock()
        before = signal.signal(signal.SIGINT, handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        interrupts = Interrupts()
        with self.assertRaises(asyncio.CancelledError):
            self.loop.run_until_complete(self.within(interrupts, NestedRunner(())))
        handler.assert_called_once()
        self.assertTrue(interrupts.has_come)
        self.assertIs(signal.getsignal(signal.SIGINT), handler)

    def test_between_two_runs_there_is_nothing_to_cancel(self):
        """Between two runs Ctrl-C is passed on, though there is nothing to cancel."""
        handler = mock.Mock()
        before = signal.signal(signal.SIGINT, handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with Interrupts().forwarded_to_runner():
            signal.raise_signal(signal.SIGINT)
        handler.assert_called_once()

    def test_the_default_handler_is_left_alone(self):
        """With the default handler, KeyboardInterrupt is raised in the inner loop, and propagates."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with self.assertRaises(KeyboardInterrupt):
            self.loop.run_until_complete(self.within(Interrupts(), NestedRunner(())))

    def test_other_threads_have_no_ctrl_c(self):
        """In another thread the inner loop runs, and no signal handler is changed."""
        results = []

        def work():
            with Interrupts().forwarded_to_runner():
                runner = NestedRunner(())
                results.append(runner.run(asyncio.sleep(1, "done")))
                runner.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertEqual(results, ["done"])
