"""Whether a thread may act by itself: asked once a look at all that lives, and not once a thing.

To ask the system what each thread does costs some 60 µs a thread: for each of a hundred threads, that is
a second.
"""

from __future__ import annotations

from ...loops.quiescence import threads_around
from .origins import origins

__all__ = ["ThreadWatch"]


class ThreadWatch:
    """For detectors of what ends only if some thread goes on. The answer holds until `look_again`."""

    def __init__(self) -> None:
        self._may_act: bool | None = None

    def look_again(self) -> None:
        """What was seen before says nothing any more."""
        self._may_act = None

    def may_act(self) -> bool:
        """Whether a thread that has to do with the loop of the running test can act by itself."""
        if self._may_act is None:
            census = origins.current()
            self._may_act = census is not None and bool(threads_around(census.loop))
        return self._may_act
