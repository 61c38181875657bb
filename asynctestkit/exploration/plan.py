"""How a test is to be explored, by `@explore`, `@replay` and the environment."""

from __future__ import annotations

import dataclasses
import math
import os  # live: a test may have patched the environment
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
    """A pattern for the names of the tasks that may be slow or cancelled; None for all."""
    max_runs: int = 2000
    seconds: float = 10.0
    """The wall time that the search may take."""
    schedule: Schedule | None = None
    """The only schedule to run, if given."""

    @property
    def most(self) -> int:
        """The most deviations that a schedule may have."""
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

    The first run is unchanged. Then each task is slow at each of its steps in turn, in up to `holds` places
    at once. With `cancellations`, each task that the test starts is cancelled at each step, alone and
    together with each hold; with `faults`, each scripted call fails at each of its uses, likewise. Random
    schedules follow. The first schedule that fails is shortened, and reported with a line that replays it.

    A CancelledError that comes out of a test in which a task was cancelled is no failure.

    A scripted call is one of `outcomes` or of `patchAsync`, a request of a `session`, a read of a
    `response`'s body, the entering or leaving of an `async_context`, or the next item of an `async_iterator`.
    It fails instead of doing what was scripted, with the first exception in the same script, or else with
    ConnectionError; a request also with TimeoutError, and with its client library's versions of both. A call
    whose script already fails is left alone. For the mocks such a call was not made: it is not in their
    records, and the next call gets what was scripted for it. Only a context whose leaving fails was left.

    With a fault, these are no failures: the injected exception coming out of the test, or of a task of
    startBackground; one that the code under test raises in its place; and deviations from the script, such as
    unused outcomes, requests without a route, or a call too many. Everything else is one: a failed assertion,
    an AttributeError in a handler, a deadlock; and leaks, if the test runs to its end. If the exception ends
    the test early, only a lock or a mock's context counts that was acquired in a function which otherwise
    always releases it, and which the exception passed through. Assert what holds whichever call fails.

    At most `max_runs` runs and `seconds` of wall time; `tasks` is a pattern for the names of the tasks that
    may be slow or cancelled. ASYNCTESTKIT_EXPLORE=off runs the test once, unchanged;
    ASYNCTESTKIT_EXPLORE=thorough explores for ten minutes.
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
    """Runs a test method in one schedule only, which the report of `explore` shows.

    Fails if the schedule no longer matches, because the test or the code under test has changed.
    """
    return _planned(Plan(schedule=schedule_from(schedule)))


def is_planned(method: object) -> bool:
    """Whether a test method is marked with `explore` or `replay`."""
    return hasattr(method, _PLAN)


def plan_of(method: object) -> Plan | None:
    """The plan for a test method; None to run it as usual. Raises ValueError for a bad environment."""
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
