"""The time module follows the virtual clock while it is patched, and is restored afterwards."""

import datetime
import threading
import time
import unittest
from unittest import mock

from asynctestkit.loops.virtual import patched_time
from asynctestkit.loops.virtual.clock import Clock, VirtualClock
from asynctestkit.loops.virtual.patched_time import PatchedTime

NAMES = ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns", "sleep")


class PatchedTimeTests(unittest.TestCase):
    clock = "virtual"  # while the module is patched

    def setUp(self):
        self.originals = {name: getattr(time, name) for name in NAMES}
        self.before = time.time(), time.perf_counter()
        self.virtual = VirtualClock()
        self.patched = PatchedTime(self.virtual)
        self.addCleanup(self.patched.restore)

    def test_they_stand_still_and_jump(self):
        """Each function advances only with the clock."""
        began = {name: getattr(time, name)() for name in NAMES[:-1]}
        self.assertEqual({name: getattr(time, name)() for name in NAMES[:-1]}, began)
        self.virtual.advance_by(3600)
        for name, then in began.items():
            expected = 3600 * 10**9 if name.endswith("_ns") else 3600
            self.assertAlmostEqual(getattr(time, name)() - then, expected, places=6, msg=name)

    def test_where_they_begin(self):
        """`monotonic` is the loop's time; the others continue from the real ones."""
        self.assertEqual(time.monotonic(), self.virtual.time())
        self.assertEqual(time.monotonic_ns(), self.virtual.time() * 10**9)
        self.assertLess(abs(time.time() - self.before[0]), 5)
        self.assertLess(abs(time.time_ns() / 1e9 - self.before[0]), 5)
        self.assertLess(abs(time.perf_counter() - self.before[1]), 5)

    def test_dates(self):
        """`datetime` does not follow, whether it asks the system or `time.time`."""
        self.virtual.advance_by(3 * 86400)
        now = datetime.datetime.now()
        self.assertLess(abs(datetime.datetime.today() - now), datetime.timedelta(hours=1))
        self.assertIn(datetime.date.today() - now.date(), (datetime.timedelta(0), datetime.timedelta(1)))
        self.assertGreater(datetime.datetime.fromtimestamp(time.time()) - now, datetime.timedelta(days=2))

    def test_sleep(self):
        """`sleep` takes no wall time, and advances virtual time."""
        began = self.originals["monotonic"]()
        time.sleep(3600)
        time.sleep(0.5)
        self.assertEqual(self.virtual.elapsed, 3600.5)
        self.assertLess(self.originals["monotonic"]() - began, 60)

    def test_a_bad_sleep(self):
        """What the real `sleep` rejects is rejected."""
        with self.assertRaisesRegex(ValueError, "sleep length must be non-negative"):
            time.sleep(-1)
        for bad in ("1", None, float("nan")):
            with self.subTest(bad), self.assertRaises((TypeError, ValueError)):
                time.sleep(bad)
        self.assertEqual(self.virtual.elapsed, 0)

    def test_more_than_the_real_one_counts(self):
        """A time beyond the range of the real `sleep` is rejected."""
        for bad in (float("inf"), 1e300):
            with self.assertRaises(OverflowError):
                time.sleep(bad)
        self.assertEqual(self.virtual.elapsed, 0)

    def test_polling(self):
        """Code that polls the clock for a point in time reaches it, though nothing else advances it."""
        for ask in (time.monotonic, time.time, time.perf_counter):
            with self.subTest(ask.__name__):
                with mock.patch.object(patched_time, "_PATIENCE", 0.01):
                    until = ask() + 0.02
                    while ask() < until:
                        time.sleep(0)
        self.assertGreaterEqual(self.virtual.elapsed, 0.05)

    def test_a_slow_computation(self):
        """Seconds of computing between two readings do not count."""
        with mock.patch.object(patched_time, "_PATIENCE", 0.0):
            began = time.monotonic()
            self.originals["sleep"](0.01)
            self.assertEqual(time.monotonic(), began)

    def test_another_thread(self):
        """In another thread `sleep` takes real time, and virtual time stands still."""
        thread = threading.Thread(target=time.sleep, args=[0.01])
        thread.start()
        thread.join()
        self.assertEqual(self.virtual.elapsed, 0)

    def test_a_real_clock(self):
        """With a real clock, patching is an error that says what is missing."""
        with self.assertRaisesRegex(
            ValueError, 'patch_time = True needs virtual time: say clock = "virtual"'
        ):
            PatchedTime.of(Clock(mock.Mock(time=time.monotonic)))

    def test_restore(self):
        """The previous functions are restored."""
        self.patched.restore()
        self.assertEqual({name: getattr(time, name) for name in NAMES}, self.originals)
