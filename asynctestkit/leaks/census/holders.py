"""The referrers of an object, from which its owner can often be derived."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from ...cpython.originals import gc

__all__ = ["holders_of", "owners_by_attributes"]

_MOST_BY_REFERRERS = 20
"""Up to this many objects `gc.get_referrers` is used, whose cost grows with each object."""


def holders_of(objects: Iterable[object], others: Iterable[object] = ()) -> dict[int, list[Any]]:
    """For each object, by its id, the referrers that the collector sees, once for each reference.

    `others` are possible referrers that the collector does not see, as they are frozen. One walk over the
    heap serves all of the objects.
    """
    asked = tuple(objects)
    holders: dict[int, list[Any]] = {id(obj): [] for obj in asked}
    if not holders:
        return holders
    seen = gc.get_referrers(*asked) if len(asked) <= _MOST_BY_REFERRERS else gc.get_objects()
    walked, wanted = {id(asked)}, holders.keys()
    for holder in (*seen, *others):
        # A module's names are in a dictionary, which is visited by itself. 3.12's `_asyncio` exposes the
        # dead objects of its free list (`fi_freelist`, Modules/_asynciomodule.c): touching them corrupts it.
        # Its type is asked, as `isinstance` also asks proxies, which raise once their object is gone.
        if issubclass(type(holder), ModuleType) or id(holder) in walked:
            continue
        walked.add(id(holder))
        referents = gc.get_referents(holder)
        if wanted.isdisjoint(map(id, referents)):  # as most are: checked in C
            continue
        for held in referents:
            if id(held) in holders:
                holders[id(held)].append(holder)
    return holders


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
                if not isinstance(holder, dict | list | tuple):
                    for obj in reached[identity]:
                        owners[obj].append(holder)
                elif step < depth:
                    following[id(holder)] = holder
                    reached_next.setdefault(id(holder), set()).update(reached[identity])
        level, reached = following, reached_next
    return owners
