"""The referrers of an object, from which its owner can often be derived."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from ...cpython.originals import gc

__all__ = ["holders_of", "owners_by_attributes"]

_MOST_BY_REFERRERS = 20
"""Up to this many objects `gc.get_referrers` is used, whose cost grows with each object."""
_CHUNK = 64
"""How many objects of the heap are asked at once: nearly all refer to none of the wanted ones."""


def holders_of(objects: Iterable[object], others: Sequence[object] = ()) -> dict[int, list[Any]]:
    """For each object, by its id, the referrers that the collector sees, once for each reference.

    `others` are possible referrers that the collector does not see, as they are frozen. One walk over the
    heap serves all of the objects.
    """
    asked = tuple(objects)
    holders: dict[int, list[Any]] = {id(obj): [] for obj in asked}
    if not holders:
        return holders
    seen = gc.get_referrers(*asked) if len(asked) <= _MOST_BY_REFERRERS else gc.get_objects()
    walked = {id(asked)}
    for holder in _that_hold(holders, _without_modules((*seen, *others))):
        if id(holder) in walked:
            continue
        walked.add(id(holder))
        for held in gc.get_referents(holder):
            if id(held) in holders:
                holders[id(held)].append(holder)
    return holders


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


def owners_by_attributes(objects: Iterable[object], depth: int) -> dict[int, list[Any]]:
    """For each object, by its id, the objects that refer to it through attributes, lists, tuples or dicts.

    `depth` is how many such containers may lie in between. Each step takes one walk over the heap.
    """
    level = {id(obj): obj for obj in objects}
    owners: dict[int, list[Any]] = {identity: [] for identity in level}
    reached = {identity: {identity} for identity in level}
    """The objects that can be reached from each container of the level."""
    for step in range(depth + 1):
        following: dict[int, Any] = {}
        reached_next: dict[int, set[int]] = {}
        for identity, holders in holders_of(level.values()).items():
            for holder in holders:
                if holder is following or holder is level:
                    continue
                if not issubclass(type(holder), _CONTAINERS):
                    for obj in reached[identity]:
                        owners[obj].append(holder)
                elif step < depth:
                    following[id(holder)] = holder
                    reached_next.setdefault(id(holder), set()).update(reached[identity])
        level, reached = following, reached_next
    return owners


_CONTAINERS = (dict, list, tuple)
