"""One life of a test, from its set-up to its sweep, in one schedule."""

from __future__ import annotations

import contextlib
import dataclasses
import unittest
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from ..cpython import step_internals
from ..exceptions import LeakError, StaleAllowanceError
from .answers import is_answer, is_answer_left_behind
from .deviations import Cancel, Deviation, Fault, Hold, Schedule, StepKey
from .faults import Faults, Raised
from .held import HeldLocks
from .loop import ExploredLoop
from .records import Applied, Taken
from .walk import Walk

__all__ = ["Life", "RunOne", "Script", "live"]

__unittest = True

RunOne = Callable[[Any, unittest.TestResult], object]
"""Runs an instance of a test case, as unittest does."""
_Call = tuple[str, tuple[Any, ...]]


class Script:
    """Makes the loop of one life, and then gives access to it."""

    def __init__(
        self,
        schedule: Schedule,
        *,
        walk: Walk | None = None,
        records_steps: bool = False,
        has_faults: bool = False,
    ) -> None:
        self.loop: ExploredLoop | None = None
        self.limit: float | None = None
        """The virtual seconds after which the life counts as runaway; None for the clock's default."""
        self._schedule = schedule
        self._walk = walk
        self._records_steps = records_steps
        self.has_faults = has_faults or any(isinstance(each, Fault) for each in schedule)
        """Whether scripted calls are recorded and may fail."""

    def make_loop(self) -> ExploredLoop:
        """Makes the loop of the life."""
        self.loop = ExploredLoop(self._schedule)
        self.loop.steps.choose = self._walk
        self.loop.steps.records_steps = self._records_steps
        if self.has_faults:
            self.loop.asynctestkit_faults = Faults(self._schedule, self.loop.steps)
        if self.limit is not None:
            self.loop.clock.limit = self.limit
        return self.loop

    @property
    def faults(self) -> Faults | None:
        """The scripted calls of the life; None if none may fail."""
        return None if self.loop is None else self.loop.asynctestkit_faults

    def end(self) -> None:
        """Stops recording steps: what follows is not part of the test."""
        if self.loop is not None:
            self.loop.steps.is_watching = False


@dataclasses.dataclass
class Life:
    """The outcome of one life of a test."""

    schedule: Schedule
    calls: list[_Call]
    """The calls made on the result, in order."""
    trace: list[StepKey]
    crossroads: list[StepKey]
    applied: list[Applied]
    passed: list[Hold]
    """The holds that give the same order as a random schedule."""
    mains: frozenset[str]
    """The names of the tasks that ran the test itself."""
    internals: frozenset[str]
    """The names of the tasks that asyncio started for itself."""
    uncontrolled: frozenset[str]
    """What else affected the order, such as threads."""
    elapsed: float
    taken: list[Taken]
    """The steps in detail, if they were recorded so."""
    possible: list[Fault] = dataclasses.field(default_factory=list)
    """The faults that could have been injected."""
    raised: list[Raised] = dataclasses.field(default_factory=list)
    """The exceptions that were injected."""
    held: list[str] = dataclasses.field(default_factory=list)
    """If calls may fail: what was acquired and not released, a line each."""
    released: set[str] = dataclasses.field(default_factory=set)
    """Lines, as in `held`, on what the acquiring function has always released itself."""

    @property
    def has_passed(self) -> bool:
        """Whether the test ran to its end, and no exception came out of it."""
        return self.calls[-1][0] == "addSuccess"

    @property
    def failure(self) -> BaseException | None:
        """The first exception that counts as a failure, and is not merely an effect of the schedule."""
        return next((call[1][-1][1] for call in self._failing), None)

    @property
    def calls_to_report(self) -> list[_Call]:
        """The calls to make on the real result, without mere effects of the schedule."""
        failing = self._failing
        calls = [each for each in self.calls if _is_silent(each) or each in failing]
        return calls if failing or len(calls) == len(self.calls) else [*calls, ("addSuccess", ())]

    @property
    def _failing(self) -> list[_Call]:
        """Those of the calls that report a failure, and not a mere effect of the schedule."""
        errors = [each for each in self.calls if not _is_silent(each)]
        after = 0
        if self.raised:
            # The exception of a startBackground task is reported after failures that only follow from it.
            out = [each[0] != "addSubTest" and not self._counts(each[0], each[1][-1][1]) for each in errors]
            after = max((place for place, is_out in enumerate(out) if is_out), default=0)
        return [
            (name, arguments)
            for place, (name, arguments) in enumerate(errors)
            if (place >= after or name == "addSubTest") and self._counts(name, arguments[-1][1])
        ]

    def _counts(self, kind: str, error: BaseException) -> bool:
        if isinstance(error, StaleAllowanceError):
            return not (self.applied or self.passed)  # in another order, the allowed leak need not occur
        if self.raised and kind != "addExpectedFailure":
            return not (is_answer(error, self.raised) or is_answer_left_behind(error, self.raised))
        is_cancelled = any(isinstance(each.deviation, Cancel) for each in self.applied)
        if is_cancelled and isinstance(error, LeakError):
            # A coroutine given to a task that is cancelled before its first step is never awaited.
            return any(leak.kind != "coroutine" for leak in error.leaks)
        return not (is_cancelled and kind != "addExpectedFailure" and _is_cancellation(error))

    def forget_errors(self) -> None:
        """Drops the exceptions: a life that only serves as a base for others must not keep objects alive."""
        self.calls, self.raised = [], []

    @property
    def unmet(self) -> list[Deviation]:
        """The deviations of the schedule that did not occur."""
        met = {each.deviation for each in self.applied}
        return [each for each in self.schedule if each not in met]


def live(case: unittest.TestCase, run: RunOne, schedule: Schedule, script: Script) -> Life | None:
    """Runs one life of a test on a fresh instance; returns None if its loop is not ours."""
    fresh, result = step_internals.fresh_case(case), _Calls()
    fresh._asynctestkit_script = script
    locks = HeldLocks()
    with locks if script.has_faults else contextlib.nullcontext():
        run(fresh, result)
    loop = script.loop
    if loop is None:
        return None
    steps, faults = loop.steps, loop.asynctestkit_faults
    life = Life(
        schedule, result.calls, steps.trace, steps.crossroads, steps.applied, steps.passed,
        frozenset(steps.mains), frozenset(steps.internals), frozenset(loop.uncontrolled),
        loop.clock.elapsed, steps.taken,
    )  # fmt: skip
    if faults is not None:
        life.possible, life.raised = faults.possible, faults.raised
        life.held = locks.still_held() + faults.still_held()
        life.released = {line for each in (locks, faults) for line, is_own in each.released.items() if is_own}
    return life


class _Calls(unittest.TestResult):
    """A result that records the calls made on it, and renders no text."""

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


def _is_silent(call: _Call) -> bool:
    """Whether a call on the result reports no exception."""
    name, arguments = call
    return not arguments or arguments[-1] is None or name == "addSkip"


def _is_cancellation(error: BaseException) -> bool:
    """Whether it is a CancelledError, or a group of nothing else, as awaiting a cancelled task raises."""
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple):
        return all(map(_is_cancellation, members))
    return isinstance(error, CancelledError)
