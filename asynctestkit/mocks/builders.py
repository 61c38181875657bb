"""Mocks that a test case makes, and verifies when the test has ended."""

from __future__ import annotations

import functools
import inspect
import sys
import unittest
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from ..cpython.step_internals import id_of_test, is_called_by_run
from ..exceptions import LeakWarning
from .absent import ABSENT
from .contexts import async_context
from .iterators import async_iterator
from .leftovers import rendered_unfinished, unfinished
from .patching import patch_async
from .responses import response
from .sessions import session

__all__ = ["MockBuilders"]

__unittest = True

_P = ParamSpec("_P")
_T = TypeVar("_T")


def _building(build: Callable[_P, _T]) -> Callable[Concatenate[MockBuilders, _P], _T]:
    """Makes a method that builds a mock and has it verified at the end of the test."""

    @functools.wraps(build)
    def make(self: MockBuilders, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        made = build(*args, **kwargs)
        self._asynctestkit_watch(made)
        return made

    return make


class MockBuilders(unittest.TestCase if TYPE_CHECKING else object):  # type: ignore[misc]  # a mixin
    """The functions of `asynctestkit.mocks` as methods whose mocks are verified at the end of the test.

    The test fails for calls never awaited, contexts entered and never left, responses never released, and
    scripted outcomes never used; also for errors of the mocks that the code under test swallowed: a request
    without a route, a call beyond the last outcome. A test that has failed already keeps its failure, and a
    LeakWarning lists these.
    """

    _asynctestkit_made: Sequence[Any] = ()
    _cleanups: list[Any]
    _outcome: Any

    makeAsyncContext = _building(async_context)
    makeAsyncIterator = _building(async_iterator)
    makeResponse = _building(response)
    makeSession = _building(session)

    def patchAsync(
        self, target: str, *, returns: Any = ABSENT, raises: Any = ABSENT, outcomes: Any = ABSENT
    ) -> Any:
        """Replaces the coroutine function "package.module.name" until the test ends, where it is used.

        Every call returns `returns`, raises `raises`, or performs the next step of `outcomes` (a list of
        steps as for `mocks.outcomes`, or what that returns). Each may be `after(…)` or `never()`. A call with
        a wrong signature fails. Returns the stand-in, a function with the methods of an AsyncMock.

        Raises MissingTargetError if the target is missing, NotAsyncError if it is not asynchronous, and
        ScriptError if other modules imported it by name, so that the stand-in would never be called.
        """
        stand_in, undo = patch_async(target, returns=returns, raises=raises, outcomes=outcomes)
        self.addCleanup(undo)
        self._asynctestkit_watch(stand_in)
        return stand_in

    def doCleanups(self) -> Any:  # CPython returns a bool, typeshed says None
        finished: Any = super().doCleanups()
        outcome = self._outcome
        if self._asynctestkit_made and outcome is not None and is_called_by_run(sys._getframe(1)):
            # After all other cleanups, the sweep included: what those leave or await counts as well.
            has_outcome = not outcome.success or outcome.expectedFailure is not None
            self.addCleanup(self._asynctestkit_verify, has_outcome)
            finished = super().doCleanups()
        return finished

    def _callCleanup(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
        if function == self._asynctestkit_verify:
            function(*args)  # at once, without a line of unittest's in the traceback
        else:
            super()._callCleanup(function, *args, **kwargs)

    def _asynctestkit_watch(self, made: Any) -> None:
        verification: tuple[Any, ...] = (self._asynctestkit_verify, (), {})
        if self._outcome is None and verification not in self._cleanups:
            self._cleanups.insert(0, verification)  # `debug()` does not call doCleanups
        self._asynctestkit_made = [*self._asynctestkit_made, made]

    def _asynctestkit_leaves_script(self) -> bool:
        """Whether the run deviates from what the test scripted, so that its scripts are not judged."""
        return False

    def _asynctestkit_verify(self, has_outcome: bool = False) -> None:
        made, self._asynctestkit_made = self._asynctestkit_made, ()
        lines = unfinished(made, close=True, spares_scripts=self._asynctestkit_leaves_script())
        if not lines:
            return
        text = rendered_unfinished(lines)
        if not has_outcome:
            raise self.failureException(text) from None
        _warn(f"{id_of_test(self)}: {text}", getattr(self, self._testMethodName))


def _warn(text: str, method: Callable[..., Any]) -> None:
    code = inspect.unwrap(method).__code__
    source = (code.co_filename, code.co_firstlineno)
    warning = LeakWarning(text)
    try:
        warnings.warn_explicit(warning, None, *source)
    except LeakWarning:  # raised under -W error, it would add a second outcome
        warnings.showwarning(warning, LeakWarning, *source)
