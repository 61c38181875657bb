"""An alarm of the watchdog's thread: disarming it waits for it, and its errors do no harm."""

import contextlib
import io
import os
import threading
import unittest
import warnings
from unittest import mock

from asynctestkit.cpython import alarms
from asynctestkit.cpython.alarms import PhaseInterrupt
from tests.limits.test_deadline import NEVER, Code, WatchdogTestCase, sleep_on


class Alarm:
    """An alarm whose `advance` is given by the test."""

    def __init__(self, advance):
        self.due = 0.0
        self.advance = advance

    def interrupted(self, frame):
        """Does nothing."""


class AlarmTests(WatchdogTestCase):
    def test_disarming_waits_for_what_is_under_way(self):
        """Disarming waits for a running `advance`, so that its resources can then be released."""
        begun, may_end, log = threading.Event(), threading.Event(), []

        def advance(now):
            begun.set()
            log.append(may_end.wait(30))
            alarm.due = now + NEVER

        alarm = Alarm(advance)
        alarms.arm(alarm)
        self.assertTrue(begun.wait(30))
        with mock.patch("asynctestkit.cpython.alarms.time.sleep", lambda _: may_end.set()):
            alarms.disarm(alarm)
        self.assertEqual(log, [True])

    def test_arming_another_does_not_wait(self):
        """While an `advance` runs, however long, other alarms are armed at once."""
        begun, may_end, log = threading.Event(), threading.Event(), []

        def advance(now):
            begun.set()
            log.append(may_end.wait(30))
            alarm.due = now + NEVER

        alarm, other = Alarm(advance), Alarm(log.append)
        other.due = 1e18
        alarms.arm(alarm)
        self.assertTrue(begun.wait(30))
        alarms.arm(other)
        self.assertEqual(log, [])
        may_end.set()
        alarms.disarm(alarm)
        alarms.disarm(other)
        self.assertEqual(log[0], True)

    def test_disarming_does_not_wait_for_ever(self):
        """Disarming does not wait for ever: `advance` may need a lock that the caller holds."""
        begun, held = threading.Event(), threading.Lock()

        def advance(now):
            begun.set()
            with held:
                alarm.due = now + NEVER

        alarm = Alarm(advance)
        with held, mock.patch.object(alarms, "_LONGEST_WAIT", 0.1):
            alarms.arm(alarm)
            self.assertTrue(begun.wait(30))
            self.assertIsNone(alarms.disarm(alarm))

    def test_an_alarm_that_fails_with_stderr_closed(self):
        """With stderr closed the thread survives an `advance` that raises."""
        calls, again = [], threading.Event()

        def advance(now):
            calls.append(now)
            if len(calls) == 1:
                raise OSError
            again.set()
            alarm.due = now + NEVER

        alarm, closed = Alarm(advance), io.StringIO()
        closed.close()
        with mock.patch("asynctestkit.cpython.alarms.PATIENCE", 0.0), contextlib.redirect_stderr(closed):
            alarms.arm(alarm)
            self.assertTrue(again.wait(30))
        alarms.disarm(alarm)

    def test_one_that_fails(self):
        """After an `advance` that raises, the thread prints the error and tries again; deadlines are kept."""
        calls, again = [], threading.Event()

        def advance(now):
            calls.append(now)
            if len(calls) == 1:
                raise OSError("no such descriptor")
            again.set()
            alarm.due = now + NEVER

        alarm = Alarm(advance)
        with (
            mock.patch("asynctestkit.cpython.alarms.PATIENCE", 0.0),
            contextlib.redirect_stderr(io.StringIO()) as printed,
        ):
            alarms.arm(alarm)
            self.assertTrue(again.wait(30))
        alarms.disarm(alarm)
        self.assertIn("OSError: no such descriptor", printed.getvalue())
        with self.assertRaises(PhaseInterrupt), self.watch(Code()):
            sleep_on()


@unittest.skipUnless(hasattr(os, "fork"), "this system cannot fork")
class SignalTests(unittest.TestCase):
    def test_a_subinterpreter(self):
        """Where signals cannot be handled, as in a subinterpreter, an alarm goes without."""
        alarms._give_signal_back()
        self.addCleanup(alarms._take_signal)
        with mock.patch.object(alarms.interpreter, "set_signal_handler", side_effect=ValueError) as refused:
            alarms._take_signal()
        refused.assert_called_once()
        self.assertFalse(alarms.can_signal(threading.main_thread().ident))


class ForkTests(WatchdogTestCase):
    def fork(self):
        """Forks a child that ends at once."""
        with warnings.catch_warnings():  # of other tests' threads
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            child = os.fork()
        if not child:
            os._exit(0)
        self.addCleanup(os.waitpid, child, 0)  # later: a deadline may end this test at any line

    def test_a_deadline_is_kept_after_a_fork(self):
        """The thread that was there before a fork has ended by then, and another keeps its deadlines."""
        with self.assertRaises(PhaseInterrupt), self.watch(Code(), 1.0):
            before = alarms.watchdog_number()
            self.fork()
            self.assertNotIn(alarms.watchdog_number(), (None, before))
            sleep_on()

    def test_a_fork_without_a_thread(self):
        """Where there is no thread, a fork starts none."""
        with mock.patch.object(alarms, "_watchdog", alarms._Watchdog()):
            self.fork()
            self.assertIsNone(alarms.watchdog_number())

    def test_a_thread_that_is_at_work(self):
        """A fork does not wait for ever for a thread whose `advance` needs a lock that the caller holds."""
        begun, held, calls = threading.Event(), threading.Lock(), []

        def advance(now):
            begun.set()
            with held:
                calls.append(now)
                alarm.due = now + NEVER

        alarm = Alarm(advance)
        with held, mock.patch.object(alarms, "_LONGEST_WAIT", 0.1):
            alarms.arm(alarm)
            self.assertTrue(begun.wait(30))
            self.fork()
        with self.assertRaises(PhaseInterrupt), self.watch(Code()):
            sleep_on()
        alarms.disarm(alarm)
