"""The referrers of objects, from which their owners can often be derived."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from ...cpython.originals import gc

__all__ = ["holders_of", "owned_by"]

_MOST_BY_REFERRERS = 20
"""Up to this many objects `gc.get_referrers` is used, whose cost grows with each object."""
_CHUNK = 64
"""How many objects of the heap are asked at once: nearly all refer to none of the wanted ones."""


def holders_of(objects: Iterable[object], others: Sequence[object] = ()) -> dict[int, list[Any]]:
    """For each object, by its id, the referrers that the collector sees, once for each reference.

    `others` are possible referrers that the collector does not see, as they are frozen. One walk over the
    heap serves all of the objects.
    """
    wanted = {id(obj): obj for obj in objects}
    holders: dict[int, list[Any]] = {identity: [] for identity in wanted}
    for holder, held in _holders(wanted, others):
        for identity in held:
            holders[identity].append(holder)
    return holders


def owned_by(kinds: tuple[type, ...], objects: Iterable[object], depth: int) -> set[int]:
    """The ids of the objects that an instance of `kinds` has, by attributes or in lists, tuples or dicts.

    `depth` is how many such containers may lie in between. Each step takes one walk over the heap.
    """
    level: dict[int, Any] = {id(obj): obj for obj in objects}
    reached = {identity: {identity} for identity in level}
    """The objects that can be reached from each container of the level."""
    owned: set[int] = set()
    for step in range(depth + 1):
        following: dict[int, Any] = {}
        reached_next: dict[int, set[int]] = {}
        for holder, held in _holders(level):
            if issubclass(type(holder), kinds):
                owned.update(*map(reached.__getitem__, held))
            elif issubclass(type(holder), _CONTAINERS) and step < depth and holder is not following:
                following[id(holder)] = holder
                reached_next[id(holder)] = set().union(*map(reached.__getitem__, held))
        level, reached = following, reached_next
    return owned


_CONTAINERS = (dict, list, tuple)


def _holders(wanted: Mapping[int, object], others: Sequence[object] = ()) -> list[tuple[Any, list[int]]]:
    """What refers to objects, given by their ids, and the ids of those, once for each reference.

    No generator: before 3.11 its frame would be among the objects, and hold what is found.
    """
    if not wanted:
        return []
    asked = tuple(wanted.values())
    seen = gc.get_referrers(*asked) if len(asked) <= _MOST_BY_REFERRERS else gc.get_objects()
    found = {id(holder): holder for holder in _that_hold(wanted, _without_modules((*seen, *others)))}
    return [
        (holder, list(filter(wanted.__contains__, map(id, gc.get_referents(holder)))))
        for holder in found.values()
        if holder is not asked and holder is not wanted
    ]


def _without_modules(objects: Sequence[object]) -> list[object]:
    """All objects but modules, whose names are in dictionaries, which are visited by themselves.

    3.12's `_asyncio` exposes the dead objects of its free list (`fi_freelist`, Modules/_asynciomodule.c):
    touching them corrupts it. The type is asked, as `isinstance` also asks proxies, which raise once their
    object is gone.
    """
    are_modules = map(issubclass, map(type, objects), itertools.repeat(ModuleType))
    return list(itertools.compress(objects, map(operator.not_, are_modules)))


def _that_hold(wanted: Mapping[int, object], objects: list[object]) -> Iterator[object]:
    """Those objects that refer to any of the wanted ones, which are given by their ids."""
    for start in range(0, len(objects), _CHUNK):
        chunk = objects[start : start + _CHUNK]
        if not _hold_none(wanted, *chunk):
            yield from (each for each in chunk if not _hold_none(wanted, each))


def _hold_none(wanted: Mapping[int, object], *objects: object) -> bool:
    return wanted.keys().isdisjoint(map(id, gc.get_referents(*objects)))
