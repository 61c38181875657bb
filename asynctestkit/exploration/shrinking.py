"""Making a schedule that fails as short as it can be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from .deviations import Deviation, Hold, Schedule
from .lives import Life

__all__ = ["shrunk"]

_Fails = Callable[[Schedule], Life | None]
"""Runs a schedule; returns its life if it fails in the same way as the one found, else None."""


def shrunk(found: Life, fails: _Fails) -> Life:
    """A life that fails in the same way, with the fewest and simplest deviations found."""
    return _simplified(_shortened(found, fails), fails)


def _shortened(found: Life, fails: _Fails) -> Life:
    """Leaves out halves, quarters and so on, then single deviations, as long as it still fails."""
    size = max(1, len(found.schedule) // 2)
    while True:
        start, was_shortened = 0, False
        while start < len(found.schedule) and len(found.schedule) > 1:
            fewer = found.schedule[:start] + found.schedule[start + size :]
            life = fails(fewer) if fewer else None
            if life is not None:
                found, was_shortened = life, True
            else:
                start += size
        if size == 1 and not was_shortened:
            return found
        size = max(1, size // 2)


def _simplified(found: Life, fails: _Fails) -> Life:
    """Removes the ends of holds, so that a task is slow until nothing else can run, if it still fails."""
    for place, deviation in enumerate(found.schedule):
        if isinstance(deviation, Hold) and deviation.until is not None:
            simpler: list[Deviation] = list(found.schedule)
            simpler[place] = dataclasses.replace(deviation, until=None)
            life = fails(tuple(simpler))
            if life is not None:
                found = life
    return found
