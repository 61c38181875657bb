"""Settling ends by itself, on either clock; the intervals for polling are short at first."""

import asyncio
import itertools
import unittest

from asynctestkit.leaks.sweeping.settling import ROUND, pauses
from tests.leaks.contract import run_body


class PausesTests(unittest.TestCase):
    def test_they_grow_up_to_a_round(self):
        """Intervals grow up to a round, as most objects end at once."""
        lengths = list(itertools.islice(pauses(), 20))
        self.assertLess(lengths[0], ROUND / 20)
        self.assertEqual(lengths, sorted(lengths))
        self.assertEqual(lengths[-1], ROUND)


class SettlingTests(unittest.TestCase):
    clock = "virtual"  # of the test that it runs

    def test_virtual_time_that_creeps(self):
        """A task whose sleeps are so short that virtual time hardly passes is a leak, within the deadline."""

        async def test(case):
            async def creeps():
                while True:
                    await asyncio.sleep(1e-9)

            case.task = asyncio.create_task(creeps(), name="creeping")

        outcome = run_body(test, clock=self.clock, settle_time=0.2)
        self.assertEqual([leak.name for leak in outcome.leaks], ["creeping"])
