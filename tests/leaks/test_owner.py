"""An owner is one of three."""

import unittest

from asynctestkit.leaks.owner import Owner


class OwnerTests(unittest.TestCase):
    def test_each_says_what_it_means(self):
        """Each owner has a text that a reader understands."""
        self.assertEqual([owner.name for owner in Owner], ["TEST", "PROCESS", "NOBODY"])
        self.assertEqual(len({owner.value for owner in Owner}), 3)
