"""Coroutines record the line that created them while a mark is set."""

import sys
import threading
import unittest

from asynctestkit.leaks.census.creation_lines import creation_lines


class CreationLinesTests(unittest.TestCase):
    def setUp(self):
        self.addCleanup(sys.set_coroutine_origin_tracking_depth, sys.get_coroutine_origin_tracking_depth())

    def test_overlapping_marks(self):
        """The first mark sets the depth and the last one restores it, in whatever order they end."""
        sys.set_coroutine_origin_tracking_depth(0)
        depths = []
        for step in (
            creation_lines.track,
            creation_lines.track,
            creation_lines.untrack,
            creation_lines.untrack,
        ):
            step()
            depths.append(sys.get_coroutine_origin_tracking_depth())
        self.assertEqual(depths, [1, 1, 1, 0])

    def test_a_depth_of_the_users(self):
        """A greater depth that the user has set is kept, and restored."""
        sys.set_coroutine_origin_tracking_depth(7)
        creation_lines.track()
        self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 7)
        creation_lines.untrack()
        self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 7)

    def test_other_threads(self):
        """The depth applies to one thread."""
        depths = []
        creation_lines.track()
        self.addCleanup(creation_lines.untrack)
        thread = threading.Thread(target=lambda: depths.append(sys.get_coroutine_origin_tracking_depth()))
        thread.start()
        thread.join()
        self.assertEqual(depths, [0])
