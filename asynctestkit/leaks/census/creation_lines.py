"""Tracking of the lines that create coroutines."""

from __future__ import annotations

import sys

from ...cpython.originals import threading

__all__ = ["creation_lines"]


class _CreationLines(threading.local):
    """Has each coroutine record the line that created it, as long as a mark is set in the thread."""

    marks = 0
    depth_before = 0

    def track(self) -> None:
        if not self.marks:
            self.depth_before = sys.get_coroutine_origin_tracking_depth()
            sys.set_coroutine_origin_tracking_depth(max(1, self.depth_before))
        self.marks += 1

    def untrack(self) -> None:
        # The last one restores the depth: overlapping blocks do not end in the order in which they began.
        self.marks -= 1
        if not self.marks:
            sys.set_coroutine_origin_tracking_depth(self.depth_before)


creation_lines = _CreationLines()
"""The state of the calling thread."""
