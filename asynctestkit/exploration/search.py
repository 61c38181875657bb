"""Which schedules are tried, and in what order: from the shortest deviation up, and then by chance."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fnmatch import fnmatchcase
from random import Random
from typing import NamedTuple

from .deviations import Cancel, Deviation, Fault, Hold, Schedule
from .lives import Life
from .plan import Plan
from .walk import Walk, lengths_of

__all__ = ["Attempt", "Search", "cancellations_in", "shorter_holds"]

_SYSTEMATIC_BETWEEN_WALKS = 3
"""Schedules with two deviations are many: one in four is by chance meanwhile."""
_MOST_IDLE_WALKS = 100
"""Schedules by chance, one after the other, that come to no new order: then the rest is taken for known."""
_MOST_SHORTER = 3
"""Steps of others until which a task is slow, each in turn."""
_MOST_BASES = 2000
"""Schedules that are remembered to be deviated from further."""

_Attempts = Generator["Attempt", Life, None]


class Attempt(NamedTuple):
    """A schedule to be tried."""

    schedule: Schedule
    walk: Walk | None = None
    """Chooses what the schedule leaves open."""


class Search:
    """The schedules of a test, one after the other; what each came to decides on the next."""

    def __init__(self, first: Life, plan: Plan) -> None:
        self.distinct = 1
        """Different orders that have been seen."""
        self.walked = 0
        """Schedules that were tried by chance."""
        self.is_exhausted = False
        """Whether every schedule with as many deviations as are asked for was tried."""
        self._first = first
        self._plan = plan
        self._seen = {_fingerprint_of(first)}
        self._tried: set[frozenset[Deviation]] = set()

    def note(self, failing: Life) -> None:
        """The last schedule has failed: it counts as well."""
        self._is_new(failing)

    def attempts(self) -> _Attempts:
        """Each is answered by what it came to, with `send`."""
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
        """Tries each of these with one more deviation; returns those that came to a new order."""
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
        """By chance, until that comes to nothing new for long."""
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
        """What may happen besides, once in a run."""
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
        found = _fingerprint_of(life)
        is_new = found not in self._seen
        self._seen.add(found)
        self.distinct += is_new
        return is_new


def cancellations_in(life: Life, names: set[str]) -> Iterator[Cancel]:
    """Every cancellation of the tasks with those names in a life that went so."""
    last = dict(life.trace)
    for task, step in life.trace:
        if task in names:
            if step == 1:
                yield Cancel(task, 1)
            if step != last[task]:
                yield Cancel(task, step, asleep=True)
                yield Cancel(task, step + 1)


def shorter_holds(base: Life, life: Life) -> Iterator[Hold]:
    """The hold that `life` has more than `base`, but until one of the first steps that went before it.

    A plain one lasts until nothing else may run, and what is wrong may be so only for a moment.
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
