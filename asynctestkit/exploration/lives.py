"""One life of a test, from its set-up to its sweep, in one schedule."""

from __future__ import annotations

import dataclasses
import unittest
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from ..cpython import step_internals
from ..exceptions import LeakError, StaleAllowanceError
from .deviations import Deviation, Hold, Schedule, StepKey
from .loop import ExploredLoop
from .steps import Applied
from .told import Taken
from .walk import Walk

__all__ = ["Life", "RunOne", "Script", "live"]

__unittest = True

RunOne = Callable[[Any, unittest.TestResult], object]
"""Runs an instance as unittest does."""
_Call = tuple[str, tuple[Any, ...]]


class Script:
    """How the loop of one life is to be made; afterwards, the loop."""

    def __init__(self, schedule: Schedule, *, walk: Walk | None = None, is_told: bool = False) -> None:
        self.loop: ExploredLoop | None = None
        self.limit: float | None = None
        """Virtual seconds after which nothing can come of it any more."""
        self._schedule = schedule
        self._walk = walk
        self._is_told = is_told

    def make_loop(self) -> ExploredLoop:
        """The loop of the life."""
        self.loop = ExploredLoop(self._schedule)
        self.loop.steps.choose = self._walk
        self.loop.steps.is_telling = self._is_told
        if self.limit is not None:
            self.loop.clock.limit = self.limit
        return self.loop

    def end(self) -> None:
        """What comes now is no part of the test."""
        if self.loop is not None:
            self.loop.steps.is_watching = False


@dataclasses.dataclass
class Life:
    """What one life of a test came to."""

    schedule: Schedule
    calls: list[_Call]
    """What the result was told, in order."""
    trace: list[StepKey]
    crossroads: list[StepKey]
    applied: list[Applied]
    passed: list[Hold]
    """What a schedule by chance came to, as holds."""
    mains: frozenset[str]
    """What the tasks that ran the test itself were called."""
    internals: frozenset[str]
    """What the tasks were called that asyncio has started for itself."""
    uncontrolled: frozenset[str]
    """What else had a say in the order."""
    elapsed: float
    taken: list[Taken]
    """The steps in detail, where they are told."""

    @property
    def failure(self) -> BaseException | None:
        """The first exception that it failed with; none of those that are the doing of the schedule."""
        return next((error for kind, error in _errors(self.calls) if self._counts(kind, error)), None)

    def _counts(self, kind: str, error: BaseException) -> bool:
        if isinstance(error, StaleAllowanceError):
            return not (self.applied or self.passed)  # in another order, what it tolerates need not come
        is_cancelled = any(not isinstance(each.deviation, Hold) for each in self.applied)
        if is_cancelled and isinstance(error, LeakError):
            # What was given to a task that is cancelled before its first step has not begun.
            return any(leak.kind != "coroutine" for leak in error.leaks)
        return not (is_cancelled and kind != "addExpectedFailure" and _is_cancellation(error))

    @property
    def unmet(self) -> list[Deviation]:
        """What did not come to pass of the schedule."""
        met = {each.deviation for each in self.applied}
        return [each for each in self.schedule if each not in met]


def live(case: unittest.TestCase, run: RunOne, schedule: Schedule, script: Script) -> Life | None:
    """One life of a test on a fresh instance; None where its loop is none of ours."""
    fresh, result = step_internals.fresh_case(case), _Calls()
    fresh._asynctestkit_script = script
    run(fresh, result)
    loop = script.loop
    if loop is None:
        return None
    steps = loop.steps
    return Life(
        schedule, result.calls, steps.trace, steps.crossroads, steps.applied, steps.passed,
        frozenset(steps.mains), frozenset(steps.internals), frozenset(loop.uncontrolled),
        loop.clock.elapsed, steps.taken,
    )  # fmt: skip


class _Calls(unittest.TestResult):
    """Keeps what it is told, and makes no text of it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []

    def addSuccess(self, test: Any) -> None:
        self.calls.append(("addSuccess", ()))

    def addError(self, test: Any, err: Any) -> None:
        self.calls.append(("addError", (err,)))

    def addFailure(self, test: Any, err: Any) -> None:
        self.calls.append(("addFailure", (err,)))

    def addSkip(self, test: Any, reason: str) -> None:
        self.calls.append(("addSkip", (reason,)))

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self.calls.append(("addExpectedFailure", (err,)))

    def addUnexpectedSuccess(self, test: Any) -> None:
        self.calls.append(("addUnexpectedSuccess", ()))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        self.calls.append(("addSubTest", (subtest, err)))


def _errors(calls: list[_Call]) -> list[tuple[str, BaseException]]:
    found = [(name, args[-1]) for name, args in calls if args and args[-1] is not None and name != "addSkip"]
    return [(name, info[1]) for name, info in found]


def _is_cancellation(error: BaseException) -> bool:
    """Whether that is only a cancellation which came out where a task was awaited."""
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple):
        return all(map(_is_cancellation, members))
    return isinstance(error, CancelledError)
