"""Random schedules."""

import unittest
from collections import Counter

from asynctestkit.exploration.names import Walker
from asynctestkit.exploration.waiting import Waiting
from asynctestkit.exploration.walk import Walk, lengths_of


class WalkTests(unittest.TestCase):
    WAITING = [Waiting((name, 1), Walker(False), False) for name in ("long", "short", "new")]
    LENGTHS = lengths_of([("long", n) for n in range(1, 9)] + [("short", 1)])

    def test_the_longer_a_task_the_likelier(self):
        """A task with eight remaining steps is chosen eight times as often as one with one or unknown."""
        walk = Walk(1, self.LENGTHS)
        chosen = Counter(walk([0, 1, 2], self.WAITING) for _ in range(10_000))
        self.assertAlmostEqual(chosen[0] / 10_000, 0.8, delta=0.03)
        self.assertAlmostEqual(chosen[1] / 10_000, 0.1, delta=0.03)

    def test_a_seed_chooses_the_same(self):
        """Two walks with one seed are equal."""
        one, other = Walk(7, self.LENGTHS), Walk(7, self.LENGTHS)
        self.assertEqual(
            [one([0, 2], self.WAITING) for _ in range(50)], [other([0, 2], self.WAITING) for _ in range(50)]
        )
