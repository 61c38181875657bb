"""The arithmetic of virtual time is exact, and stays so when floats get coarse."""

import asyncio
import math
import unittest
from unittest import mock

from asynctestkit.loops.virtual.clock import Clock, VirtualClock

CENTURY = 100 * 365.25 * 24 * 3600


class ClockTests(unittest.TestCase):
    def test_a_real_clock_is_the_loops(self):
        """It says what `loop.time()` says, and counts from when it was made."""
        loop = mock.Mock(asyncio.AbstractEventLoop)
        loop.time.return_value = 50.0
        clock = Clock(loop)
        loop.time.return_value = 50.25
        self.assertEqual((clock.time(), clock.elapsed), (50.25, 0.25))

    def test_the_limit_is_thirty_days(self):
        """Unless another is assigned; infinity is one."""
        clock = VirtualClock()
        self.assertEqual(clock.limit, 30 * 24 * 3600)
        for limit in (0, 1.5, math.inf):
            clock.limit = limit
            self.assertEqual(clock.limit, limit)

    def test_a_bad_limit_is_refused(self):
        """What is not a number of seconds is refused when it is assigned."""
        clock = VirtualClock()
        for limit, error in ((None, TypeError), (True, TypeError), (-1, ValueError), (math.nan, ValueError)):
            with self.subTest(limit), self.assertRaisesRegex(error, "^clock.limit is "):
                clock.limit = limit


class VirtualClockTests(unittest.TestCase):
    def test_sums_come_out(self):
        """Many steps of whole microseconds add up to what they should; others keep their digits."""
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
        """It jumps to a point in time exactly, and goes on by steps."""
        clock = VirtualClock()
        clock.advance_to(clock.time() + 0.1)
        self.assertEqual(clock.elapsed, 0.1)
        clock.advance_by(0.2)
        self.assertEqual(clock.elapsed, 0.3)

    def test_it_never_goes_back(self):
        """A point in time that is past is now."""
        clock = VirtualClock()
        before = clock.time()
        clock.advance_to(before - 1)
        self.assertEqual(clock.time(), before)

    def test_it_has_been_going_for_days(self):
        """As on a machine that has been up for a while, the time is a large number."""
        self.assertGreater(VirtualClock().time(), 24 * 3600)

    def test_resolution(self):
        """What is due now lies before now and the resolution, what is due next does not, for centuries."""
        clock = VirtualClock()
        for _ in range(60):
            self.assertLess(clock.now, clock.now + clock.resolution)
            self.assertGreaterEqual(math.nextafter(clock.now, math.inf), clock.now + clock.resolution)
            clock.advance_by(CENTURY)

    def test_what_the_limit_allows(self):
        """What lies beyond it is not allowed; extended, the limit counts twice."""
        clock = VirtualClock()
        clock.limit = 10
        self.assertTrue(clock.allows(clock.now + 10))
        self.assertFalse(clock.allows(clock.now + 10.5))
        clock.extend()
        self.assertTrue(clock.allows(clock.now + 20))
        self.assertFalse(clock.allows(clock.now + 20.5))
