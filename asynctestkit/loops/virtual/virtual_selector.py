"""A selector that makes virtual time jump instead of waiting, and detects when no jump brings progress."""

from __future__ import annotations

import inspect
import math
import selectors
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from ...cpython import loop_internals, task_internals, wait_internals
from ...cpython.originals import asyncio
from ...cpython.wall import wall_time
from ..noted import NotedAwaits
from ..outside.activity import has_alarm, has_children
from ..outside.busy_threads import busy_threads, foreign_threads
from ..outside.contacts import Contacts
from ..outside.descriptors import has_unsent, only_listens, stays_within
from ..selector import Events, Standstill, WatchfulSelector
from .clock import VirtualClock

__all__ = ["VirtualSelector"]

_CHECK_INTERVAL = 0.005
"""Wall seconds between two checks for activity outside of the loop while time stands still."""
_PATIENCE = 1.0
"""Wall seconds for which time stands still without an event from outside; then it has real speed."""
_PATIENCE_IN_ALL = 5.0
"""The same if events keep coming: a thread may tick for ever."""
_LONGEST_TURN = 0.02
"""Wall seconds that the turns between two such waits count for at most."""
_WAIT_WITHIN_PROCESS, _WAIT_FROM_ELSEWHERE = 0.001, 0.05
"""Wall seconds to wait for data on its way, before a jump: within this process, and from elsewhere."""
_SPINS, _SPIN_SECONDS, _PIPE_SECONDS = 50_000, 5.0, 50.0
"""The least turns without virtual time passing, and their least wall seconds, that count as spinning.

Some 30,000 turns are nothing unusual. If no task is suspended in `sleep(0)`, the longer time applies: it may
be a million items on their way through a queue.
"""
_MOST_BACKGROUND_JUMPS = 100_000
"""Jumps to timers of background tasks alone after which a standstill is reported."""
_ROUND = 1000
"""Turns, or jumps, between two inspections of the tasks."""
_JUMPS_BEFORE_INSPECTION = 50_000
"""Jumps before the timers are first inspected; a heartbeat of a minute reaches the clock's limit before."""


class VirtualSelector(WatchfulSelector):
    """Moves the clock to the next timer when nothing else can happen, and waits while something still can."""

    _turns = _spin_checks = _jumps = _inspections = _background_jumps = 0
    _turning_since = 0.0
    _waited_since_event = _waited_in_all = 0.0
    """Wall seconds for which time stood still for the outside: since its last event, and in all."""
    _counted_at: float | None = None
    """When these were last counted, since the last jump."""
    _last_timer = math.inf
    """The number of the last timer that was set before the previous inspection."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        contacts: Contacts,
        listeners: Sequence[Callable[[Standstill], None]],
        background: Callable[[], Collection[asyncio.Task[Any]]],
        clock: VirtualClock,
    ) -> None:
        super().__init__(loop, contacts, listeners)
        self._background = background
        self._clock = clock
        self._had_alarm = has_alarm()
        """An alarm of the test runner, set to end tests that hang, does not count."""
        self._foreign_before = foreign_threads()
        """A library in C has its workers, idle or not; only those started later work for the test."""
        self._resolution_as_of = clock.now
        self._awaited_before = NotedAwaits()
        """What each task, except background tasks, waited for when it was last inspected."""

    def select(self, timeout: float | None = None) -> Events:
        """As the standard selector's, except for the waiting."""
        if timeout is not None and timeout <= 0:
            events = self._turn()
        else:
            events = super().select(0)
            if not events:
                events = self._wait_or_jump()
        if self._clock.now != self._resolution_as_of:
            self._resolution_as_of = self._clock.now
            wait_internals.set_resolution(self._loop, self._clock.resolution)
        return events

    def _turn(self) -> Events:
        events = super().select(0)
        if events:
            self._turns = 0
            self._count_turns()
            return events
        self._turns += 1
        if self._turns == 1:
            self._turning_since, self._spin_checks = wall_time(), 0
        elif self._turns % _ROUND == 0:
            self._count_turns()
            if self._turns >= _SPINS and self._is_spinning():
                self._turns = 0
                self._report(Standstill.SPIN)
        return events

    def _is_spinning(self) -> bool:
        spent = wall_time() - self._turning_since
        if spent < _SPIN_SECONDS:
            return False
        if self._is_at_work():
            self._turns = 0  # afterwards, a task that waits for this activity gets the full time
            return False
        self._spin_checks += 1
        if self._spin_checks == 1:
            return False  # the activity that has just ended may be what the task waits for
        return spent >= _PIPE_SECONDS or any(map(_yields, task_internals.all_tasks(self._loop)))

    def _wait_or_jump(self) -> Events:
        self._turns = 0
        if self._is_endless():
            return self._wait_for_ever()
        timer: Any = wait_internals.first_timer(self._loop)
        due = timer.when()
        while self._is_at_work():
            events = self._wait_for_outside(due)
            if events or loop_internals.ready_count(self._loop) or self._clock.now >= due:
                return events
        self._waited_since_event = self._waited_in_all = 0.0
        self._counted_at = None
        events = self._wait_for_data(due)
        if events or loop_internals.ready_count(self._loop):
            return events
        if self._listeners:
            if not self._clock.allows(due):
                self._clock.extend()
                return self._report(Standstill.RUNAWAY)
            if self._is_background_alone(timer):
                return self._report(Standstill.BACKGROUND)
            self._jumps += 1
            if self._jumps == _JUMPS_BEFORE_INSPECTION << self._inspections and self._has_run_all_timers():
                return self._report(Standstill.HEARTBEAT)
        self._clock.advance_to(due)
        return []

    def _is_at_work(self) -> bool:
        """Whether something outside may be about to wake the loop."""
        return (
            any(each.number not in self._foreign_before for each in busy_threads(self._contacts.spared))
            or has_children()
            or (has_alarm() and not self._had_alarm)
        )

    def _is_background_alone(self, timer: asyncio.TimerHandle) -> bool:
        """Whether only timers of background tasks were due for long, and no other task has moved."""
        background = self._background()
        woken = {id(each) for each in wait_internals.arguments_of(timer)} if background else ()
        if not any(id(task_internals.awaited_future(task)) in woken for task in background):
            self._background_jumps = 0
            self._awaited_before.clear()
            return False
        self._background_jumps += 1
        if self._background_jumps % _ROUND:
            return False
        others = task_internals.all_tasks(self._loop).difference(background)
        before, self._awaited_before = (
            self._awaited_before,
            NotedAwaits((task, task_internals.awaited_future(task)) for task in others),
        )
        if before != self._awaited_before:
            self._background_jumps = 0
        if self._background_jumps < _MOST_BACKGROUND_JUMPS:
            return False
        self._background_jumps = 0
        return True

    def _has_run_all_timers(self) -> bool:
        """Whether the timers that were pending at the previous call have all run, or been cancelled."""
        timers: Iterable[Any] = loop_internals.timers(self._loop)
        numbers: list[int] = [timer.order[1] for timer in timers if timer.when() != math.inf]
        before, self._last_timer = self._last_timer, max(numbers)
        self._inspections += 1  # ever more rarely: what is then proved takes walks over the heap
        return min(numbers) > before

    def _wait_for_outside(self, due: float) -> Events:
        """Waits a little; once patience is over, time passes meanwhile, but not beyond the next timer."""
        began = wall_time()
        events = selectors.DefaultSelector.select(self, min(_CHECK_INTERVAL, due - self._clock.now))
        self._count_wait(began, due)
        if events:
            self._waited_since_event = 0.0
        return events

    def _count_turns(self) -> None:
        """Counts turns as a wait for the outside: a thread may call the loop so often that it never waits."""
        now = wall_time()
        if self._counted_at is None:
            self._counted_at = now
        timer = wait_internals.first_timer(self._loop)
        if now - self._counted_at >= _CHECK_INTERVAL and timer is not None and self._is_at_work():
            self._count_wait(now, timer.when())

    def _count_wait(self, began: float, due: float) -> None:
        """Counts a wait for the outside that `began` then, and the turns before it.

        A turn in which the test itself computes for long counts for little.
        """
        now = wall_time()
        spent = now - began
        if self._counted_at is not None:
            spent += min(began - self._counted_at, _LONGEST_TURN)
        self._counted_at = now
        if self._waited_since_event < _PATIENCE and self._waited_in_all < _PATIENCE_IN_ALL:
            self._waited_since_event += spent
            self._waited_in_all += spent
        else:
            self._clock.advance_to(min(due, self._clock.now + spent))

    def _wait_for_data(self, due: float) -> Events:
        """Waits for data on its way, for no longer than the jump would skip; not for new clients."""
        descriptors = loop_internals.watched_descriptors(self._loop)
        if all(map(only_listens, descriptors)):
            return []
        if not stays_within(descriptors):
            longest = _WAIT_FROM_ELSEWHERE
        elif has_unsent(descriptors):
            longest = _WAIT_WITHIN_PROCESS
        else:
            longest = 0.0  # all that was sent has arrived, maybe just now
        return selectors.DefaultSelector.select(self, max(0.0, min(longest, due - self._clock.now)))


def _yields(task: asyncio.Task[Any]) -> bool:
    """Whether a task has yielded to the others, as `sleep(0)` does, without waiting for anything."""
    coroutine = task_internals.coroutine_of(task)
    if not inspect.iscoroutine(coroutine) or task_internals.awaited_future(task) is not None:
        return False
    return inspect.getcoroutinestate(coroutine) == inspect.CORO_SUSPENDED
