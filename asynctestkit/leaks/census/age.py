"""Whether something that dies is older than a test: weak references to it are gone already."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Coroutine, Mapping
from types import CoroutineType, FunctionType, ModuleType
from typing import Any

from ...cpython import interpreter, task_internals
from ...cpython.originals import asyncio, gc
from .heap import heap, is_collecting

__all__ = [
    "Known",
    "is_known_to_be_new",
    "is_not_among",
    "is_older_coroutine",
    "is_older_future",
    "origin_of",
    "reference_to",
]

Known = Mapping[int, "weakref.ref[Any] | None"]
"""What was there already, by id."""


def is_older_coroutine(coroutine: Coroutine[Any, Any, Any], in_debug_mode: bool) -> bool:
    """Whether a coroutine is older than the mark, or of another thread.

    Its origin says so: there is none, or it is longer than this test asks for. Then debug mode has
    noted it before, in a plain IsolatedAsyncioTestCase for one.
    """
    origin = origin_of(coroutine)
    asked_for = max(1, sys.get_coroutine_origin_tracking_depth())
    return origin is None or (len(origin) > asked_for and not in_debug_mode)


def is_older_future(future: object, known: Known | None) -> bool:
    """Whether a future that dies now is older than the mark, as on a loop that is older, too.

    What is older is frozen: the collector does not see it, and cannot be what ends it. The last words of
    a subclass's instance bring it back into sight (`subtype_dealloc`, Objects/typeobject.c), but not the
    exception that it has failed with before.
    """
    if not isinstance(future, task_internals.FUTURE_TYPES):
        return False
    if known is not None:
        reference = known.get(id(future))
        return reference is not None and reference() in (None, future)
    if is_collecting():
        return False
    seen = future if type(future) in (asyncio.Future, asyncio.Task) else future.exception()
    return not any(obj is seen for obj in gc.get_objects())


def is_known_to_be_new(thing: object) -> bool:
    """Whether what dies was made since the mark; False where nothing tells.

    What is older is frozen, and not seen by the collector, which cannot end it either. The last words of an
    instance of a class that is written in Python bring it back into sight, so there its parts tell: all that
    it has must be new.
    """
    if not heap.is_marked_once():
        return False
    if is_collecting():
        return True
    parts = [thing]
    if not interpreter.is_written_in_c(type(thing)):
        held = gc.get_referents(thing)
        parts = [each for each in held if gc.is_tracked(each) and not isinstance(each, _NO_PART)]
    seen = {id(each) for each in gc.get_objects()}
    return bool(parts) and all(id(each) in seen for each in parts)


_NO_PART = (type, FunctionType, ModuleType, asyncio.AbstractEventLoop)


def is_not_among(known: Known, obj: Any) -> bool:
    """Whether an object is none of the known, though it may have the address of one that has died."""
    if id(obj) not in known:
        return True
    reference = known[id(obj)]
    return reference is not None and reference() is not obj


def origin_of(obj: object) -> tuple[tuple[str, int, str], ...] | None:
    """The lines that created a coroutine: a tuple of its own. None, where it was not asked for."""
    return obj.cr_origin if isinstance(obj, CoroutineType) else None


def reference_to(obj: Any) -> weakref.ref[Any] | None:
    """None for what has no weak references."""
    try:
        return weakref.ref(obj)
    except TypeError:
        return None
