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
from .told import Applied, Taken
from .walk import Walk

__all__ = ["Life", "RunOne", "Script", "live"]

__unittest = True

RunOne = Callable[[Any, unittest.TestResult], object]
"""Runs an instance as unittest does."""
_Call = tuple[str, tuple[Any, ...]]


class Script:
    """How the loop of one life is to be made; afterwards, the loop."""

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
        """Virtual seconds after which nothing can come of it any more."""
        self._schedule = schedule
        self._walk = walk
        self._records_steps = records_steps
        self.has_faults = has_faults or any(isinstance(each, Fault) for each in schedule)
        """Whether scripted calls are noted, as they may fail."""

    def make_loop(self) -> ExploredLoop:
        """The loop of the life."""
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
        """The scripted calls of the life, where they may fail."""
        return None if self.loop is None else self.loop.asynctestkit_faults

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
    possible: list[Fault] = dataclasses.field(default_factory=list)
    """How scripted calls could have failed."""
    raised: list[Raised] = dataclasses.field(default_factory=list)
    """What they have failed with."""
    held: list[str] = dataclasses.field(default_factory=list)
    """What was taken and not given back, where calls may fail, a line each."""
    released: set[str] = dataclasses.field(default_factory=set)
    """Such lines of what the function that took it has always given back itself."""

    @property
    def has_passed(self) -> bool:
        """Whether the test has come to its end, and nothing has come out of it."""
        return self.calls[-1][0] == "addSuccess"

    @property
    def failure(self) -> BaseException | None:
        """The first exception that it failed with; none of those that are the doing of the schedule."""
        return next((call[1][-1][1] for call in self._failing), None)

    @property
    def calls_to_report(self) -> list[_Call]:
        """What the result of the test is to be told: nothing of what is the doing of the schedule."""
        failing = self._failing
        calls = [each for each in self.calls if _is_silent(each) or each in failing]
        return calls if failing or len(calls) == len(self.calls) else [*calls, ("addSuccess", ())]

    @property
    def _failing(self) -> list[_Call]:
        """Of what the result was told, what is a failure in this schedule as well."""
        errors = [each for each in self.calls if not _is_silent(each)]
        after = 0
        if self.raised:
            # What a task of startBackground lets out comes after what the test comes to without that task.
            out = [each[0] != "addSubTest" and not self._counts(each[0], each[1][-1][1]) for each in errors]
            after = max((place for place, is_out in enumerate(out) if is_out), default=0)
        return [
            (name, arguments)
            for place, (name, arguments) in enumerate(errors)
            if (place >= after or name == "addSubTest") and self._counts(name, arguments[-1][1])
        ]

    def _counts(self, kind: str, error: BaseException) -> bool:
        if isinstance(error, StaleAllowanceError):
            return not (self.applied or self.passed)  # in another order, what it tolerates need not come
        if self.raised and kind != "addExpectedFailure":
            return not (is_answer(error, self.raised) or is_answer_left_behind(error, self.raised))
        is_cancelled = any(isinstance(each.deviation, Cancel) for each in self.applied)
        if is_cancelled and isinstance(error, LeakError):
            # What was given to a task that is cancelled before its first step has not begun.
            return any(leak.kind != "coroutine" for leak in error.leaks)
        return not (is_cancelled and kind != "addExpectedFailure" and _is_cancellation(error))

    def forget_errors(self) -> None:
        """What is only deviated from further keeps alive nothing of the test."""
        self.calls, self.raised = [], []

    @property
    def unmet(self) -> list[Deviation]:
        """What did not come to pass of the schedule."""
        met = {each.deviation for each in self.applied}
        return [each for each in self.schedule if each not in met]


def live(case: unittest.TestCase, run: RunOne, schedule: Schedule, script: Script) -> Life | None:
    """One life of a test on a fresh instance; None where its loop is none of ours."""
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


def _is_silent(call: _Call) -> bool:
    """Whether a call tells of no exception."""
    name, arguments = call
    return not arguments or arguments[-1] is None or name == "addSkip"


def _is_cancellation(error: BaseException) -> bool:
    """Whether that is only a cancellation which came out where a task was awaited."""
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple):
        return all(map(_is_cancellation, members))
    return isinstance(error, CancelledError)
