"""Which owner an object has that may outlive a test: the test, or the process.

Executors, sockets, threads, children and patches may be created by a test and kept on purpose, for all tests
after it: a module's pool that is created when it is first needed, what a cached function returns, the
connection of a library. The holders decide: from each object the search goes to its holders, and to theirs,
until it comes to a namespace of the process, or to the test, or finds no more.

All references have to be accounted for: if there are more than can be seen, an invisible holder has the
object, such as a library in C. If that leaves the owner undecided, the object is no leak.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...cpython.originals import threading
from ..census.holder_classifier import HolderClassifier, Link
from ..census.holders import holders_of
from ..census.running_code import RunningCode
from ..owner import Owner

__all__ = ["owners_of"]

_MOST = 2000
"""How many holders are examined for one test; with more, the owner of an object is not decided."""
_MOST_STEPS = 30
"""How many steps the search takes, likewise: each walks the heap, for one node of a linked list perhaps."""


def owners_of(
    things: Sequence[Any], case: object, classifier: HolderClassifier, thaw: Callable[[], bool]
) -> dict[int, Owner]:
    """The owner of each object, by its id.

    `case` is the instance of the test, None for a block. Objects older than the test are frozen, and hidden
    from the collector, until `thaw` returns True. It is called only if it is needed, as searching all
    objects takes as long as a full collection.
    """
    search = _Search(things, classifier, _parts_of(case))
    if search.has_found_all() or not thaw():
        return search.owners()
    return _Search(things, classifier, []).owners()


def _parts_of(case: object) -> list[object]:
    """A test's instance and its attributes; no variable may hold one of them while references are counted."""
    return [] if case is None else [case, vars(case), *vars(case).values()]


class _Search:
    """One search among the objects that the collector sees, and a few others."""

    def __init__(self, things: Sequence[Any], classifier: HolderClassifier, others: list[object]) -> None:
        self._things = things
        self._classifier = classifier
        self._others = others
        self._nodes: dict[int, Any] = {id(thing): thing for thing in things}
        self._held_by: dict[int, list[int]] = {}
        """The nodes that each node holds, by id."""
        self._tests: set[int] = set()
        self._processes: set[int] = set()
        self._unseen: set[int] = set()
        self._running_threads: set[int] = set()
        """The nodes that the interpreter may hold as well, so that counting decides nothing."""
        self._running: RunningCode | None = None
        classifier.ignore(things, others, self._nodes)
        frontier: list[Any] = list(things)
        for _ in range(_MOST_STEPS):
            if not frontier or len(self._nodes) >= len(things) + _MOST:
                break
            frontier = self._holders_of(frontier)
        self._processes.update(map(id, frontier))  # too many: not decided

    def has_found_all(self) -> bool:
        """Whether every reference is accounted for, except those to nodes that are decided."""
        decided = self._reachable_from(self._processes)
        return self._unseen | self._running_threads <= decided

    def owners(self) -> dict[int, Owner]:
        certain = self._reachable_from(self._processes)
        processes = self._reachable_from(self._processes | self._unseen)
        tests = self._reachable_from(self._tests)
        found = {id(thing): Owner.TEST if id(thing) in tests else Owner.NOBODY for thing in self._things}
        for thing in self._things:
            if id(thing) in (certain if _is_running_on(thing) else processes):
                found[id(thing)] = Owner.PROCESS
        return found

    def _reachable_from(self, owned: Iterable[int]) -> set[int]:
        """These nodes, and everything that they hold, directly or not."""
        reached = set(owned)
        left = list(reached)
        while left:
            fresh = [each for each in self._held_by.get(left.pop(), ()) if each not in reached]
            reached.update(fresh)
            left += fresh
        return reached

    def _holders_of(self, frontier: list[Any]) -> list[Any]:
        """Records what the holders say about these nodes; returns those whose holders are examined next."""
        counts = _reference_counts(frontier)
        holders = holders_of(frontier, self._others)
        following = {}
        for node, count in zip(frontier, counts, strict=True):
            found = holders[id(node)]
            unseen = count - len(found)
            if unseen > 0:
                unseen -= self._note_running(node)
            if unseen > 0:
                is_thread = self._classifier.may_be_held_by_interpreter(node)
                (self._running_threads if is_thread else self._unseen).add(id(node))
            for holder in found:
                links = self._classifier.links(holder) if holder is not frontier else (Link.NOTHING,)
                self._note(node, links)
                if Link.INDIRECT in links:
                    self._held_by.setdefault(id(holder), []).append(id(node))
                    if id(holder) not in self._nodes:
                        following[id(holder)] = holder
        self._nodes.update(following)
        return list(following.values())

    def _note(self, node: object, links: tuple[Link, ...]) -> None:
        if Link.TEST in links:
            self._tests.add(id(node))
        if Link.PROCESS in links:
            self._processes.add(id(node))

    def _note_running(self, node: object) -> int:
        """Looks for a node among the variables of running code; returns how often it is found."""
        if self._running is None:
            self._running = RunningCode()
            self._classifier.ignore(*self._running.snapshots)
        links = self._running.links(node)
        self._note(node, tuple(links))
        return len(links)


def _is_running_on(thing: object) -> bool:
    """Whether this is a thread that is no daemon: its own running code may be the holder that is not seen."""
    return issubclass(type(thing), threading.Thread) and not thing.daemon  # type: ignore[attr-defined]  # mypy narrows by isinstance only


def _reference_counts(nodes: list[Any]) -> list[int]:
    """How many references each node has, except those that counting itself takes."""
    return [count - _OWN for count in _raw_counts(nodes)]


def _raw_counts(nodes: list[Any]) -> list[int]:
    return [sys.getrefcount(node) for node in nodes]


class _Probe:
    pass


_OWN = _raw_counts([_Probe()])[0] - 1
"""The references to a node that come and go with the counting; the one of the list stays."""
