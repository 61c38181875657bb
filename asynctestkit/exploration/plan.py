"""What is asked for a test: `@explore`, `@replay`, and the environment."""

from __future__ import annotations

import dataclasses
import math
import os  # live: the environment that a test has patched is the one it wants
from collections.abc import Callable
from numbers import Real
from typing import Any, TypeVar

from .deviations import Schedule, schedule_from

__all__ = ["Plan", "explore", "is_planned", "plan_of", "replay"]

_Method = TypeVar("_Method", bound=Callable[..., Any])

_PLAN = "_asynctestkit_plan"
_THOROUGH_RUNS, _THOROUGH_SECONDS = 100_000, 600.0
_WHICH, _SCHEDULE = "ASYNCTESTKIT_EXPLORE", "ASYNCTESTKIT_SCHEDULE"


@dataclasses.dataclass(frozen=True)
class Plan:
    """How far the schedules of a test are explored."""

    holds: int = 2
    """How many tasks may be slow at once, each at one step."""
    cancellations: bool = False
    """Whether a task that the test starts may be cancelled, one in a run."""
    faults: bool = False
    """Whether a scripted call may fail, one in a run that has no cancellation."""
    tasks: str | None = None
    """A pattern for the names of tasks that may be slow or cancelled; None: all."""
    max_runs: int = 2000
    seconds: float = 10.0
    """Of wall time."""
    schedule: Schedule | None = None
    """The one that is to be run, and no other."""

    @property
    def most(self) -> int:
        """How many deviations a schedule may have."""
        return self.holds + (self.cancellations or self.faults)


def explore(
    method: Any = None,
    /,
    *,
    holds: int = 2,
    cancellations: bool = False,
    faults: bool = False,
    tasks: str | None = None,
    max_runs: int = 2000,
    seconds: float = 10.0,
) -> Any:
    """Runs a test method in many schedules of its tasks, each a whole life of the test, on virtual time.

    First as it is; then with every task slow at every step in turn, in up to `holds` places at once; with
    `cancellations`, with every task that the test starts cancelled at every step, alone and with each of
    those; with `faults`, with every scripted call failing at its every use in turn, likewise; then by chance.
    The first schedule that fails is made as short as it can be, and reported with a line that replays it.

    A CancelledError that comes out of a test in which a task was cancelled is no failure.

    A scripted call is one of `outcomes` or of `patchAsync`, a request of a `session`, a read of a
    `response`'s body, the entering of an `async_context`, the next item of an `async_iterator`. It fails in
    place of what is scripted for it, with the first exception that the same script has, else with
    ConnectionError; a request also with TimeoutError, and with its client library's own of both. What fails
    by its script already is left alone. To the mocks such a call has not been made: their records do not have
    it, and the next call gets what was scripted for it.

    No failure is then that exception itself where it comes out of the test, or of a task of startBackground;
    one that the code under test raises in its place; and what leaves the script: scripted outcomes that are
    not used, requests without a route, a call too many. Everything else is: an assertion, an AttributeError
    in a handler, a deadlock; and what is left behind, if the test comes to its end. Where it lets the
    exception out, and so ends early, only a lock or mock's context is that a function has taken which always
    gives it back itself, and which the exception went through. Assert what holds whichever call fails.

    At most `max_runs` runs and `seconds` of wall time; `tasks` is a pattern for the names of those that may
    be slow or cancelled. ASYNCTESTKIT_EXPLORE=off runs the test as it is, and ASYNCTESTKIT_EXPLORE=thorough
    for ten minutes.
    """
    _check_number("holds", holds, 0)
    _check_number("max_runs", max_runs, 1)
    if isinstance(seconds, bool) or not isinstance(seconds, Real):
        raise TypeError(f"seconds is {seconds!r}, expected a number of seconds")
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"seconds is {seconds!r}, expected a number of seconds that is not negative")
    for name, value in (("cancellations", cancellations), ("faults", faults)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}, expected True or False")
    if tasks is not None and not isinstance(tasks, str):
        raise TypeError(f"tasks is {tasks!r}, expected a pattern such as 'client-*', or None")
    plan = Plan(holds, cancellations, faults, tasks, max_runs, float(seconds))
    return _planned(plan) if method is None else _planned(plan)(method)


def replay(schedule: str) -> Callable[[_Method], _Method]:
    """Runs a test method in that schedule, as the report of `explore` shows it, and in no other.

    Fails where the schedule does not match any more, as the test or the code under test has changed.
    """
    return _planned(Plan(schedule=schedule_from(schedule)))


def is_planned(method: object) -> bool:
    """Whether a test method is marked with one of the two."""
    return hasattr(method, _PLAN)


def plan_of(method: object) -> Plan | None:
    """What is asked for a test method; None where it is run as ever. ValueError for a wrong environment."""
    plan: Plan | None = getattr(method, _PLAN, None)
    if plan is None:
        return None
    schedule = os.environ.get(_SCHEDULE)
    if schedule is not None:
        try:
            return dataclasses.replace(plan, schedule=schedule_from(schedule))
        except ValueError as wrong:
            raise ValueError(f"environment variable {_SCHEDULE}: {wrong}") from None
    which = os.environ.get(_WHICH, "")
    if which not in ("", "off", "thorough"):
        raise ValueError(f"environment variable {_WHICH} is {which!r}, expected thorough or off")
    if plan.schedule is None and which == "off":
        return None
    if plan.schedule is None and which == "thorough":
        runs = max(plan.max_runs, _THOROUGH_RUNS)
        return dataclasses.replace(plan, max_runs=runs, seconds=max(plan.seconds, _THOROUGH_SECONDS))
    return plan


def _planned(plan: Plan) -> Callable[[_Method], _Method]:
    def decorate(method: _Method) -> _Method:
        if isinstance(method, type) or not callable(method):
            raise TypeError(f"explore and replay are for test methods, not for {method!r}")
        setattr(method, _PLAN, plan)
        return method

    return decorate


def _check_number(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}, expected an int")
    if value < least:
        raise ValueError(f"{name} is {value!r}, expected {least} or more")
