"""An announcement is a value."""

import dataclasses
import unittest

from asynctestkit.leaks.census.announcement import Announcement


class AnnouncementTests(unittest.TestCase):
    def test_it_is_frozen(self):
        """What somebody has said does not change; where it was made need not be known."""
        said = Announcement("unclosed", self)
        self.assertEqual((said.message, said.thing, said.made_at), ("unclosed", self, None))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            said.message = "closed"
