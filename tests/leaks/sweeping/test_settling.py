"""The intervals for polling are short at first, and at most a round."""

import itertools
import unittest

from asynctestkit.leaks.sweeping.settling import ROUND, pauses


class PausesTests(unittest.TestCase):
    def test_they_grow_up_to_a_round(self):
        """Intervals grow up to a round, as most objects end at once."""
        lengths = list(itertools.islice(pauses(), 20))
        self.assertLess(lengths[0], ROUND / 20)
        self.assertEqual(lengths, sorted(lengths))
        self.assertEqual(lengths[-1], ROUND)
