"""Coroutines know the line that created them as long as somebody wants that."""

import sys
import threading
import unittest

from asynctestkit.leaks.census.creation_lines import creation_lines


class CreationLinesTests(unittest.TestCase):
    def setUp(self):
        self.addCleanup(sys.set_coroutine_origin_tracking_depth, sys.get_coroutine_origin_tracking_depth())

    def test_overlapping_marks(self):
        """The first sets the depth, the last gives it back, in whatever order they end."""
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
        """More than that is left as it is, and put back."""
        sys.set_coroutine_origin_tracking_depth(7)
        creation_lines.track()
        self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 7)
        creation_lines.untrack()
        self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 7)

    def test_other_threads(self):
        """The depth is one of the thread."""
        depths = []
        creation_lines.track()
        self.addCleanup(creation_lines.untrack)
        thread = threading.Thread(target=lambda: depths.append(sys.get_coroutine_origin_tracking_depth()))
        thread.start()
        thread.join()
        self.assertEqual(depths, [0])
