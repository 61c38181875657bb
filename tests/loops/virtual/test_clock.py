"""The arithmetic of virtual time is exact, also for times at which floats are coarse."""

import asyncio
import math
import unittest
from unittest import mock

from asynctestkit.loops.virtual.clock import Clock, VirtualClock

CENTURY = 100 * 365.25 * 24 * 3600


class ClockTests(unittest.TestCase):
    def test_a_real_clock_is_the_loops(self):
        """A real clock has the time of `loop.time()`, and counts from its creation."""
        loop = mock.Mock(asyncio.AbstractEventLoop)
        loop.time.return_value = 50.0
        clock = Clock(loop)
        loop.time.return_value = 50.25
        self.assertEqual((clock.time(), clock.elapsed), (50.25, 0.25))

    def test_the_limit_is_thirty_days(self):
        """The limit is thirty days unless another is assigned; infinity is one."""
        clock = VirtualClock()
        self.assertEqual(clock.limit, 30 * 24 * 3600)
        for limit in (0, 1.5, math.inf):
            clock.limit = limit
            self.assertEqual(clock.limit, limit)

    def test_a_bad_limit_is_refused(self):
        """An invalid limit is rejected when it is assigned."""
        clock = VirtualClock()
        for limit, error in ((None, TypeError), (True, TypeError), (-1, ValueError), (math.nan, ValueError)):
            with self.subTest(limit), self.assertRaisesRegex(error, "^clock.limit is "):
                clock.limit = limit


class VirtualClockTests(unittest.TestCase):
    def test_sums_come_out(self):
        """Steps of whole microseconds add up exactly; others keep their digits."""
        clock = VirtualClock()
        for step in range(1, 1001):
            clock.advance_by(0.1)
            self.assertEqual(clock.elapsed, step / 10)
        clock = VirtualClock()
        clock.advance_by(1 / 3)
        self.assertAlmostEqual(clock.elapsed, 1 / 3, places=9)
        clock = VirtualClock()
        clock.advance_by(3e-7)
        self.assertEqual(clock.elapsed, 3e-7)

    def test_it_goes_when_told_to(self):
        """It jumps to a point in time exactly, and advances by steps."""
        clock = VirtualClock()
        clock.advance_to(clock.time() + 0.1)
        self.assertEqual(clock.elapsed, 0.1)
        clock.advance_by(0.2)
        self.assertEqual(clock.elapsed, 0.3)

    def test_it_never_goes_back(self):
        """Advancing to a past point in time does nothing."""
        clock = VirtualClock()
        before = clock.time()
        clock.advance_to(before - 1)
        self.assertEqual(clock.time(), before)

    def test_it_has_been_going_for_days(self):
        """It starts at a large time, as on a machine that has been up for a while."""
        self.assertGreater(VirtualClock().time(), 24 * 3600)

    def test_resolution(self):
        """The resolution includes what is due now, and nothing that is due next, for centuries."""
        clock = VirtualClock()
        for _ in range(60):
            self.assertLess(clock.now, clock.now + clock.resolution)
            self.assertGreaterEqual(math.nextafter(clock.now, math.inf), clock.now + clock.resolution)
            clock.advance_by(CENTURY)

    def test_what_the_limit_allows(self):
        """A time beyond the limit is not allowed; extended, the limit counts twice."""
        clock = VirtualClock()
        clock.limit = 10
        self.assertTrue(clock.allows(clock.now + 10))
        self.assertFalse(clock.allows(clock.now + 10.5))
        clock.extend()
        self.assertTrue(clock.allows(clock.now + 20))
        self.assertFalse(clock.allows(clock.now + 20.5))
