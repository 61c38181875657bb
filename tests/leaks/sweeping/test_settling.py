"""Waits are short at first, and no longer than a round."""

import itertools
import unittest

from asynctestkit.leaks.sweeping.settling import ROUND, pauses


class PausesTests(unittest.TestCase):
    def test_they_grow_up_to_a_round(self):
        """Most things end at once; what takes longer is not asked more often than needed."""
        lengths = list(itertools.islice(pauses(), 20))
        self.assertLess(lengths[0], ROUND / 20)
        self.assertEqual(lengths, sorted(lengths))
        self.assertEqual(lengths[-1], ROUND)
