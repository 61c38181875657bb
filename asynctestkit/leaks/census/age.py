"""Whether an object that is being destroyed is older than a test: weak references to it are gone already."""

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
"""The objects that existed at the mark, by id."""


def is_older_coroutine(coroutine: Coroutine[Any, Any, Any], in_debug_mode: bool) -> bool:
    """Whether a coroutine is older than the mark, or of another thread.

    Its origin shows that: there is none, or it is longer than this test asks for. Then debug mode has
    recorded it before, in a plain IsolatedAsyncioTestCase for example.
    """
    origin = origin_of(coroutine)
    asked_for = max(1, sys.get_coroutine_origin_tracking_depth())
    return origin is None or (len(origin) > asked_for and not in_debug_mode)


def is_older_future(future: object, known: Known | None) -> bool:
    """Whether a future that is being destroyed is older than the mark, as on a loop that is older, too.

    Older objects are frozen: the collector neither sees nor destroys them. The destruction of a subclass's
    instance makes it visible again (`subtype_dealloc`, Objects/typeobject.c), but not the exception that it
    failed with before.
    """
    if not isinstance(future, task_internals.FUTURE_TYPES):
        return False
    if known is not None:
        reference = known.get(id(future))
        return reference is not None and reference() in (None, future)
    seen = future if type(future) in (asyncio.Future, asyncio.Task) else future.exception()
    # Most are young: the youngest generation is searched first, as searching everything is slow.
    if _is_among(gc.get_objects(generation=0), seen) or is_collecting():
        return False
    return not _is_among(gc.get_objects(), seen)


def _is_among(objects: list[Any], thing: object) -> bool:
    return any(each is thing for each in objects)


def is_known_to_be_new(thing: object) -> bool:
    """Whether an object that is being destroyed was created since the mark; False if that cannot be told.

    Older objects are frozen: the collector neither sees nor destroys them. The destruction of an instance of
    a class that is written in Python makes it visible again, so there its parts decide: all that it holds
    must be new.
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
    """Whether an object is not among the known ones; it may have the address of one that was destroyed."""
    if id(obj) not in known:
        return True
    reference = known[id(obj)]
    return reference is not None and reference() is not obj


def origin_of(obj: object) -> tuple[tuple[str, int, str], ...] | None:
    """The lines that created a coroutine: a tuple of its own. None if they were not tracked."""
    return obj.cr_origin if isinstance(obj, CoroutineType) else None


def reference_to(obj: Any) -> weakref.ref[Any] | None:
    """A weak reference to an object; None if it does not support them."""
    try:
        return weakref.ref(obj)
    except TypeError:
        return None
