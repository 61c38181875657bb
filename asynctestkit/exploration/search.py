"""Which schedules are tried, and in what order: by number of deviations, and some at random."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fnmatch import fnmatchcase
from random import Random
from typing import NamedTuple

from .deviations import Cancel, Deviation, Fault, Hold, Schedule
from .lives import Life
from .names import require_a_match
from .plan import Plan
from .walk import Walk, lengths_of

__all__ = ["Attempt", "Search", "cancellations_in", "shorter_holds"]

_SYSTEMATIC_BETWEEN_WALKS = 3
"""Of the schedules with two deviations and more, which are many, one in four is a random one instead."""
_MOST_IDLE_WALKS = 100
"""After this many random schedules in a row without a new order, random ones end."""
_MOST_SHORTER = 3
"""The number of others' steps until which a task is made slow, each in turn."""
_MOST_BASES = 2000
"""The most schedules that are kept as bases for further deviations."""

_Attempts = Generator["Attempt", Life, None]


class Attempt(NamedTuple):
    """A schedule to try."""

    schedule: Schedule
    walk: Walk | None = None
    """Chooses at random where the schedule leaves a choice."""


class Search:
    """Generates the schedules of a test; the outcome of each decides on the next."""

    def __init__(self, first: Life, plan: Plan) -> None:
        self.distinct = 1
        """The number of different orders seen."""
        self.walked = 0
        """The number of random schedules tried."""
        self.is_exhausted = False
        """Whether all schedules within the plan's number of deviations were tried."""
        self._first = first
        self._plan = plan
        self._seen = {_fingerprint_of(first)}
        self._tried: set[frozenset[Deviation]] = set()
        self._names = {task for task, _ in first.trace}

    def note(self, failing: Life) -> None:
        """Counts the order of the last schedule, which failed."""
        self._is_new(failing)

    def require_tasks(self) -> None:
        """Raises ValueError if no task has a name that the plan asks for: nothing was explored then."""
        require_a_match(self._plan.tasks, self._names, "no task of the test")

    def attempts(self) -> _Attempts:
        """The schedules to try; the caller sends the life that each led to."""
        bases = yield from self._level([self._first])
        deeper, walks = self._deeper(bases), self._walks()
        systematic, walked = next(deeper, None), next(walks, None)
        self.is_exhausted = systematic is None
        while systematic is not None or walked is not None:
            for _ in range(_SYSTEMATIC_BETWEEN_WALKS):
                if systematic is not None:
                    systematic = _answered(deeper, (yield systematic))
                    self.is_exhausted = systematic is None
            if walked is not None:
                walked = _answered(walks, (yield walked))

    def _deeper(self, bases: list[Life]) -> _Attempts:
        while bases:
            bases = yield from self._level(bases)

    def _level(self, bases: list[Life]) -> Generator[Attempt, Life, list[Life]]:
        """Tries each of these with one more deviation; returns the lives that had a new order."""
        found: list[Life] = []
        for base in bases:
            for deviation in self._next_deviations(base):
                schedule = (*base.schedule, deviation)
                if frozenset(schedule) in self._tried:
                    continue
                self._tried.add(frozenset(schedule))
                life = yield Attempt(schedule)
                if self._is_new(life):
                    _keep(life, found)
        if bases == [self._first]:
            for life in tuple(found):
                for shorter in shorter_holds(self._first, life):
                    life = yield Attempt((shorter,))
                    if self._is_new(life):
                        _keep(life, found)
        return found

    def _next_deviations(self, base: Life) -> Iterator[Deviation]:
        holds = sum(isinstance(each, Hold) for each in base.schedule)
        if holds < self._plan.holds:
            for task, step in base.crossroads:
                if self._is_wanted(task):
                    yield Hold(task, step)
        if holds == len(base.schedule):
            yield from self._cancellations_and_faults(base)

    def _walks(self) -> _Attempts:
        """Random schedules, until many in a row give no new order."""
        lengths, idle = lengths_of(self._first.trace), 0
        cancellations_and_faults = list(self._cancellations_and_faults(self._first))
        if not self._first.crossroads or self._plan.tasks is not None or not self._plan.holds:
            return
        while idle < _MOST_IDLE_WALKS:
            seed = self.walked + 1
            schedule: Schedule = ()
            if cancellations_and_faults and seed % 2:
                schedule = (Random(seed).choice(cancellations_and_faults),)
            life = yield Attempt(schedule, Walk(seed, lengths))
            self.walked += 1
            idle = 0 if self._is_new(life) else idle + 1

    def _cancellations_and_faults(self, base: Life) -> Iterator[Cancel | Fault]:
        """The cancellations and faults, of which a run has at most one."""
        if self._plan.cancellations:
            yield from self._cancellations(base)
        if self._plan.faults:
            yield from base.possible

    def _cancellations(self, base: Life) -> Iterator[Cancel]:
        spared = base.mains | base.internals
        names = {task for task, _ in base.trace if task not in spared and self._is_wanted(task)}
        return cancellations_in(base, names)

    def _is_wanted(self, task: str) -> bool:
        return self._plan.tasks is None or fnmatchcase(task, self._plan.tasks)

    def _is_new(self, life: Life) -> bool:
        self._names.update(task for task, _ in life.trace)
        found = _fingerprint_of(life)
        is_new = found not in self._seen
        self._seen.add(found)
        self.distinct += is_new
        return is_new


def cancellations_in(life: Life, names: set[str]) -> Iterator[Cancel]:
    """All cancellations to try of tasks with those names, given the steps of a life."""
    last = dict(life.trace)
    for task, step in life.trace:
        if task in names:
            if step == 1:
                yield Cancel(task, 1)
            if step != last[task]:
                yield Cancel(task, step, asleep=True)
                yield Cancel(task, step + 1)


def shorter_holds(base: Life, life: Life) -> Iterator[Hold]:
    """Variants of the hold that `life` has in addition to `base`: each ends at a step that it let pass.

    A plain hold lasts until nothing else can run, and may skip over a short moment in which the code fails.
    """
    hold = life.schedule[-1]
    key = (hold.task, hold.step) if isinstance(hold, Hold) else None
    if key is not None and key in life.trace:
        overtaking = life.trace[base.trace.index(key) : life.trace.index(key)]
        for until in overtaking[:-1][:_MOST_SHORTER]:
            yield Hold(*key, until)


def _keep(life: Life, lives: list[Life]) -> None:
    if len(lives) < _MOST_BASES:
        lives.append(life)


def _fingerprint_of(life: Life) -> int:
    besides = [each.deviation for each in life.applied if not isinstance(each.deviation, Hold)]
    return hash((tuple(life.trace), tuple(besides)))


def _answered(attempts: _Attempts, life: Life) -> Attempt | None:
    try:
        return attempts.send(life)
    except StopIteration:
        return None
