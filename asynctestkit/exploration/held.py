"""Locks, semaphores and contexts of mocks that are still held when a run has ended."""

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
    """Where something was acquired, and by which function."""

    line: str
    """The line of a report."""
    function: tuple[str, str]
    """The file and name of the function."""
    is_of_test: bool
    """Whether the function has a test case as an argument: a failing call may end it early."""


class _Held:
    def __init__(self) -> None:
        self.released: dict[str, bool] = {}
        """By line of `still_held`: whether the acquiring function has always released it itself."""

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
        """Records that the awaiting function has entered a context."""
        taking = self._taking("context that was entered", sys._getframe(1))
        self._entered.setdefault(id(context), []).append(taking)

    def leave(self, context: object) -> None:
        """Records that a context was left, if it was entered."""
        takings = self._entered.get(id(context))
        if takings:
            self._note_release(takings.pop(), sys._getframe(1))

    def still_held(self) -> list[str]:
        """A line for each context entered and not left."""
        return [taking.line for takings in self._entered.values() for taking in takings]


class _Taken(NamedTuple):
    lock: Lock | Semaphore
    free_before: int
    """How many times it could have been acquired just before it first was."""
    taking: _Taking


class HeldLocks(_Held):
    """Records every `acquire` and `release` of asyncio's locks and semaphores inside the block."""

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
        """A line for each that is held more often than before it was first acquired; then forgets all."""
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
