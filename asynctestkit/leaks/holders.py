"""Who refers to an object: often that tells whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from ..cpython.originals import gc

__all__ = ["holders_of"]


def holders_of(objects: Iterable[object]) -> dict[int, list[Any]]:
    """For each object, by its id, what the collector sees of its referrers.

    One walk over the heap for all of them, where `gc.get_referrers` takes one for each.
    """
    holders: dict[int, list[Any]] = {id(obj): [] for obj in objects}
    if holders:
        for holder in gc.get_objects():
            if isinstance(holder, ModuleType):
                # Its names are in a dictionary, seen by itself. 3.12's `_asyncio` shows what it keeps, dead,
                # for reuse (`fi_freelist`, Modules/_asynciomodule.c), and touching those corrupts its list.
                continue
            for held in gc.get_referents(holder):
                if id(held) in holders:
                    holders[id(held)].append(holder)
    return holders
