"""The sweep: settle, take stock, cancel, and end what refuses.

Live objects become `Leak` values here, and nowhere else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Coroutine, Iterable
from typing import Any

from .. import _cpython, _cpython_loops
from ..cpython.originals import asyncio, gc
from ..loops.cancellation import cancel_and_wait, detach
from ..loops.quiescence import is_quiet, pause, turn_until_quiet
from .allowances import Allowance, apply
from .census import Census, spare
from .detector import LeakDetector
from .exceptions import one_line
from .heap import heap
from .keepers import Keepers
from .leak import Leak
from .origins import origins
from .ownership import owners_of
from .panel import Panel
from .settling import ROUND, Settling, pauses

__all__ = ["Sweep"]

_Judged = tuple[Any, LeakDetector | None, Leak | None]

_RELEASE = 0.1
"""Seconds of ready callbacks, at most, that the release of leaks may take."""


class Sweep:
    """Everything that one test leaves behind, found and ended.

    `leaks`, `used_allowances` and `errors`, which are what detectors of the user's have raised, grow as the
    dying are heard of, and are complete when the sweep is over.
    """

    def __init__(self, detectors: Iterable[type[LeakDetector]], allowances: Iterable[Allowance]) -> None:
        self.leaks: list[Leak] = []
        self.used_allowances: set[Allowance] = set()
        self._allowances = tuple(allowances)
        self._panel = Panel(detectors)
        self.errors = self._panel.errors
        self.census = Census(self._panel.types, self._examine_dying, self._panel.registries)
        self._settling = Settling(self.census, self._panel, self._is_allowed)
        self._held: list[Any] = []
        self._released: list[tuple[LeakDetector, Any]] = []

    @property
    def phase(self) -> str:
        """The one that is going on; "setUp" at first. What is created meanwhile is charged to it."""
        return self.census.phase

    @phase.setter
    def phase(self, name: str) -> None:
        self.census.phase = name

    def has_work_for_the_loop(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Collects garbage; whether anything could happen in the loop then, so that `end_tasks` is due."""
        if loop.is_closed():
            return False
        self._hold_connections(loop)
        if self.census.pending_tasks() or not is_quiet(loop) or _cpython.watched_descriptors(loop):
            return True
        gc.collect()  # a finalizer that starts a task leaves its first step to the loop
        return not is_quiet(loop) or self._settling.something_may_end()

    async def end_tasks(
        self, loop: asyncio.AbstractEventLoop, settle_time: float, grace_period: float
    ) -> None:
        """Lets the tasks end by themselves if they can; takes stock of, cancels and awaits the others."""
        census = self.census
        self._hold_connections(loop)
        left = await self._settling.settle(loop, settle_time)
        held = census.pending_tasks()  # or collecting a cycle would destroy its tasks, unexamined
        gc.collect()
        del held
        await self._settling.settle(loop, left)
        found = {task: self._examine(task) for task in census.pending_tasks()}
        failed = self._failed_futures() if found else {}
        census.muted = True
        refused = await cancel_and_wait(loop, census.pending_tasks, grace_period)
        if refused and census.drop_accepted_connections():  # pragma: no cover  # needed on 3.12 only
            # A cancelled `serve_forever` waits for them on 3.12: it is not the one that refuses.
            await turn_until_quiet(loop, _RELEASE)
            refused = {task for task in refused if not task.done()}
        if found:
            await self._settling.let_end(loop, grace_period)
        self._tell_of_tasks(found, refused, grace_period)
        if found:
            self._keep_quiet_of_failures(failed)
        # Nothing here may keep a task, as its traceback keeps what it held: that is to die unheard.
        del found, refused, failed
        gc.collect()
        census.muted = False

    def take_stock(self, loop_ends: bool, spares_process: bool, case: object) -> None:
        """Finds everything else that was created and is still alive, and ends what is a leak.

        `loop_ends` says whether the loop is closed next, and `spares_process` whether nothing is ended that
        may outlive the test. `case` is the test's instance, None for a block.
        """
        # A pending task has been judged by `end_tasks`: it refused, or is of the test's own.
        living = [o for o in self.census.living() if not isinstance(o, _cpython.TASK_TYPES) or o.done()]
        self._panel.prepare(living)
        judged = [(obj, *self._judge(obj)) for obj in living]
        judged = _without_the_process(judged, living, self.census.loop, case)
        self.census.muted = True
        for obj, judge, leak in judged:
            is_told = leak is not None and self._add(leak)
            if judge is not None and (
                (is_told and not (spares_process and judge.may_outlive_tests))
                or (loop_ends and judge.dies_with_loop)
            ):
                self._released.append((judge, obj))
            else:
                spare(obj)
                if leak is not None:
                    origins.spare(obj)
        for judge, obj in reversed(self._released):
            self._panel.ask(judge.release, obj)
        self._held.clear()
        self.census.muted = False

    def has_to_see_off(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether what was released still needs the loop for its end."""
        had_any = bool(self._released)
        self._released = [(d, obj) for d, obj in self._released if self._panel.ask(d.is_gone, obj) is False]
        return had_any and not loop.is_closed() and (bool(self._released) or not is_quiet(loop))

    def see_off(self, loop: asyncio.AbstractEventLoop, grace_period: float) -> Coroutine[Any, Any, None]:
        """Turns the loop until what was released has ended; what the test's code says to that is no leak."""
        self.census.muted = True  # now: some of it runs before the first step of the coroutine
        return self._see_off(loop, grace_period)

    async def _see_off(self, loop: asyncio.AbstractEventLoop, grace_period: float) -> None:
        left, lengths = grace_period, pauses()
        await turn_until_quiet(loop, _RELEASE)
        while left > 0 and self.has_to_see_off(loop):
            left -= await pause(loop, (), next(lengths))
            await turn_until_quiet(loop, ROUND)
        self._released.clear()
        gc.collect()
        self.census.muted = False

    def _tell_of_tasks(
        self,
        found: dict[asyncio.Task[Any], Leak | None],
        refused: set[asyncio.Task[Any]],
        grace_period: float,
    ) -> None:
        for task, leak in found.items():
            if leak is not None:
                self._add(_told(leak, task, task in refused, grace_period))
        for task in refused - found.keys():
            leak = self._examine(task)
            if leak is not None:
                self._add(_told_of_successor(leak))
        for task in refused:
            detach(task)

    def _keep_quiet_of_failures(self, before: dict[int, asyncio.Future[Any]]) -> None:
        """What has failed since is due to the cancelling: it is one leak with the task that was cancelled."""
        for identity, future in self._failed_futures().items():
            if identity not in before:
                _cpython.mark_exception_retrieved(future)

    def _hold_connections(self, loop: asyncio.AbstractEventLoop) -> None:
        """A connection in a cycle is to be found open; if it is collected, its socket warns before it can."""
        self._held = _cpython_loops.connections_of(loop)

    def _failed_futures(self) -> dict[int, asyncio.Future[Any]]:
        """By identity: a user's futures may not be hashable."""
        futures = (obj for obj in self.census.living() if isinstance(obj, _cpython.FUTURE_TYPES))
        return {id(future): future for future in futures if _cpython.is_exception_unretrieved(future)}

    # -- judging

    def _is_allowed(self, obj: object) -> bool:
        leak = self._examine(obj)
        return leak is not None and apply(self._allowances, leak, set())

    def _examine_dying(self, obj: object) -> bool:
        leak = self._examine(obj)
        if leak is not None:
            self._add(leak)
        return leak is not None

    def _examine(self, obj: object) -> Leak | None:
        return self._judge(obj)[1]

    def _judge(self, obj: object) -> tuple[LeakDetector | None, Leak | None]:
        """As the panel; the leak has its phase."""
        detector, leak = self._panel.judge(obj)
        if leak is not None and not leak.phase:
            leak = dataclasses.replace(leak, phase=self.census.phase_of(obj) or self.phase)
        return detector, leak

    def _add(self, leak: Leak) -> bool:
        """Notes a leak, unless it is allowed."""
        if apply(self._allowances, leak, self.used_allowances):
            return False
        self.leaks.append(leak)
        return True


def _without_the_process(
    judged: list[_Judged], living: list[Any], loop: asyncio.AbstractEventLoop, case: object
) -> list[_Judged]:
    """What was judged; what is not the test's own, but the process's, is no leak."""
    doubtful = [obj for obj, judge, _ in judged if judge is not None and judge.depends_on_owner(obj)]
    if not doubtful:
        return judged
    keepers = Keepers(loop)
    keepers.pass_by(living, judged, *judged)
    owners = owners_of(doubtful, case, keepers, heap.thaw)
    return [
        (obj, None, None)
        if judge is not None and id(obj) in owners and not judge.is_leak_of(owners[id(obj)], obj)
        else (obj, judge, leak)
        for obj, judge, leak in judged
    ]


def _told(leak: Leak, task: asyncio.Task[Any], refused: bool, grace_period: float) -> Leak:
    """The leak of a task, with what became of it when it was cancelled.

    Looks at its exception, so that nobody logs it.
    """
    if refused:
        return dataclasses.replace(
            leak,
            description=f"stubborn, it ignored its cancellation for {grace_period:g} s; {leak.description}",
            remedy="let CancelledError through: re-raise it, and catch Exception rather than BaseException",
        )
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        return dataclasses.replace(
            leak, description=f"{leak.description}; when cancelled it raised {one_line(error)}"
        )
    return leak


def _told_of_successor(leak: Leak) -> Leak:
    return dataclasses.replace(
        leak,
        description=f"one of an endless line, as each starts the next when cancelled; {leak.description}",
        remedy="start nothing in `finally` or `except CancelledError`, or end the line at some point",
    )
