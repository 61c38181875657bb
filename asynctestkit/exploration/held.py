"""Locks and semaphores that are still held when everything that could release them has ended."""

from __future__ import annotations

import functools
import sys
from asyncio import Lock, Semaphore
from typing import Any, NamedTuple

from ..cpython import step_internals
from ..cpython.versions import mark_coroutine_function
from ..stacks.code_owners import below_the_library
from ..stacks.places import Place

__all__ = ["HeldLocks"]


class _Taken(NamedTuple):
    lock: Lock | Semaphore
    free_before: int
    """How often it could have been acquired, when it first was."""
    place: Place


class HeldLocks:
    """Notes every `acquire` of asyncio's locks and semaphores while it is entered."""

    def __init__(self) -> None:
        self._taken: dict[int, _Taken] = {}
        self._originals: dict[type, Any] = {}

    def __enter__(self) -> None:
        for kind in (Lock, Semaphore):
            original = self._originals[kind] = kind.acquire
            kind.acquire = self._noting(original)  # type: ignore[method-assign]  # for as long as this is entered

    def __exit__(self, *_: object) -> None:
        for kind, original in self._originals.items():
            kind.acquire = original  # type: ignore[attr-defined]  # of those two

    def still_held(self) -> list[str]:
        """A line for each that is held more often than when it was first acquired; forgets them all."""
        taken, self._taken = list(self._taken.values()), {}
        return [
            f"a {type(each.lock).__name__} that was acquired at {each.place}"
            for each in taken
            if step_internals.free_places(each.lock) < each.free_before
        ]

    def _noting(self, acquire: Any) -> Any:
        @functools.wraps(acquire)
        def noted(lock: Lock | Semaphore) -> Any:
            caller: Any = below_the_library(sys._getframe(1))  # there is one that runs the loop
            before = self._taken.get(id(lock))
            free = step_internals.free_places(lock) if before is None else before.free_before
            code, line = caller.f_code, caller.f_lineno
            self._taken[id(lock)] = _Taken(lock, free, Place(code.co_filename, line, code.co_name))
            return acquire(lock)

        return mark_coroutine_function(noted)
