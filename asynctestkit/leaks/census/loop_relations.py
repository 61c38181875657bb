"""How objects are related to event loops, as far as their attributes and their classes show."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from ...cpython import task_internals
from ...cpython.definitions import module_of, mro_of, namespace_of
from ...cpython.originals import asyncio, gc

__all__ = ["is_related_to_asyncio", "loops_of", "parts_of", "parts_of_asyncio"]

_DEPTH = 3
"""A dictionary of attributes is one step, and an attribute's attributes are two."""
_MOST = 200


def loops_of(thing: object) -> list[asyncio.AbstractEventLoop]:
    """The loops that an object refers to, itself or through its parts."""
    found: list[asyncio.AbstractEventLoop] = []
    for each in parts_of_asyncio(thing):
        loop = each if issubclass(type(each), asyncio.AbstractEventLoop) else task_internals.loop_of(each)
        if isinstance(loop, asyncio.AbstractEventLoop) and loop not in found:
            found.append(loop)
    return found


def is_related_to_asyncio(thing: object) -> bool:
    """Whether an object refers to a loop or to something of asyncio's, or has asynchronous methods."""
    return any(True for _ in parts_of_asyncio(thing)) or any(
        inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
        for cls in mro_of(type(thing))
        for method in namespace_of(cls).values()
    )


def parts_of_asyncio(thing: object) -> Iterator[Any]:
    """The objects of asyncio that an object refers to: transports, tasks, futures, streams."""
    return filter(_is_of_asyncio, parts_of(thing))


def _is_of_asyncio(thing: object) -> bool:
    if issubclass(type(thing), (asyncio.AbstractEventLoop, *task_internals.FUTURE_TYPES)):
        return True
    return module_of(type(thing)).partition(".")[0] in ("asyncio", "_asyncio", "uvloop")


def parts_of(thing: object) -> Iterator[Any]:
    """An object, and what it refers to, breadth first; not beyond asyncio's objects, and not through code."""
    level, seen = [thing], {id(thing)}
    for _ in range(_DEPTH):
        yield from level
        held = (each for holder in level if not _is_of_asyncio(holder) for each in gc.get_referents(holder))
        level = []
        for each in held:
            is_code = issubclass(type(each), (type, FunctionType, ModuleType))
            if id(each) not in seen and not is_code and len(seen) < _MOST:
                seen.add(id(each))
                level.append(each)
    yield from level
