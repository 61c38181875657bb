"""Who refers to an object: often that tells whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from ...cpython.originals import gc

__all__ = ["holders_of", "owners_by_attributes"]

_FEW = 20
"""So many objects at most are looked for by the collector itself; its cost grows with each."""


def holders_of(objects: Iterable[object], others: Iterable[object] = ()) -> dict[int, list[Any]]:
    """For each object, by its id, what the collector sees of its referrers, once for each reference.

    `others` may be referrers, too, that the collector does not see, as they are frozen. It takes one walk
    over the heap for all of the objects, where `gc.get_referrers` takes one for each.
    """
    asked = tuple(objects)
    holders: dict[int, list[Any]] = {id(obj): [] for obj in asked}
    if not holders:
        return holders
    seen = gc.get_referrers(*asked) if len(asked) <= _FEW else gc.get_objects()
    walked = {id(asked)}
    for holder in (*seen, *others):
        # A module's names are in a dictionary, seen by itself. 3.12's `_asyncio` shows what it keeps, dead,
        # for reuse (`fi_freelist`, Modules/_asynciomodule.c), and touching those corrupts its list.
        if isinstance(holder, ModuleType) or id(holder) in walked:
            continue
        walked.add(id(holder))
        for held in gc.get_referents(holder):
            if id(held) in holders:
                holders[id(held)].append(holder)
    return holders


def owners_by_attributes(objects: Iterable[object], depth: int) -> dict[int, list[Any]]:
    """For each object, by its id, who refers to it, if through its attributes, or a list or tuple among them.

    `depth` is how many containers may lie between. It takes one walk over the heap for each step.
    """
    level = {id(obj): obj for obj in objects}
    owners: dict[int, list[Any]] = {identity: [] for identity in level}
    reached = {identity: {identity} for identity in level}
    """Which of the objects can be reached from each container of the level."""
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
