"""One phase of a test, under its deadline, and with a check for progress."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType

from ..cpython.alarms import PhaseInterrupt
from ..cpython.originals import asyncio
from ..exceptions import DeadlineError
from ..limits.deadline import Watch
from ..limits.deadline_report import report_of_overrun
from ..limits.no_progress import bare_failure_of, failure_of
from ..limits.stranded import can_never_wake
from ..loops.loop import HygienicEventLoop
from ..loops.selector import Standstill
from ..stacks.thread_stacks import hide_machinery
from .guarded import Guarded
from .raising import fail

__all__ = ["Phase"]

__unittest = True


class Phase:
    """One phase of a test, or one block, under the deadline: DeadlineError if it overran.

    On a loop of ours also DeadlockError if nothing could wake it, and RunawayError if it made no progress.
    Its exceptions show the user's lines only.
    """

    _report = ""
    _watch: Watch | None = None
    _limit = math.inf
    _stuck: AssertionError | None = None

    def __init__(self, guard: Guarded, name: str, *, what: str = "", is_sweep: bool = False) -> None:
        self._listeners: list[Callable[[Standstill], None]] = []
        """Those of the loop whose standstills it reports."""
        self._guard = guard
        self._name = name
        self._is_sweep = is_sweep
        self._what = what or _WORDS[name]

    def __enter__(self) -> None:
        guard, settings = self._guard, self._guard.settings
        self._before = guard.set_phase(self._name)
        guard.depth += 1
        may_hang = self._is_sweep or (guard.observes and settings.clock == "real")  # as it does without us
        if not may_hang and isinstance(guard.loop, HygienicEventLoop):
            self._listeners = guard.loop.standstill_listeners
            self._listeners.append(self._on_standstill)
        deadline = settings.deadline
        if deadline is not None and deadline != math.inf:
            self._limit = max(deadline, _SWEEP_AT_LEAST) if self._is_sweep else deadline
            self._watch = Watch(self, self._limit, settings.grace_period, ends_by_itself=self._is_sweep)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        watch, guard = self._watch, self._guard
        if watch is not None:
            self._watch = None  # it refers to the phase
            try:
                watch.stop()
            except PhaseInterrupt:  # it was raised just now
                watch.stop()
        failure = self._failure(watch)
        guard.depth -= 1
        if guard.depth:
            guard.set_phase(self._before)
        raised = error if failure is None else failure
        if raised is None:
            return
        guard.has_outcome |= error is not None
        guard.census.failures |= {id(error), id(failure)}
        if guard.on_failure is not None:
            guard.on_failure(raised)
        hide_machinery(trace)
        if failure is None or isinstance(error, KeyboardInterrupt):
            return
        if error is None or trace is None or isinstance(error, PhaseInterrupt | asyncio.CancelledError):
            fail(guard, failure)
        fail(guard, failure, error.with_traceback(trace.tb_next or trace))

    def _failure(self, watch: Watch | None) -> AssertionError | None:
        """The phase's failure by a limit, or None; from now on standstills are not reported."""
        self._stop_listening()
        stuck, self._stuck = self._stuck, None
        return DeadlineError(self._report) if watch is not None and watch.expired else stuck

    def _on_standstill(self, standstill: Standstill) -> None:
        """Called in the loop, and a second time if the code has ignored its cancellation."""
        guard, code = self._guard, self._guard.code
        if standstill in _TO_BE_PROVED and not can_never_wake(code):
            return
        is_first = self._stuck is None
        try:
            if is_first:
                self._stuck = bare_failure_of(standstill, guard, self._what)
                self._stuck = failure_of(standstill, guard, self._what, self._name)
        finally:  # as inspecting the user's objects may raise
            if is_first and code.main_task is not None:
                code.cancel()
            else:
                self._stop_listening()
                code.give_up()

    def _stop_listening(self) -> None:
        if self._on_standstill in self._listeners:
            self._listeners.remove(self._on_standstill)

    # -- Watched

    def is_loop_running(self) -> bool:
        """Whether the loop is running; it is not in sync code."""
        return self._guard.loop.is_running()

    def call_in_loop(self, callback: Callable[[], None]) -> None:
        """Has the loop call `callback` soon; called in the watchdog's thread."""
        self._guard.loop.call_soon_threadsafe(callback)

    def overrun(self, blocked_stack: str) -> None:
        """Writes the report, which has to be done before the phase ends and everything moves on."""
        self._report = self._headline()  # as inspecting the user's objects may raise
        if blocked_stack:
            self._guard.census.was_interrupted = True
        self._report = report_of_overrun(self._guard, self._report, blocked_stack)

    def cancel(self) -> None:
        """Asks the code of the phase to end; `give_up` is called next."""
        self._guard.code.cancel()

    def give_up(self) -> None:
        """Has the code's runner return without the task."""
        self._guard.code.give_up()

    def _headline(self) -> str:
        return (
            f"{self._guard.subject}: {self._what} was not over after {self._limit:g} s of wall time "
            f"(phase {self._name}, deadline = {self._guard.settings.deadline:g})"
        )


_TO_BE_PROVED = (Standstill.HEARTBEAT, Standstill.BACKGROUND)
"""Standstills in which a timer that goes on may lead to what the code waits for."""
_SWEEP_AT_LEAST = 1.0
"""Wall seconds that a sweep gets, however short the deadline, as its duration depends on the machine."""
_WORDS = {
    "setUp": "its set-up",
    "test": "its body",
    "tearDown": "its tear-down",
    "cleanup": "a cleanup",
}
