"""What is still held when all that could give it back has ended: locks, semaphores, contexts of mocks."""

from __future__ import annotations

import contextlib
import functools
import sys
import unittest
from asyncio import Lock, Semaphore
from types import FrameType
from typing import Any, NamedTuple

from ..cpython import changes, step_internals
from ..cpython.versions import mark_coroutine_function
from ..stacks.code_owners import innermost_user_frame
from ..stacks.places import Place

__all__ = ["HeldContexts", "HeldLocks"]


class _Taking(NamedTuple):
    """Who has taken something, and where."""

    line: str
    """What is said of it."""
    function: tuple[str, str]
    """Its file and name."""
    is_of_test: bool
    """Whether it is a method of a test, which a failing call has ended early."""


class _Held:
    def __init__(self) -> None:
        self.released: dict[str, bool] = {}
        """For what would be a line of `still_held`: whether the function that took it gives it back."""

    def _taking(self, what: str, frame: FrameType) -> _Taking:
        caller = innermost_user_frame(frame) or frame
        code = caller.f_code
        place = Place(code.co_filename, caller.f_lineno, code.co_name)
        names = code.co_varnames[: code.co_argcount]
        is_of_test = any(issubclass(type(caller.f_locals.get(name)), unittest.TestCase) for name in names)
        return _Taking(f"a {what} at {place}", (code.co_filename, code.co_name), is_of_test)

    def _note_release(self, taking: _Taking, frame: FrameType) -> None:
        code = (innermost_user_frame(frame) or frame).f_code
        is_own = (code.co_filename, code.co_name) == taking.function and not taking.is_of_test
        self.released[taking.line] = is_own and self.released.get(taking.line, True)


class HeldContexts(_Held):
    """Contexts of mocks that were entered and not left."""

    def __init__(self) -> None:
        super().__init__()
        self._entered: dict[int, list[_Taking]] = {}

    def enter(self, context: object) -> None:
        """It was entered, by the function that awaits that."""
        taking = self._taking("context that was entered", sys._getframe(1))
        self._entered.setdefault(id(context), []).append(taking)

    def leave(self, context: object) -> None:
        """It is left, if it was entered at all."""
        takings = self._entered.get(id(context))
        if takings:
            self._note_release(takings.pop(), sys._getframe(1))

    def still_held(self) -> list[str]:
        """A line for each time that one was entered and not left."""
        return [taking.line for takings in self._entered.values() for taking in takings]


class _Taken(NamedTuple):
    lock: Lock | Semaphore
    free_before: int
    """How often it could have been acquired, when it first was."""
    taking: _Taking


class HeldLocks(_Held):
    """Notes every `acquire` and `release` of asyncio's locks and semaphores while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self._taken: dict[int, _Taken] = {}
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> None:
        for kind in (Lock, Semaphore):
            for name, noting in (("acquire", self._noting), ("release", self._noting_release)):
                self._undo.callback(changes.replace(kind, name, noting(getattr(kind, name))))

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def still_held(self) -> list[str]:
        """A line for each that is held more often than when it was first acquired; forgets them all."""
        taken, self._taken = list(self._taken.values()), {}
        return [
            each.taking.line for each in taken if step_internals.free_places(each.lock) < each.free_before
        ]

    def _noting(self, acquire: Any) -> Any:
        @functools.wraps(acquire)
        def noted(lock: Lock | Semaphore) -> Any:
            before = self._taken.get(id(lock))
            free = step_internals.free_places(lock) if before is None else before.free_before
            taking = self._taking(f"{type(lock).__name__} that was acquired", sys._getframe(1))
            self._taken[id(lock)] = _Taken(lock, free, taking)
            return acquire(lock)

        return mark_coroutine_function(noted)

    def _noting_release(self, release: Any) -> Any:
        @functools.wraps(release)
        def noted(lock: Lock | Semaphore) -> None:
            taken = self._taken.get(id(lock))
            if taken is not None:
                self._note_release(taken.taking, sys._getframe(1))
            release(lock)

        return noted
