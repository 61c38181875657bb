"""An announcement is a value."""

import dataclasses
import unittest

from asynctestkit.leaks.census.announcement import Announcement


class AnnouncementTests(unittest.TestCase):
    def test_it_is_frozen(self):
        """An announcement cannot be changed, and its creation site may be unknown."""
        said = Announcement("unclosed", self)
        self.assertEqual((said.message, said.thing, said.made_at), ("unclosed", self, None))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            said.message = "closed"
