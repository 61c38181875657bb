"""Wall time goes on, whatever a test has done to the clocks."""

import time
import unittest
from unittest import mock

from asynctestkit.cpython.wall import wall_time

CLOCKS = ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns")


class WallTimeTests(unittest.TestCase):
    def test_it_says_what_monotonic_says(self):
        """Its seconds are those of `time.monotonic`, unless that is replaced."""
        before, wall, after = time.monotonic(), wall_time(), time.monotonic()
        self.assertLessEqual(before, wall)
        self.assertLessEqual(wall, after)

    def test_it_goes_on_when_the_clocks_stand_still(self):
        """No clock that a test can replace by name stops it."""
        patches = [mock.patch.object(time, name, return_value=0) for name in CLOCKS]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)
        began = wall_time()
        while wall_time() == began:
            pass
        self.assertGreater(wall_time(), began)
