"""The guard over one test, or one block: it marks, limits each phase, sweeps, and reports what was found."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ..cpython import interpreter
from ..cpython.originals import asyncio
from ..exceptions import DeadlineError, LeakError, StaleAllowanceError
from ..leaks.allowances import Allowance, names_of_threads
from ..leaks.kinds.exceptions import one_line
from ..leaks.leak import Leak
from ..leaks.listeners import notify_listeners
from ..leaks.report import render, render_failure
from ..leaks.sweeping.late import LateErrors, ignore_late_errors, warn_of
from ..leaks.sweeping.sweep import Sweep
from ..limits.blocking import BlockingWatch
from ..limits.subject import Code
from ..loops.foreign_runner import ForeignRunner
from ..loops.loop import HygienicEventLoop
from ..loops.runner import Runner
from ..loops.virtual.patched_time import PatchedTime
from ..loops.virtual.virtual_loop import clock_of
from ..settings import Settings
from .faults import detector_failure, other_faults, stale_allowance
from .phase import Phase
from .raising import fail
from .task_names import TaskNames

__all__ = ["Guard"]

__unittest = True

_SWEEP = "the sweep after it"


class Guard:
    """One test's hygiene from its mark to its verdict.

    `subject` names the test, `source` is its file and line. A guard that `observes` reports to listeners
    only, and changes no outcome; a limit that is set applies all the same.
    """

    depth = 0
    has_outcome: bool
    """Whether the test already has its outcome: it has failed, failed as expected, or skipped itself."""
    on_failure: Callable[[BaseException], None] | None = None
    """Called with each exception that a phase ends with, before it is raised."""
    _has_entered = _is_open = False
    _hygienic_loop: HygienicEventLoop | None = None
    """The loop, if it is one of ours."""
    _late: Callable[[dict[str, Any]], None] | None = None
    _blocking: BlockingWatch | None = None
    _names: TaskNames | None = None
    _patched_time: PatchedTime | None = None

    def __init__(
        self,
        subject: str,
        source: tuple[str, int],
        settings: Settings,
        required: Mapping[Allowance, bool],
        code: Code,
        *,
        observes: bool = False,
    ) -> None:
        self.subject = subject
        self.source = source
        self.settings = settings
        self.code = code
        self.observes = self.has_outcome = observes
        self._required = required
        self._allowances = (*settings.allowed_leaks, *required)
        self._sweep = Sweep(settings.leak_detectors, self._allowances, spares_coroutines=observes)
        self.census = self._sweep.census
        """What the test has created."""

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sets the mark: what exists now is no leak of the test's."""
        settings, runner = self.settings, self.code if isinstance(self.code, Runner) else None
        self.loop = loop
        self.clock = clock_of(loop, settings.clock)
        if settings.patch_time:
            self._patched_time = PatchedTime.of(self.clock)
        self.census.loop_is_new = runner is not None and runner.has_made_loop
        if isinstance(loop, HygienicEventLoop):
            self._hygienic_loop = loop
            self._spared_threads = names_of_threads(self._allowances) if self._allowances else ()
            loop.contacts.enter(self._spared_threads, at_once=self.census.loop_is_new)
        self._sweep.open(loop, runner is not None)
        if settings.require_task_names and self._hygienic_loop is not None:
            self._names = TaskNames(self._hygienic_loop)
        if settings.blocking_threshold is not None:
            self._blocking = BlockingWatch(loop, settings.blocking_threshold)
            self._blocking.open()
        self._is_open = True

    def close(self) -> None:
        """Undoes what `open` has changed in the process; may be called twice."""
        if self._is_open:
            self._is_open = False
            self._stop_timing()
            self._sweep.close()
            if self._late is not None:
                interpreter.replace_default_exception_handler(self.loop, self._late)
            if self._hygienic_loop is not None:
                self._hygienic_loop.contacts.leave(self._spared_threads)
            if self._names is not None:
                self._names.close()
            if self._patched_time is not None:
                self._patched_time.restore()

    def phase(self, name: str, *, what: str = "") -> Phase:
        """A context manager around one phase of the test, under the deadline; messages call it `what`."""
        if self._has_entered and name != self.census.phase:
            self.census.stamp(self.census.phase)
        self._has_entered = True
        return Phase(self, name, what=what)

    def set_phase(self, name: str) -> str:
        """Attributes what is created from now on to this phase; returns the one before."""
        before, self.census.phase = self.census.phase, name
        if self._hygienic_loop is not None:
            self._hygienic_loop.phase = name
        if self._blocking is not None:
            self._blocking.phase = name
        return before

    def sweep(self, runner: Runner | ForeignRunner, case: object, closes_loop: bool = False) -> None:
        """Finds and ends what a test, whose instance is `case`, has left, and closes the guard.

        With `closes_loop` closes the loop as well: some objects announce only then that they were not closed.
        Otherwise loop and executor stay usable: they may be shared, or used before the suite closes them.
        """
        self._stop_timing()
        has_outcome = self.has_outcome
        try:
            if runner.is_idle() and self._sweep.has_left_nothing():
                if closes_loop and isinstance(runner, Runner):
                    self._close_loop(runner)
                return
            with Phase(self, self.census.phase, what=_SWEEP, is_sweep=True):
                if self._sweep.has_work_for_the_loop(self.loop):
                    runner.run(self.end_tasks(), insist=True)
                self._sweep.take_stock(isinstance(runner, Runner), self._spares_process, case)
                if self._sweep.has_released_to_await(self.loop):
                    runner.run(self._await_released(), insist=True)
                if closes_loop and isinstance(runner, Runner):
                    grace_period = self.settings.grace_period
                    self._sweep.add_cut_off(runner.shut_down(grace_period), grace_period)
                    self._close_loop(runner)
        except DeadlineError as blocked:
            if not has_outcome:
                raise
            self._warn(str(blocked))
        finally:
            self.close()

    def _close_loop(self, runner: Runner) -> None:
        self._sweep.close_loop(runner.close_loop)
        self._late = ignore_late_errors
        if self.settings.on_leak != "ignore":
            self._late = LateErrors(
                self.subject, self.source, self._sweep.announced, self._allowances, is_silent=self.observes
            )

    async def sweep_block(self) -> None:
        """Finds and ends what a block has left, within its loop, and closes the guard."""
        self._stop_timing()
        try:
            with Phase(self, self.census.phase, what=_SWEEP, is_sweep=True):
                await self.end_tasks()
                self._sweep.take_stock(False, self._spares_process, None)
                if self._sweep.has_released_to_await(self.loop):
                    await self._await_released()
        finally:
            self.close()

    @property
    def _spares_process(self) -> bool:
        """Whether objects that may outlive a test are only reported, so that the run is as without us."""
        return self.settings.on_leak != "fail"

    async def end_tasks(self) -> None:
        """The part of the sweep that needs the loop."""
        await self._sweep.end_tasks(self.loop, self.settings.settle_time, self.settings.grace_period)

    def _await_released(self) -> Coroutine[Any, Any, None]:
        return self._sweep.await_released(self.loop, self.settings.grace_period)

    def verdict(self) -> None:
        """Raises or warns of what was found; for a test that has its outcome, it only warns."""
        may_have_failed = self._sweep.leaks or self._sweep.errors or self._required
        if not may_have_failed and self._names is None and self._blocking is None:
            return
        leaks, has_outcome = self.charged_leaks(), self.has_outcome
        threshold = self.settings.blocking_threshold
        others = other_faults(self.subject, self._names, self._blocking, threshold)
        report = _rendered(self.subject, leaks)
        for error in self._sweep.errors:
            if not has_outcome:
                raise detector_failure(error, report)
            self._warn(f"{self.subject}: a detector failed: {one_line(error)}")
        if report and self.settings.on_leak == "fail" and not has_outcome:
            text = render_failure(leaks) if self.code.is_of_test else report
            fail(self, LeakError("\n\n".join([text, *others.values()]), leaks))
        if report and self.settings.on_leak != "ignore":
            self._warn(report)
        for kind, text in others.items():
            if not has_outcome:
                fail(self, kind("\n\n".join(others.values())))
            self._warn(text)
        stale = stale_allowance(self.subject, self._required, self._sweep.used_allowances)
        if stale and not has_outcome and self.settings.on_leak == "fail":
            fail(self, StaleAllowanceError(stale))
        if stale and not has_outcome and self.settings.on_leak == "warn":
            self._warn(stale)

    def report(self) -> str:
        """The report on the leaks that count; "" if there are none."""
        return _rendered(self.subject, self.charged_leaks())

    def charged_leaks(self) -> tuple[Leak, ...]:
        """Passes the leaks to the listeners; returns those that the test, or the block, is charged with."""
        leaks = tuple(self._sweep.leaks)
        if self.settings.on_leak != "ignore":
            leaks = notify_listeners(self.subject, leaks)
        return () if self.observes else leaks

    def _stop_timing(self) -> None:
        """Stops the blocking watch, as the sweep's use of the loop does not count. May be called twice."""
        if self._blocking is not None:
            self._blocking.close()

    def _warn(self, text: str) -> None:
        warn_of(text, self.source, is_late=self.has_outcome)


def _rendered(subject: str, leaks: tuple[Leak, ...]) -> str:
    return render(subject, leaks) if leaks else ""
