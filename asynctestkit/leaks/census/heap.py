"""The process's heap, frozen while a test runs, and thawed and kept small between tests."""

from __future__ import annotations

import weakref

from ...cpython import interpreter
from ...cpython.originals import asyncio, gc
from .mark import Mark

__all__ = ["Heap", "heap", "is_collecting"]


class Heap:
    """Who has set a mark on the heap, innermost last; the outermost has frozen it."""

    def __init__(self) -> None:
        self._censuses: list[Mark] = []
        self._thaw = False
        self._added = 0
        self._bound = _SMALL

    def is_frozen(self) -> bool:
        """Whether a mark is set, or somebody else has frozen the heap."""
        return bool(self._censuses) or interpreter.heap_is_frozen()

    def enter(self, census: Mark) -> None:
        """Sets a mark. Freezes the heap if nobody has."""
        if not self.is_frozen():
            if self._added > self._bound and gc.isenabled():
                self._collect()
            self._thaw = True
            gc.freeze()
        self._censuses.append(census)

    def is_marked_once(self) -> bool:
        """Whether there is one mark, and all that is older is frozen."""
        return self._thaw and len(self._censuses) == 1

    def thaw(self) -> bool:
        """Lets the collector see what is older than the mark; False if others have set marks as well.

        From now on, nothing tells the new from the old.
        """
        if not self.is_marked_once():
            return False
        self._thaw = False
        self._added += len(gc.get_objects())
        gc.unfreeze()
        return True

    def is_shared(self, census: Mark) -> bool:
        """Whether a test goes on in another thread as well."""
        return any(each.thread != census.thread for each in self._censuses)

    def innermost(self, loop: asyncio.AbstractEventLoop, future: object) -> Mark | None:
        """The latest mark on that loop, of those that still are, that is older than the future."""
        marks = (census for census in reversed(self._censuses) if census.loop is loop)
        return next((census for census in marks if not census.knew(future)), None)

    def leave(self, census: Mark) -> None:
        """Takes a mark away. Thaws the heap with the last."""
        self._censuses.remove(census)
        if self._thaw and not self._censuses:
            self._thaw = False
            self._added += len(gc.get_objects())
            gc.unfreeze()

    def _collect(self) -> None:
        """What the collector would have done by itself if our own small collections did not reset its counts.

        As in CPython (Modules/gcmodule.c), when what was added exceeds a quarter of what there is: so the
        cost stays in proportion to the objects made, however large the heap.
        """
        gc.collect()
        self._added = 0
        self._bound = max(_SMALL, len(gc.get_objects()) // 4)


def is_collecting() -> bool:
    """Whether the collector is at work, and is what ends whatever dies now: it does not start anew then."""
    cycle = _Cycle()
    cycle.itself = cycle
    reference = weakref.ref(cycle)
    del cycle
    gc.collect(0)
    return reference() is not None


class _Cycle:
    itself: _Cycle


_SMALL = 20_000
"""Objects that may gather in any case."""

heap = Heap()
"""The one of this process."""
