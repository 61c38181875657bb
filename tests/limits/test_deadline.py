"""A deadline ends any code once it has passed, and changes nothing before."""

import asyncio
import contextlib
import faulthandler
import signal
import sys
import threading
import time
import unittest
from unittest import mock

from asynctestkit.cpython.alarms import PhaseInterrupt
from asynctestkit.limits import deadline
from asynctestkit.limits.deadline import Watch

SOON = 0.02
"""Wall seconds to a deadline that is meant to pass."""
NEVER = 3600


class Code:
    """Some watched code: on a loop, if it has one."""

    def __init__(self, loop=None):
        self.loop = loop
        self.task = None
        self.calls = []
        self.asked = 0
        self.heard = threading.Event()

    def is_loop_running(self):
        return self.loop is not None and self.loop.is_running()

    def call_in_loop(self, callback):
        self.loop.call_soon_threadsafe(callback)
        self.asked += 1

    def overrun(self, blocked_stack):
        self.calls.append("overrun")
        self.stack = blocked_stack
        self.heard.set()

    def cancel(self):
        self.calls.append("cancel")
        if self.task is not None:
            self.task.cancel()

    def give_up(self):
        self.calls.append("give up")
        self.loop.stop()


class WatchdogTestCase(unittest.TestCase):
    patience = 30.0
    """Longer than any machine is late: code that answers in time, or ends when interrupted, is left alone."""

    def setUp(self):
        # Not a signal: that is what is tested.
        faulthandler.dump_traceback_later(60, exit=True, file=sys.__stderr__)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        patch = mock.patch("asynctestkit.cpython.alarms.PATIENCE", self.patience)
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
        """If a watch is stopped in time, nothing is called and nothing raised."""
        code = Code()
        watch = Watch(code, NEVER, 0)
        watch.stop()
        self.assertEqual(code.calls, [])
        self.assertFalse(watch.expired)

    def test_stopping_twice(self):
        """A second stop does nothing."""
        watch = Watch(Code(), NEVER, 0)
        watch.stop()
        self.assertIsNone(watch.stop())

    def test_what_is_under_way_when_it_stops(self):
        """After the stop, a late answer of the loop and a late signal do nothing."""
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
        self.assertEqual(code.calls, [])
        self.assertFalse(watch.expired)

    def test_an_interrupt_within_the_watchdogs_own_code(self):
        """An interrupt is not raised in the watchdog's own code, whose state it could break, but later."""
        namespace = {"sys": sys}
        exec(compile("def own(): return sys._getframe()", deadline.__file__, "exec"), namespace)
        with self.watch(Code(), NEVER) as watch:
            watch._wants_interrupt = True
            self.assertIsNone(watch.interrupted(namespace["own"]()))
            with self.assertRaises(PhaseInterrupt):
                watch.interrupted(sys._getframe())

    def test_a_deadline_within_another(self):
        """An inner deadline passes by itself, and does not affect the outer one."""
        outer, inner = Code(), Code()
        with self.watch(outer, NEVER) as outer_watch:
            with self.assertRaises(PhaseInterrupt), self.watch(inner):
                sleep_on()
            self.assertFalse(outer_watch.expired)
        self.assertEqual((outer.calls, inner.calls), ([], ["overrun"]))

    def test_its_thread_is_no_thread_of_the_users(self):
        """The watchdog's thread is not among those that `threading` lists and suites count."""
        with self.watch(Code(), NEVER):
            listed = {thread.ident for thread in threading.enumerate()}
            self.assertGreater(set(sys._current_frames()), listed & set(sys._current_frames()))
            self.assertEqual([t.name for t in threading.enumerate() if "atch" in t.name], [])


class BlockedTests(WatchdogTestCase):
    """Code that is on no loop, or blocks it, is interrupted at its current line."""

    def assertInterrupted(self, call, function):
        code = Code()
        with self.assertRaises(PhaseInterrupt), self.watch(code) as watch:
            call()
        self.assertTrue(watch.expired)
        self.assertEqual(code.calls, ["overrun"])
        self.assertRegex(code.stack.splitlines()[0], r"test_deadline.py\", line \d+, in test_")
        self.assertIn(f"in {function}\n", code.stack.splitlines(keepends=True)[-2])

    def test_a_sleep(self):
        """`time.sleep` is cut short, and is the last line of the stack."""
        self.assertInterrupted(lambda: sleep_on(), "sleep_on")

    def test_a_busy_loop(self):
        """`while True: pass` is ended, and is the last line of the stack."""
        self.assertInterrupted(lambda: spin(), "spin")

    def test_code_that_catches_exceptions(self):
        """`except Exception` does not stop it."""
        self.assertFalse(issubclass(PhaseInterrupt, Exception))

    def test_a_coroutine_that_blocks_its_loop(self):
        """If a loop does not answer, the coroutine that blocks it is interrupted."""
        loop = self.make_loop()
        code = Code(loop)

        async def blocks():
            sleep_on()

        with mock.patch("asynctestkit.cpython.alarms.PATIENCE", 0.25):
            with self.assertRaises(PhaseInterrupt), self.watch(code) as watch:
                loop.run_until_complete(blocks())
        self.assertTrue(watch.expired)
        self.assertEqual((code.asked, code.calls[0]), (1, "overrun"))
        self.assertIn("sleep_on", code.stack)


class StubbornTests(WatchdogTestCase):
    """Code that swallows the interrupt is interrupted in its `except` clause as well."""

    patience = 0.1

    def assertEnded(self, call):
        code = Code()
        before = sys.gettrace(), sys.getprofile()
        with self.watch(code):
            # As a call: a tracer raises in all of the user's lines up to the machinery that runs the test.
            self.assertRaises(PhaseInterrupt, call)
        self.assertEqual((sys.gettrace(), sys.getprofile()), before)
        self.assertEqual(code.calls, ["overrun"])

    def test_one_layer(self):
        """A loop that swallows everything is interrupted in its `except` clause after a few attempts."""
        swallowed = []

        def swallow():
            while True:
                try:
                    spin()
                except BaseException as error:
                    swallowed.append(type(error))

        self.assertEnded(swallow)
        self.assertEqual(swallowed, [PhaseInterrupt] * 3)

    def test_many_layers(self):
        """Nested functions that each swallow the interrupt are ended as well."""

        def swallow(layers):
            while True:
                try:
                    swallow(layers - 1) if layers else sleep_on()
                except BaseException:
                    swallowed[layers] += 1

        swallowed = [0] * 5
        self.assertEnded(lambda: swallow(4))
        self.assertEqual(swallowed, [3, 0, 0, 0, 0])

    def test_a_call_in_the_except_clause(self):
        """It ends whatever the clause does, and whatever calls return meanwhile."""

        def note():
            noted.append(True)

        def swallow():
            while True:
                try:
                    sleep_on()
                except BaseException:
                    note()

        noted = []
        self.assertEnded(swallow)
        self.assertEqual(noted, [True] * 3)


class AnswerTests(WatchdogTestCase):
    """A loop that answers performs the steps by itself."""

    def setUp(self):
        super().setUp()
        self.loop = self.make_loop()
        self.code = Code(self.loop)

    def start(self, coroutine):
        self.code.task = self.loop.create_task(coroutine)
        return self.code.task

    def test_cancelling(self):
        """The code is cancelled on its loop, and nothing is reported as blocking it."""
        task = self.start(for_ever())
        with self.watch(self.code) as watch:
            with self.assertRaises(asyncio.CancelledError):
                self.loop.run_until_complete(task)
        self.assertTrue(watch.expired)
        self.assertEqual((self.code.calls, self.code.stack), (["overrun", "cancel"], ""))

    def test_giving_up(self):
        """Code that has ignored its cancellation for the grace period is abandoned."""
        release = asyncio.Event()

        async def refuses():
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    pass

        task = self.start(refuses())
        with (
            self.watch(self.code, grace_period=SOON),
            mock.patch("asynctestkit.cpython.alarms.PATIENCE", 0.5),
        ):
            with self.assertRaisesRegex(RuntimeError, "stopped before Future completed"):
                self.loop.run_until_complete(task)
        self.assertEqual(self.code.calls, ["overrun", "cancel", "give up"])
        release.set()
        self.loop.run_until_complete(task)

    def test_the_grace_period_is_waited_for(self):
        """Code that ends within the grace period is not abandoned."""

        async def cleans_up():
            try:
                await for_ever()
            finally:
                while watch.due < time.monotonic() + 5:
                    await asyncio.sleep(0.001)  # waits: the watchdog looks after it meanwhile

        task = self.start(cleans_up())
        with self.watch(self.code) as watch, mock.patch("asynctestkit.cpython.alarms.PATIENCE", 0.5):
            with self.assertRaises(asyncio.CancelledError):
                self.loop.run_until_complete(task)
        self.assertEqual(self.code.calls, ["overrun", "cancel"])

    def test_code_of_coverage(self):
        """What coverage runs within the measured code is not interrupted: its lock would stay taken."""
        namespace = {"__name__": "coverage.collector", "sys": sys}
        exec("def lock_data(): return sys._getframe()", namespace)
        with self.watch(Code(), NEVER) as watch:
            watch._wants_interrupt = True
            watch.interrupted(namespace["lock_data"]())
            with self.assertRaises(PhaseInterrupt):
                watch.interrupted(sys._getframe())

    def test_a_loop_that_cannot_be_asked(self):
        """If the loop cannot be asked, as just closed, the code is interrupted instead."""

        async def blocks():
            sleep_on()

        def closed(callback):  # no mock: from 3.13 these share a lock, which an interrupt may leave taken
            raise RuntimeError("Event loop is closed")

        self.code.call_in_loop = closed
        with self.assertRaises(PhaseInterrupt), self.watch(self.code):
            self.loop.run_until_complete(self.start(blocks()))
        self.assertEqual(self.code.calls, ["overrun"])

    def test_what_ends_by_itself(self):
        """While its loop turns, code that ends by itself is only checked, and has any time that it needs."""

        async def turns():
            while self.code.asked < 3:
                await asyncio.sleep(0.001)  # waits: the watchdog's thread does not report that it has asked

        with mock.patch("asynctestkit.cpython.alarms.PATIENCE", SOON):
            with self.watch(self.code, ends_by_itself=True) as watch:
                self.loop.run_until_complete(self.start(turns()))
        self.assertEqual(self.code.calls, [])
        self.assertFalse(watch.expired)

    def test_what_ends_by_itself_and_blocks(self):
        """If its loop is blocked, code that ends by itself is interrupted as well."""

        async def blocks():
            sleep_on()

        with mock.patch("asynctestkit.cpython.alarms.PATIENCE", 0.25):
            with self.assertRaises(PhaseInterrupt), self.watch(self.code, ends_by_itself=True):
                self.loop.run_until_complete(self.start(blocks()))
        self.assertEqual(self.code.calls, ["overrun"])


class SignalTests(WatchdogTestCase):
    def test_alarms_are_the_tests_own(self):
        """SIGALRM and `setitimer` work while a deadline is set, and the deadline works after an alarm."""
        alarms = []
        self.addCleanup(signal.signal, signal.SIGALRM, signal.getsignal(signal.SIGALRM))
        signal.signal(signal.SIGALRM, lambda *_: alarms.append(True))
        code = Code()
        with self.assertRaises(PhaseInterrupt), self.watch(code, 0.2):
            signal.setitimer(signal.ITIMER_REAL, SOON)
            sleep_on()
        self.assertEqual((alarms, code.calls), ([True], ["overrun"]))
        self.assertEqual(signal.getitimer(signal.ITIMER_REAL), (0.0, 0.0))

    def test_our_signal_may_be_the_tests_own(self):
        """A test that handles SIGURG keeps its handler, and busy code is interrupted without the signal."""
        urged = []
        self.addCleanup(signal.signal, signal.SIGURG, signal.getsignal(signal.SIGURG))
        signal.signal(signal.SIGURG, lambda *_: urged.append(True))
        code = Code()
        with self.assertRaises(PhaseInterrupt), self.watch(code):
            spin()
        self.assertEqual((urged, code.calls), ([], ["overrun"]))
        self.assertIn("in spin\n", code.stack)

    def test_a_signal_of_another_process(self):
        """SIGURG from another process does nothing."""
        code = Code()
        with self.watch(code, NEVER):
            signal.raise_signal(signal.SIGURG)
        self.assertEqual(code.calls, [])
