"""A run under audit: its classes are guarded, and every leak is recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..cpython.originals import gc
from ..leaks.leak import Leak
from ..leaks.listeners import listeners
from ..settings import Settings
from .guarding import guard_all
from .record import Record

__all__ = ["auditing", "settings_of_run"]


def settings_of_run(given: Mapping[str, Any], *, charges: bool) -> Settings:
    """The settings for the classes of a suite.

    With `charges` a leak fails its test, and the default limits apply; else only the given settings do.
    """
    if charges:
        return Settings(**given)
    return Settings(**{"deadline": None, **given, "on_leak": "warn"})


@contextlib.contextmanager
def auditing(record: Record, settings: Settings, *, charges: bool) -> Iterator[list[str]]:
    """Guards all existing classes, and records leaks, until the block ends.

    Yields the names of the classes that cannot be guarded. With `charges` tests are charged with new leaks;
    else they keep their outcome.
    """

    def record_leaks(test: str, leaks: tuple[Leak, ...]) -> tuple[Leak, ...]:
        rows = record.add(test, leaks)
        if not charges:
            return leaks  # a class that is itself hygienic fails as it does without an audit
        return tuple(leak for leak, row in zip(leaks, rows, strict=True) if row.is_new)

    refused, take_back = guard_all(settings, observes=not charges)
    listeners.append(record_leaks)
    try:
        yield refused
        gc.collect()  # also records objects that announce themselves only when destroyed
    finally:
        listeners.remove(record_leaks)
        take_back()
