"""Whether a thread may act by itself: asked once for each inspection, and not for each object.

Asking the system what each thread does costs some 60 µs a thread: done once for each of a hundred threads,
that is a second.
"""

from __future__ import annotations

from ...loops.quiescence import threads_around
from .origins import origins

__all__ = ["ThreadWatch"]


class ThreadWatch:
    """For detectors of objects that end only if some thread goes on.

    The answer holds until `forget_threads`.
    """

    def __init__(self) -> None:
        self._has_active_threads: bool | None = None

    def forget_threads(self) -> None:
        """Drops the answer: the next call asks the system again."""
        self._has_active_threads = None

    def has_active_threads(self) -> bool:
        """Whether a thread that is related to the loop of the running test can act by itself."""
        if self._has_active_threads is None:
            census = origins.current()
            self._has_active_threads = census is not None and bool(threads_around(census.loop))
        return self._has_active_threads
