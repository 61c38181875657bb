"""The queue of what a loop runs next, in the order of a schedule.

Only legal orders come out of it. The steps of different tasks that are ready at the same time may change
places, up to the next plain callback: those stay first in, first out, and neither overtake nor are overtaken,
and timers that are due are such callbacks. The test's own task after a `sleep(0)` counts as one, too: "let it
start, then look" is what tests do. Other tasks that let the others go first, by `sleep(0)`, may overtake a
step twice; or a task that spins until another gets on would spin for ever.
"""

from __future__ import annotations

import collections
from asyncio import Handle
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..cpython import step_internals, wait_internals
from ..cpython.originals import asyncio
from ..cpython.versions import HAS_RUNNER
from ..loops.virtual.virtual_loop import VirtualEventLoop
from ..stacks.await_chain import AwaitChain, chain_of_task
from .deviations import Cancel, Hold, Schedule, StepKey
from .names import TaskNames, Walker, is_internal
from .told import Applied, Taken, step_taken
from .waiting import Choice, Waiting, is_fair, is_fixed

__all__ = ["StepQueue"]

_MOST_STEPS = 2000
"""Steps of others after which a held step runs in any case: they may well go on for ever."""

_MOST_CHOICES = 64
"""Steps of which one is chosen by chance, where there are more."""

_pop = collections.deque.popleft


class StepQueue(collections.deque[Handle]):
    """What a loop is about to run. Everything that is asked of it happens in the loop."""

    def __init__(self, loop: VirtualEventLoop, schedule: Schedule) -> None:
        super().__init__()
        self._loop = loop
        self._names = TaskNames()
        self.main = ""
        """What the task that runs the test is called now; "": as the phase is."""
        self.mains: set[str] = set()
        """What those have been called."""
        self.internals: set[str] = set()
        """What tasks of asyncio's own are called: nobody cancels them."""
        self.trace: list[StepKey] = []
        """The steps, as they were taken."""
        self.crossroads: list[StepKey] = []
        """Those that could have been overtaken as they were taken."""
        self.applied: list[Applied] = []
        """What has come to pass of the schedule."""
        self.passed: list[Hold] = []
        """What `choose` has come to, as holds that come to the same."""
        self.records_steps = False
        """Whether the steps are to be taken down in detail."""
        self.taken: list[Taken] = []
        """The steps in detail."""
        self._passed: set[StepKey] = set()
        self._holds = {(each.task, each.step): each for each in schedule if isinstance(each, Hold)}
        self._cancels = {
            (each.task, each.step, each.asleep): each for each in schedule if isinstance(each, Cancel)
        }
        self._awaited = {each.until for each in self._holds.values()}
        self._seen: set[StepKey] = set()
        """Of the steps that a hold ends with, those that were taken."""
        self._overtaken: dict[StepKey, int] = {}
        """For each held step, how many have gone before it."""
        self.choose: Choice | None = None
        """The place of the one that is to run, of those that may; None: the first that is not held."""
        self.is_watching = True
        """Whether there are deviations, and steps are noted."""
        self._nothing = Handle(_nothing, (), loop)
        self._nothing.cancel()

    def popleft(self) -> Any:
        """What is to be run next: a Handle, or what does as one for the loop."""
        if not self.is_watching:
            return _pop(self)
        if self._holds or self.choose is not None:
            index = self._index_of_next()
            if index is None:
                return self._nothing
            handle = self[index]
            del self[index]
        else:
            index, handle = 0, _pop(self)
        task = step_internals.task_of_step(handle)
        walker = self._walker(task) if task is not None else None
        if task is None or walker is None:
            return handle
        walker.taken += 1
        key = (walker.name, walker.taken)
        self.trace.append(key)
        if key in self._awaited:
            self._seen.add(key)
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

    def walker(self, task: asyncio.Task[Any]) -> Walker | None:
        """What is known of a task; None for a class of tasks that takes no notes."""
        found = getattr(task, "_asynctestkit_walker", None)
        return found if isinstance(found, Walker) else None

    def _walker(self, task: asyncio.Task[Any]) -> Walker | None:
        walker = self.walker(task)
        if walker is not None and not walker.name:
            main = (self.main or self._phase()) if walker.is_main else ""
            walker.name = self._names.name(task, main)
            if main:
                self.mains.add(walker.name)
            elif is_internal(task):
                self.internals.add(walker.name)
        return walker

    def _phase(self) -> str:
        return self._loop.phase if HAS_RUNNER else "test"  # before 3.11 one task runs all of them

    def _may_overtake(self, handle: Handle) -> bool:
        task = step_internals.task_of_step(handle)
        walker = self._walker(task) if task is not None else None
        return walker is not None and not is_fixed(walker, handle)

    # -- which one

    def _index_of_next(self) -> int | None:
        """None where the turn of the loop is to end first, as a timer is due."""
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
        """The first that is not held, and those that it goes before; None where all are held."""
        passed: list[Waiting] = []
        for each in self._waiting():
            if not self._is_held(each.key) and is_fair(passed, each):
                return passed, each
            passed.append(each)
        return passed, None

    def _chosen(self, choose: Choice) -> tuple[list[Waiting], Waiting | None]:
        """The one that is chosen, and those that it goes before; None where there is no choice."""
        waiting = list(islice(self._waiting(), _MOST_CHOICES))
        if len(waiting) < 2:
            return [], None
        able = [place for place, each in enumerate(waiting) if is_fair(waiting[:place], each)]
        place = choose(able, waiting)
        return waiting[:place], waiting[place]

    def _waiting(self) -> Iterator[Waiting]:
        """The steps that may change places, in the order in which they came."""
        for handle in self:
            task = step_internals.task_of_step(handle)
            walker = self._walker(task) if task is not None else None
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

    # -- cancellations

    def _cancel(self, task: asyncio.Task[Any], deviation: Cancel) -> None:
        self.applied.append(Applied(deviation, chain_of_task(task)))
        task.cancel()

    def record_step(self, key: StepKey, before: AwaitChain, task: asyncio.Task[Any]) -> None:
        """Takes down a step that was taken."""
        taken = step_taken(key, self._loop.clock.elapsed, before, task, key[0] in self.mains)
        if taken is not None:  # before 3.11
            self.taken.append(taken)

    def cancel_after(self, task: asyncio.Task[Any], deviation: Cancel) -> None:
        """The step has been taken: cancels the task if it waits now."""
        if not task.done():
            self._cancel(task, deviation)


class _Step:
    """Stands for a handle towards the loop: takes down what that does, and cancels its task afterwards."""

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
    """Never called."""
