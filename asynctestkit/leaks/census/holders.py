"""Who refers to an object: often that tells whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from ...cpython.originals import gc

__all__ = ["holders_of"]

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
