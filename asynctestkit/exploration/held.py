"""Locks and semaphores that are still held when everything that could release them has ended."""

from __future__ import annotations

import contextlib
import functools
import sys
import unittest
from asyncio import Lock, Semaphore
from types import FrameType
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
    is_of_test: bool

    def line(self) -> str:
        return f"a {type(self.lock).__name__} that was acquired at {self.place}"


class HeldLocks:
    """Notes every `acquire` and `release` of asyncio's locks and semaphores while it is entered."""

    def __init__(self) -> None:
        self.released: dict[str, bool] = {}
        """For what would be a line of `still_held`: whether the function that acquired it releases it."""
        self._taken: dict[int, _Taken] = {}
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> None:
        for kind in (Lock, Semaphore):
            for name, noting in (("acquire", self._noting), ("release", self._noting_release)):
                self._undo.callback(setattr, kind, name, getattr(kind, name))
                setattr(kind, name, noting(getattr(kind, name)))

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def still_held(self) -> list[str]:
        """A line for each that is held more often than when it was first acquired; forgets them all."""
        taken, self._taken = list(self._taken.values()), {}
        return [each.line() for each in taken if step_internals.free_places(each.lock) < each.free_before]

    def _noting(self, acquire: Any) -> Any:
        @functools.wraps(acquire)
        def noted(lock: Lock | Semaphore) -> Any:
            caller: Any = below_the_library(sys._getframe(1))  # there is one that runs the loop
            before = self._taken.get(id(lock))
            free = step_internals.free_places(lock) if before is None else before.free_before
            code, line = caller.f_code, caller.f_lineno
            place = Place(code.co_filename, line, code.co_name)
            self._taken[id(lock)] = _Taken(lock, free, place, _is_of_test(caller))
            return acquire(lock)

        return mark_coroutine_function(noted)

    def _noting_release(self, release: Any) -> Any:
        @functools.wraps(release)
        def noted(lock: Lock | Semaphore) -> None:
            taken = self._taken.get(id(lock))
            if taken is not None:
                code = below_the_library(sys._getframe(1)).f_code  # type: ignore[union-attr]  # as above
                is_same = (code.co_filename, code.co_name) == (taken.place.file, taken.place.function)
                line = taken.line()
                self.released[line] = is_same and not taken.is_of_test and self.released.get(line, True)
            release(lock)

        return noted


def _is_of_test(frame: FrameType) -> bool:
    """Whether a function is a method of a test, which a failing call has ended early."""
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    return any(isinstance(frame.f_locals.get(name), unittest.TestCase) for name in names)
