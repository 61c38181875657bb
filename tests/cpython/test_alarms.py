"""What the watchdog's thread wakes up for: it ends when it is disarmed, and does no harm when it fails."""

import contextlib
import io
import threading
from unittest import mock

from asynctestkit.cpython import alarms
from asynctestkit.cpython.alarms import PhaseInterrupt
from tests.limits.test_deadline import NEVER, Code, WatchdogTestCase, sleep_on


class Alarm:
    """One whose `advance` is the test's."""

    def __init__(self, advance):
        self.due = 0.0
        self.advance = advance

    def interrupted(self, frame):
        """Nothing is done."""


class AlarmTests(WatchdogTestCase):
    def test_disarming_waits_for_what_is_under_way(self):
        """What `advance` uses may be given back as soon as the alarm is disarmed."""
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

    def test_one_that_fails(self):
        """The thread goes on, says what has failed, and tries again; deadlines are kept as ever."""
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
