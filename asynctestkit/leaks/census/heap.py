"""The process's heap, frozen while a test runs, and thawed and kept small between tests."""

from __future__ import annotations

import sys
import weakref

from ...cpython import interpreter
from ...cpython.originals import asyncio, gc
from ...cpython.versions import OBJECTS_OF_A_TEST
from .mark import Mark

__all__ = ["Heap", "heap", "is_collecting"]


class Heap:
    """The marks that are set on the heap, innermost last; the outermost has frozen it."""

    def __init__(self) -> None:
        self._censuses: list[Mark] = []
        self._thaw = False
        self._added = self._size = 0
        self._bound = _LEAST_BOUND
        self.population: int | None = None
        """How many objects there are since the mark, if they have just been counted."""

    def is_frozen(self) -> bool:
        """Whether a mark is set, or somebody else has frozen the heap."""
        return bool(self._censuses) or interpreter.heap_is_frozen()

    def enter(self, census: Mark) -> None:
        """Sets a mark. Freezes the heap unless it is frozen."""
        if not self.is_frozen():
            self.collect_if_due()
            self._thaw = True
            gc.freeze()
        self._censuses.append(census)

    def is_marked_once(self) -> bool:
        """Whether there is one mark, and everything older is frozen."""
        return self._thaw and len(self._censuses) == 1

    def thaw(self) -> bool:
        """Lets the collector see what is older than the mark; returns False if others have set marks as well.

        From now on, new objects cannot be told from old ones.
        """
        if not self.is_marked_once():
            return False
        self._thaw = False
        self._added += len(gc.get_objects())
        gc.unfreeze()
        return True

    def is_shared(self, census: Mark) -> bool:
        """Whether a test is running in another thread as well."""
        return any(each.thread != census.thread for each in self._censuses)

    def innermost(self, loop: asyncio.AbstractEventLoop, future: object) -> Mark | None:
        """The latest mark still set on that loop that is older than the future."""
        marks = (census for census in reversed(self._censuses) if census.loop is loop)
        return next((census for census in marks if not census.was_pending_at_mark(future)), None)

    def leave(self, census: Mark) -> None:
        """Removes a mark. Thaws the heap with the last."""
        self._censuses.remove(census)
        population, self.population = self.population, None
        if self._thaw and not self._censuses:
            self._thaw = False
            found = len(gc.get_objects()) if population is None else population
            if found > OBJECTS_OF_A_TEST:
                self._added += found - OBJECTS_OF_A_TEST
            gc.unfreeze()

    def collect_own_garbage(self) -> None:
        """Collects the garbage of a test whose objects were counted, if there are more than every test has.

        That is cheap as long as everything older is frozen.
        """
        if self.population is not None and self.population > OBJECTS_OF_A_TEST and gc.isenabled():
            self.population -= gc.collect()

    def collect_if_due(self) -> None:
        """Collects, as the collector would by itself if our small collections did not reset its counts.

        As in CPython (Modules/gcmodule.c), when the objects added exceed a quarter of those that exist: so
        the cost stays in proportion to the objects created, however large the heap. What a test created is
        often destroyed by the next one, without the collector: then the heap has not grown.
        """
        if self._added > self._bound and gc.isenabled():
            size, self._added = _size(), 0
            self._size = min(size, self._size)
            if size - self._size > self._bound:
                gc.collect()
                self._size, self._bound = _size(), max(_LEAST_BOUND, len(gc.get_objects()) // 4)


def _size() -> int:
    """How many blocks of memory are in use, which is known at once; or objects, if another allocator is.

    An object that the collector sees takes a block at least.
    """
    return sys.getallocatedblocks() or len(gc.get_objects())


def is_collecting() -> bool:
    """Whether the collector is running: it is not re-entrant, so a cycle that is dropped now stays."""
    cycle = _Cycle()
    cycle.itself = cycle
    reference = weakref.ref(cycle)
    del cycle
    gc.collect(0)
    return reference() is not None


class _Cycle:
    itself: _Cycle


_LEAST_BOUND = 20_000
"""How many objects may accumulate in any case."""

heap = Heap()
"""The heap of this process."""
