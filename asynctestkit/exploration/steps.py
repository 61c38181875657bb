"""The queue of what a loop runs next, in the order of a schedule.

It gives legal orders only. Steps of different tasks that are ready at the same time may be reordered, but not
across a plain callback or a timer that is due: those stay first in, first out. A step of the test's own task
after a `sleep(0)` counts as a plain callback, because tests use it to let other tasks start. A step of any
other task after a `sleep(0)` may overtake the same step twice only: it may be spinning until another moves.
"""

from __future__ import annotations

import collections
from asyncio import Handle
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ..cpython import step_internals, wait_internals
from ..cpython.originals import asyncio
from ..cpython.versions import HAS_RUNNER
from ..loops.virtual.virtual_loop import VirtualEventLoop
from ..stacks.await_chain import AwaitChain, chain_of_task
from .deviations import STEPS_AFTER, Cancel, Hold, Schedule, StepKey
from .names import TaskNames, Walker, is_internal
from .records import Applied, Taken, step_taken
from .waiting import Choice, Waiting, is_fair, is_fixed

__all__ = ["StepQueue"]

_MOST_STEPS = 2000
"""The most steps of others that overtake a held step: others may run for ever."""

_MOST_CHOICES = 64
"""The most steps from which a random choice is made."""

_pop = collections.deque.popleft


class StepQueue(collections.deque[Handle]):
    """The ready queue of a loop. Used from the loop's thread only."""

    def __init__(self, loop: VirtualEventLoop, schedule: Schedule) -> None:
        super().__init__()
        self._loop = loop
        self._names = TaskNames()
        self.main = ""
        """The current name for the task that runs the test; "" stands for that of the phase."""
        self.mains: set[str] = set()
        """All names that this task had."""
        self.internals: set[str] = set()
        """The names of asyncio's own tasks, which are not cancelled."""
        self.trace: list[StepKey] = []
        """The steps in the order in which they were taken."""
        self.crossroads: list[StepKey] = []
        """The steps that other steps could have overtaken."""
        self.applied: list[Applied] = []
        """The deviations of the schedule that have occurred."""
        self.passed: list[Hold] = []
        """Holds that give the same order as the choices of `choose`."""
        self.records_steps = False
        """Whether the steps are recorded in detail."""
        self.taken: list[Taken] = []
        """The steps in detail."""
        self._passed: set[StepKey] = set()
        self._holds = {(each.task, each.step): each for each in schedule if isinstance(each, Hold)}
        self._cancels = {
            (each.task, each.step, each.asleep): each for each in schedule if isinstance(each, Cancel)
        }
        self._awaited = {each.until for each in self._holds.values()}
        self._seen: set[StepKey] = set()
        """The steps taken so far that end a hold."""
        self._overtaken: dict[StepKey, int] = {}
        """By held step, the number of steps that have overtaken it."""
        self.choose: Choice | None = None
        """Chooses the index of the next step; None runs the first that is not held."""
        self.is_watching = True
        """Whether the schedule is applied and steps are recorded."""
        self.give_up: Callable[[], object] = _nothing
        """Called when a task has taken so many steps after its cancellation that it will not end."""
        self._last: StepKey | None = None
        self._nothing = Handle(_nothing, (), loop)
        self._nothing.cancel()

    def popleft(self) -> Any:
        """Removes and returns what runs next: a Handle, or an object that the loop can use like one."""
        if not self.is_watching:
            return _pop(self)
        if len(self) > 1 and (self._holds or self.choose is not None):
            index = self._index_of_next()
            if index is None:
                return self._nothing
            handle = self[index]
            del self[index]
        else:
            index, handle = 0, _pop(self)
        task = step_internals.task_of_step(handle)
        walker = self.walker(task) if task is not None else None
        if task is None or walker is None:
            return handle
        walker.taken += 1
        key = (walker.name, walker.taken)
        self.trace.append(key)
        if key in self._awaited:
            self._reach(key)
        if len(self) > index and self._may_overtake(self[index]) and not is_fixed(walker, handle, taken=1):
            self.crossroads.append(key)
        if walker.yields_over:
            walker.yields_over = {}
        if key in self._passed:
            self.passed.append(Hold(*key, until=self.trace[-2]))
        asleep = None
        if self._cancels:
            at_once = self._cancels.get((*key, False))
            if at_once is not None:
                self._cancel(task, at_once)
            asleep = self._cancels.get((*key, True))
        if asleep is None and not self.records_steps:
            return handle
        return _Step(self, handle, task, key, asleep)

    def _reach(self, key: StepKey) -> None:
        self._seen.add(key)
        if key == self._last:
            self.give_up()

    def walker(self, task: asyncio.Task[Any]) -> Walker | None:
        """The record of a task, which has its name; None if its class allows no further attributes."""
        walker: Walker | None = getattr(task, "_asynctestkit_walker", None)
        if type(walker) is not Walker:
            return None
        if not walker.name:
            main = (self.main or self._phase()) if walker.is_main else ""
            walker.name = self._names.name(task, main)
            if main:
                self.mains.add(walker.name)
            elif is_internal(task):
                self.internals.add(walker.name)
        return walker

    def _phase(self) -> str:
        return self._loop.phase if HAS_RUNNER else "test"  # before 3.11, one task runs all phases

    def _may_overtake(self, handle: Handle) -> bool:
        task = step_internals.task_of_step(handle)
        walker = self.walker(task) if task is not None else None
        return walker is not None and not is_fixed(walker, handle)

    def _index_of_next(self) -> int | None:
        """The index of what runs next; None to end the turn of the loop first, as a timer is due."""
        passed, chosen = self._first() if self.choose is None else self._chosen(self.choose)
        if not passed or chosen is None:
            return 0
        if self._has_due_timer():
            return None
        for place, each in enumerate(passed):
            self._note_overtaken(place, each)
            if chosen.is_bare:
                over = each.walker.yields_over
                over[chosen.walker] = over.get(chosen.walker, 0) + 1
        return len(passed)

    def _first(self) -> tuple[list[Waiting], Waiting | None]:
        """The steps that are overtaken, and the first that is not held, or None if all are."""
        passed: list[Waiting] = []
        for each in self._waiting():
            if not self._is_held(each.key) and is_fair(passed, each):
                return passed, each
            passed.append(each)
        return passed, None

    def _chosen(self, choose: Choice) -> tuple[list[Waiting], Waiting | None]:
        """The steps that are overtaken, and the one chosen, or None if there is no choice."""
        waiting = list(islice(self._waiting(), _MOST_CHOICES))
        if len(waiting) < 2:
            return [], None
        able = [place for place, each in enumerate(waiting) if is_fair(waiting[:place], each)]
        place = choose(able, waiting)
        return waiting[:place], waiting[place]

    def _waiting(self) -> Iterator[Waiting]:
        """The steps that may be reordered, first in first."""
        for handle in self:
            task = step_internals.task_of_step(handle)
            walker = self.walker(task) if task is not None else None
            if walker is None or is_fixed(walker, handle):
                return
            is_bare = walker.taken > 0 and step_internals.is_bare_step(handle)
            yield Waiting((walker.name, walker.taken + 1), walker, is_bare)

    def _is_held(self, key: StepKey) -> bool:
        hold = self._holds.get(key)
        if hold is None or self._overtaken.get(key, 0) >= _MOST_STEPS:
            return False
        return hold.until is None or hold.until not in self._seen

    def _has_due_timer(self) -> bool:
        timer = wait_internals.first_timer(self._loop)
        return timer is not None and timer.when() <= self._loop.time()

    def _note_overtaken(self, place: int, each: Waiting) -> None:
        if self.choose is not None:
            self._passed.add(each.key)
        hold = self._holds.get(each.key)
        if hold is not None:
            if each.key not in self._overtaken:
                task = step_internals.task_of_step(self[place])
                self.applied.append(Applied(hold, chain_of_task(task)))  # type: ignore[arg-type]  # it is a step
            self._overtaken[each.key] = self._overtaken.get(each.key, 0) + 1

    def _cancel(self, task: asyncio.Task[Any], deviation: Cancel) -> None:
        self.applied.append(Applied(deviation, chain_of_task(task)))
        self._last = (deviation.task, deviation.step + STEPS_AFTER)
        self._awaited.add(self._last)
        task.cancel()

    def record_step(self, key: StepKey, before: AwaitChain, task: asyncio.Task[Any]) -> None:
        """Records the details of a step that was taken."""
        taken = step_taken(key, self._loop.clock.elapsed, before, task, key[0] in self.mains)
        if taken is not None:  # before 3.11
            self.taken.append(taken)

    def cancel_after(self, task: asyncio.Task[Any], deviation: Cancel) -> None:
        """Cancels the task after its step, unless it is done."""
        if not task.done():
            self._cancel(task, deviation)


class _Step:
    """Stands in for a handle in the loop: records its step, and may cancel its task afterwards."""

    _cancelled = False

    def __init__(
        self, queue: StepQueue, handle: Handle, task: asyncio.Task[Any], key: StepKey, asleep: Cancel | None
    ) -> None:
        self._queue, self._handle, self._task, self._key, self._asleep = queue, handle, task, key, asleep

    def _run(self) -> None:
        queue, task = self._queue, self._task
        before = chain_of_task(task) if queue.records_steps else None
        try:
            step_internals.run_handle(self._handle)
        finally:
            if before is not None:
                queue.record_step(self._key, before, task)
            if self._asleep is not None:
                queue.cancel_after(task, self._asleep)


def _nothing() -> None:
    """A callback that is never called."""
