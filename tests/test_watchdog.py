"""A deadline ends whatever code does, once it has passed, and disturbs nothing before."""

import asyncio
import contextlib
import faulthandler
import sys
import threading
import time
import unittest
from unittest import mock

from asynctestkit.watchdog import PhaseInterrupt, Watch

SOON = 0.02
"""Wall seconds to a deadline that is meant to pass."""
NEVER = 3600


class Code:
    """Some watched code: on a loop, if it has one."""

    def __init__(self, loop=None):
        self.loop = loop
        self.task = None
        self.told = []
        self.asked = 0
        self.heard = threading.Event()

    def is_loop_running(self):
        return self.loop is not None and self.loop.is_running()

    def call_in_loop(self, callback):
        self.asked += 1
        self.loop.call_soon_threadsafe(callback)

    def overrun(self, blocked_stack):
        self.told.append("overrun")
        self.stack = blocked_stack
        self.heard.set()

    def cancel(self):
        self.told.append("cancel")
        if self.task is not None:
            self.task.cancel()

    def give_up(self):
        self.told.append("give up")
        self.loop.stop()


class WatchdogTestCase(unittest.TestCase):
    patience = 30.0
    """Longer than any machine is late: what answers in time, or leaves when interrupted, is not hurried."""

    def setUp(self):
        # Not a signal: that is what is tested.
        faulthandler.dump_traceback_later(60, exit=True, file=sys.__stderr__)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        patch = mock.patch("asynctestkit.watchdog._PATIENCE", self.patience)
        patch.start()
        self.addCleanup(patch.stop)

    @contextlib.contextmanager
    def watch(self, code, seconds=SOON, grace_period=30.0, **options):
        watch = Watch(code, seconds, grace_period, **options)
        try:
            yield watch
        finally:
            watch.stop()

    def make_loop(self):
        loop = asyncio.SelectorEventLoop()
        loop.set_debug(False)
        self.addCleanup(loop.close)
        return loop


def spin():
    while True:
        pass


def sleep_on():
    time.sleep(3600)


async def for_ever():
    await asyncio.get_running_loop().create_future()


class StopTests(WatchdogTestCase):
    def test_code_that_ends_in_time(self):
        """Nothing is called and nothing raised where a watch is stopped in time."""
        code = Code()
        watch = Watch(code, NEVER, 0)
        watch.stop()
        self.assertEqual(code.told, [])
        self.assertFalse(watch.expired)

    def test_stopping_twice(self):
        """A second stop does nothing."""
        watch = Watch(Code(), NEVER, 0)
        watch.stop()
        self.assertIsNone(watch.stop())

    def test_what_is_under_way_when_it_stops(self):
        """An answer that the loop gives after the stop, and a signal that arrives after it, do nothing."""
        asked = threading.Event()
        callbacks = []

        class Late(Code):
            def is_loop_running(self):
                return True

            def call_in_loop(self, callback):
                callbacks.append(callback)
                asked.set()

        code = Late()
        with self.watch(code) as watch:
            self.assertTrue(asked.wait(30))
        callbacks[0]()
        watch.interrupted(sys._getframe())
        self.assertEqual(code.told, [])
        self.assertFalse(watch.expired)

    def test_a_deadline_within_another(self):
        """The inner one passes by itself, the outer one is none the wiser."""
        outer, inner = Code(), Code()
        with self.watch(outer, NEVER) as outer_watch:
            with self.assertRaises(PhaseInterrupt), self.watch(inner):
                sleep_on()
            self.assertFalse(outer_watch.expired)
        self.assertEqual((outer.told, inner.told), ([], ["overrun"]))

    def test_its_thread_is_no_thread_of_the_users(self):
        """The thread exists, and is not among those that `threading` lists and suites count."""
        with self.watch(Code(), NEVER):
            listed = {thread.ident for thread in threading.enumerate()}
            self.assertGreater(set(sys._current_frames()), listed & set(sys._current_frames()))
            self.assertEqual([t.name for t in threading.enumerate() if "atch" in t.name], [])


class BlockedTests(WatchdogTestCase):
    """Code that is on no loop, or blocks it, is interrupted where it stands."""

    def assertInterrupted(self, call, function):
        code = Code()
        with self.assertRaises(PhaseInterrupt), self.watch(code) as watch:
            call()
        self.assertTrue(watch.expired)
        self.assertEqual(code.told, ["overrun"])
        self.assertRegex(code.stack.splitlines()[0], r"test_watchdog.py\", line \d+, in test_")
        self.assertIn(f"in {function}\n", code.stack.splitlines(keepends=True)[-2])

    def test_a_sleep(self):
        """`time.sleep` is cut short, and the stack ends with it."""
        self.assertInterrupted(lambda: sleep_on(), "sleep_on")

    def test_a_busy_loop(self):
        """`while True: pass` is ended, and the stack ends in it."""
        self.assertInterrupted(lambda: spin(), "spin")

    def test_code_that_catches_exceptions(self):
        """`except Exception` does not stop it."""
        self.assertFalse(issubclass(PhaseInterrupt, Exception))

    def test_a_coroutine_that_blocks_its_loop(self):
        """A loop that does not answer is interrupted in the coroutine that holds it."""
        loop = self.make_loop()
        code = Code(loop)

        async def blocks():
            sleep_on()

        with mock.patch("asynctestkit.watchdog._PATIENCE", 0.25):
            with self.assertRaises(PhaseInterrupt), self.watch(code) as watch:
                loop.run_until_complete(blocks())
        self.assertTrue(watch.expired)
        self.assertEqual((code.asked, code.told[0]), (1, "overrun"))
        self.assertIn("sleep_on", code.stack)


class StubbornTests(WatchdogTestCase):
    patience = 0.1

    def end(self, call):
        """Runs the call until it is interrupted for good; how often it was by then."""
        tracer = sys.gettrace()
        code = Code()
        try:
            with self.watch(code):
                call()
        except PhaseInterrupt:
            self.assertIs(sys.gettrace(), tracer)
            self.assertEqual(code.told, ["overrun"])
            return True
        return False

    def test_code_that_swallows_everything(self):
        """After a few interrupts it is interrupted in its `except` clause, too."""
        swallowed = []

        def swallow():
            while True:
                try:
                    sleep_on()
                except BaseException as error:
                    swallowed.append(type(error))

        self.assertTrue(self.end(swallow))
        self.assertEqual(set(swallowed), {PhaseInterrupt})
        self.assertGreaterEqual(len(swallowed), 3)
