"""Debug mode's record of a creation, as other packages keep it on objects of their own."""

from __future__ import annotations

import inspect
from traceback import StackSummary

__all__ = ["has_source_traceback", "kept_source_traceback"]


def has_source_traceback(thing: object) -> bool:
    """Whether an object of any class has `_source_traceback` (Lib/asyncio/futures.py), as aiohttp's have.

    It is None but in debug mode. No code of the user's is called: a property does not count.
    """
    found = inspect.getattr_static(thing, "_source_traceback", thing)
    return found is not thing and not isinstance(found, property)


def kept_source_traceback(thing: object) -> StackSummary | None:
    """The stack in `_source_traceback` (Lib/asyncio/futures.py) of an object of any class."""
    record = getattr(thing, "_source_traceback", None) if has_source_traceback(thing) else None
    return record if isinstance(record, StackSummary) else None
