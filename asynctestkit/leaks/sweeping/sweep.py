"""The sweep: settle, take stock, cancel tasks, and end those that refuse.

Live objects become `Leak` values here, and nowhere else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from ...cpython import loop_internals, task_internals
from ...cpython.originals import asyncio, gc
from ...loops.quiescence import is_quiet, pause, turn_until_quiet
from ...loops.shutdown import CutOff
from ..allowances import Allowance
from ..census.census import Census
from ..census.connection_index import indexing
from ..census.dropped_generators import generator_notes
from ..census.heap import heap
from ..census.holder_classifier import HolderClassifier
from ..census.origins import origins
from ..detector import LeakDetector
from ..kinds.coroutines import CoroutineLeaks
from ..kinds.generator_cleanups import GeneratorCleanupLeaks, leak_of_cut_off
from ..kinds.unclosed import UnclosedLeaks, announcing_parts
from ..leak import Leak
from .findings import Findings
from .ownership import owners_of
from .panel import Detectors, Panel
from .pending_tasks import PendingTasks
from .reports import Reports
from .settling import RELEASE, ROUND, Settling, pauses
from .spared import spare

__all__ = ["Sweep"]

__unittest = True

_Verdict = tuple[LeakDetector | None, Leak | None]


class Sweep:
    """Everything that one test leaves behind, found and ended.

    `leaks`, `used_allowances` and `errors`, the exceptions of user-defined detectors, grow as leaks are
    found, and are complete when the sweep is over.
    """

    def __init__(
        self,
        detectors: Iterable[type[LeakDetector]],
        allowances: Iterable[Allowance],
        *,
        spares_coroutines: bool = False,
    ) -> None:
        self.errors: list[Exception] = []
        self.leaks: list[Leak] = []
        self.used_allowances: set[Allowance] = set()
        self._spares_coroutines = spares_coroutines
        self._allowances = allowances
        self._detectors = Detectors(detectors)
        self.census = Census(self._detectors.types, self._detectors.registries)
        self._reports = Reports(self.census, self._examine)
        self.announced: dict[int, type] = {}
        """The classes, by id, of living objects reported as unclosed: they will announce that once more."""
        self._released: list[tuple[LeakDetector, Any]] = []
        self._living: list[Any] | None = None
        """The objects that were alive when the loop had nothing left to do; nothing has happened since."""

    # What follows is made where it is needed: most tests leave nothing.

    @functools.cached_property
    def _panel(self) -> Panel:
        return Panel(self._detectors, self.errors)

    @functools.cached_property
    def _findings(self) -> Findings:
        return Findings(self._panel, self.census, self._allowances, self.leaks, self.used_allowances)

    @functools.cached_property
    def _settling(self) -> Settling:
        return Settling(self.census, self._panel, self._findings.allows)

    @functools.cached_property
    def _tasks(self) -> PendingTasks:
        return PendingTasks(self.census, self._findings, self._settling, self._reports)

    def _examine(self, obj: Any) -> bool:
        return self._findings.add_if_leak(obj)

    def open(self, loop: asyncio.AbstractEventLoop, loop_is_tests: bool) -> None:
        """Sets the mark and begins to listen; `loop_is_tests`: whether the loop was created for the test."""
        self.census.open(loop)
        self._reports.open(loop_is_tests)

    def close(self) -> None:
        """Undoes what `open` has changed in the process."""
        self._reports.close()
        self.census.close()

    def close_loop(self, close: Callable[[], None]) -> None:
        """Closes the loop; attributes to the test the warnings that come without an object meanwhile."""
        self._reports.loop_is_closing = True
        try:
            close()
        finally:
            self._reports.loop_is_closing = False

    def has_left_nothing(self) -> bool:
        """Whether there is nothing to do, as far as that can be told at once; if so, collects garbage."""
        if self._detectors.have_to_be_asked() or not self.census.has_left_nothing():
            return False
        heap.collect_own_garbage()  # what the collector does not list, as some files in C, announces itself
        return True

    def has_work_for_the_loop(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Collects garbage; returns whether anything could then happen in the loop: `end_tasks` is needed."""
        if not _can_turn(loop):
            return False
        self._tasks.hold_connections(loop)
        if self.census.pending_tasks() or not is_quiet(loop) or loop_internals.watched_descriptors(loop):
            return True
        gc.collect()  # a finalizer that starts a task leaves its first step to the loop
        if not is_quiet(loop):
            return True
        living = self._found_alive()
        if self._settling.is_any_ending(living) or not is_quiet(loop):  # a thread may wait for an answer now
            return True
        self._living = living
        return False

    def _found_alive(self) -> list[Any]:
        """The living objects, without those that have ended if only a detector of a user's may want them."""
        return self.census.living(with_ended=self._detectors.have_to_be_asked())

    async def end_tasks(
        self, loop: asyncio.AbstractEventLoop, settle_time: float, grace_period: float
    ) -> None:
        """Lets the tasks end by themselves if they can; takes stock of, cancels and awaits the others."""
        await self._tasks.end(loop, settle_time, grace_period)

    def take_stock(self, loop_ends: bool, spares_process: bool, case: object) -> None:
        """Finds everything else that was created and is still alive, and ends what is a leak.

        `loop_ends`: whether the loop is closed next. `spares_process`: whether objects that may outlive the
        test are left alone. `case` is the test's instance, None for a block.
        """
        # A pending task has been judged by `end_tasks`: it refused, or is the test's own.
        living, self._living = self._living, None
        if living is None:
            living = self._found_alive()
        living = [o for o in living if not isinstance(o, task_internals.TASK_TYPES) or o.done()]
        if living or self._tasks.connections:
            self._judge(living, loop_ends, spares_process, case)
        self._reports.muted = True
        self._tasks.release_connections()
        self._reports.muted = False

    def _judge(self, living: list[Any], loop_ends: bool, spares_process: bool, case: object) -> None:
        self._panel.prepare(living)
        with indexing(self.census.loop):
            verdicts = [self._findings.judge(obj) for obj in living]
        verdicts = _without_the_process(verdicts, living, self.census, case)
        self._reports.muted = True
        self._released += self._tasks.connections
        already_reported = {id(connection) for _, connection in self._tasks.connections}
        for obj, (judge, leak) in zip(living, verdicts, strict=True):
            if id(obj) in already_reported:
                continue
            is_reported = leak is not None and self._findings.add(leak)
            if is_reported:
                self._record_announced(obj, judge)
            if judge is not None and (
                (is_reported and not (spares_process and self._may_live_on(judge)))
                or (loop_ends and judge.dies_with_loop)
            ):
                self._released.append((judge, obj))
            else:
                spare(obj)
                if leak is not None:
                    origins.spare(obj)
        with indexing(self.census.loop):
            for judge, obj in reversed(self._released):
                self._panel.ask(judge.release, obj)

    def _may_live_on(self, judge: LeakDetector) -> bool:
        """Whether this detector's leaks may stay; mocks find forgotten calls by their unclosed coroutines."""
        return judge.may_outlive_tests or (self._spares_coroutines and isinstance(judge, CoroutineLeaks))

    def _record_announced(self, obj: object, judge: LeakDetector | None) -> None:
        """Records a reported object that will announce itself again."""
        if isinstance(judge, UnclosedLeaks):
            self.announced.update({id(obj): type(obj), **announcing_parts(obj)})

    def add_cut_off(self, generators: Iterable[CutOff], seconds: float) -> None:
        """Adds the generators whose clean-up was cut off after so many seconds; each is reported once."""
        for each in generators:
            if self._panel.has(GeneratorCleanupLeaks) and not generator_notes.is_reported(each.generator):
                self._findings.add(leak_of_cut_off(each, seconds))

    def has_released_to_await(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether released objects still need the loop in order to end."""
        had_any = bool(self._released)
        self._released = [(d, obj) for d, obj in self._released if self._panel.ask(d.is_gone, obj) is False]
        return had_any and _can_turn(loop) and (bool(self._released) or not is_quiet(loop))

    def await_released(
        self, loop: asyncio.AbstractEventLoop, grace_period: float
    ) -> Coroutine[Any, Any, None]:
        """Turns the loop until released objects have ended; errors of the test's code then are no leaks."""
        self._reports.muted = True  # now: some of it runs before the first step of the coroutine
        return self._await_released(loop, grace_period)

    async def _await_released(self, loop: asyncio.AbstractEventLoop, grace_period: float) -> None:
        left, lengths = grace_period, pauses()
        await turn_until_quiet(loop, RELEASE)
        while left > 0 and self.has_released_to_await(loop):
            left -= await pause(loop, (), next(lengths))
            await turn_until_quiet(loop, ROUND)
        self._released.clear()
        gc.collect()
        self._reports.muted = False


def _can_turn(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop may run, or go on running: not within another one."""
    return not loop.is_closed() and loop_internals.running_loop() in (None, loop)


def _without_the_process(
    verdicts: list[_Verdict], living: list[Any], census: Census, case: object
) -> list[_Verdict]:
    """The verdicts on the living objects, without the leaks that are the process's and not the test's own."""
    doubtful = [
        obj
        for obj, (judge, _) in zip(living, verdicts, strict=True)
        if judge is not None and judge.depends_on_owner(obj)
    ]
    if not doubtful:
        return verdicts
    classifier = HolderClassifier(census.loop, census.failures)
    classifier.ignore(living)
    owners = owners_of(doubtful, case, classifier, heap.thaw)
    return [
        (None, None)
        if judge is not None and id(obj) in owners and not judge.is_leak_of(owners[id(obj)], obj)
        else (judge, leak)
        for obj, (judge, leak) in zip(living, verdicts, strict=True)
    ]
