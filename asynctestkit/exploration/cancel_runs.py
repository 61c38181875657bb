"""Runs of one coroutine, each on a fresh loop and cancelled at another place."""

from __future__ import annotations

import dataclasses
import inspect
import random  # live: what the code under test draws from
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from ..cpython import task_internals
from ..cpython.alarms import PhaseInterrupt
from ..cpython.originals import asyncio
from ..exceptions import DeadlineError
from ..leaks.allowances import Allowance
from ..lifecycle.guard import Guard
from ..loops.quiescence import is_quiet
from ..settings import Settings
from .deviations import Cancel, Schedule, StepKey
from .held import HeldLocks
from .nested import Interrupts, NestedRunner
from .records import Applied

__all__ = ["MAIN", "UNBEGUN", "CancelRuns", "RunResult", "cancellations_of"]

__unittest = True

UNBEGUN = Allowance(
    "coroutine",
    reason="fetch() of `gather(wait_for(fetch(), 1))` is not begun where wait_for is not",
)
"""Applies to all runs but the first: a coroutine that is really forgotten is found in that one."""

MAIN = "it"
"""The name of the coroutine's task in schedules."""


@dataclasses.dataclass
class RunResult:
    """The outcome of one run."""

    trace: list[StepKey]
    applied: list[Applied]
    made: bool = False
    """Whether there was a coroutine to run; if not, `error` is that of `make_coro`."""
    returned: bool = False
    value: object = None
    error: BaseException | None = None
    """The exception that came out, or that ended a run which would not end; None if it returned."""
    check_error: BaseException | None = None
    """The exception that `check` raised."""
    left: AssertionError | None = None
    """The failure of the sweep, if it found leaks."""
    held: list[str] = dataclasses.field(default_factory=list)
    """Locks and mocks that it acquired and did not release, a line each."""
    refused: bool = False
    """Whether it went on for so long after its cancellation that it was abandoned."""
    was_stuck: bool = False
    """Whether it had to be cancelled because it did not end by itself."""


class CancelRuns:
    """Runs a new coroutine from `make_coro` at each call of `run`."""

    def __init__(
        self,
        make_coro: Callable[[], Awaitable[Any]],
        check: Callable[[], Any] | None,
        settings: Settings,
        where: tuple[str, tuple[str, int]],
        unfinished: Callable[[], list[str]],
    ) -> None:
        self.interrupts = Interrupts()
        self._runs = 0
        self._make_coro = make_coro
        self._check = check
        self._settings = settings
        self._tolerant = dataclasses.replace(settings, allowed_leaks=(*settings.allowed_leaks, UNBEGUN))
        self._subject, self._source = where
        self._unfinished = unfinished
        self._random = random.getstate()
        self._held = HeldLocks()

    def run(self, schedule: Schedule) -> RunResult:
        """One run on a fresh loop, which is closed at the end. The caller's loop stands still meanwhile."""
        random.setstate(self._random)
        self._runs += 1
        before = Counter(self._unfinished())
        with self.interrupts.forwarded_to_runner(), self._held:
            runner = self.interrupts.runner = NestedRunner(schedule)
            try:
                ran = self._live(runner)
            finally:
                self.interrupts.runner = None
                held = self._held.still_held()
        ran.held = [*held, *(Counter(self._unfinished()) - before)]
        return ran

    def _live(self, runner: NestedRunner) -> RunResult:
        steps = runner.explored.steps
        ran = RunResult(steps.trace, steps.applied)
        settings = self._settings if self._runs == 1 else self._tolerant
        guard = Guard(self._subject, self._source, settings, {}, runner)
        guard.open(runner.get_loop())
        try:
            self._run_coroutine(runner, guard, ran)
            steps.is_watching = False
            ran.was_stuck = runner.was_cancelled
            if self._check is not None:
                self._run_check(runner, guard, self._check, ran)
            guard.has_outcome = False  # however the coroutine ended, what it leaves is a fault
            try:
                guard.sweep(runner, None, closes_loop=True)
                guard.verdict()
            except AssertionError as found:
                ran.left = found
        finally:
            guard.close()
            runner.close(self._settings.grace_period)
        return ran

    def _run_coroutine(self, runner: NestedRunner, guard: Guard, ran: RunResult) -> None:
        try:
            with guard.phase("test", what="it"):
                steps = runner.explored.steps
                steps.is_watching = False
                coroutine = runner.run(_called(self._make_coro))
                steps.is_watching, steps.main, ran.made = True, MAIN, True

                def give_up() -> None:
                    ran.refused = True
                    runner.give_up()

                steps.give_up = give_up
                ran.value = runner.run(coroutine)
                ran.returned = True
        except (KeyboardInterrupt, PhaseInterrupt, DeadlineError):
            if not ran.refused:
                raise
        except asyncio.CancelledError:
            # The one that came out would keep the locals of its frames alive, hidden from the sweep.
            ran.error = asyncio.CancelledError()
        except BaseException as error:
            ran.error = error
        if not is_quiet(runner.explored) or task_internals.all_tasks(runner.explored):
            with guard.phase("cleanup", what="what it had started"):
                runner.run(_others_have_ended(self._settings.settle_time))

    def _run_check(
        self, runner: NestedRunner, guard: Guard, check: Callable[[], Any], ran: RunResult
    ) -> None:
        try:
            with guard.phase("cleanup", what="check()"):
                result = check()
                if inspect.isawaitable(result):
                    runner.run(result)
        except (KeyboardInterrupt, PhaseInterrupt, DeadlineError):
            raise
        except BaseException as error:
            ran.check_error = error


async def _called(make_coro: Callable[[], Awaitable[Any]]) -> Any:
    """Calls it inside the loop, where it can create objects that belong to the loop."""
    made = make_coro()
    if not inspect.isawaitable(made) or isinstance(made, task_internals.FUTURE_TYPES):
        raise TypeError(
            f"make_coro has to return a new coroutine each time it is called, not {made!r}: "
            "assertCancelSafe(lambda: fetch(…))"
        )
    if inspect.iscoroutine(made) and inspect.getcoroutinestate(made) != inspect.CORO_CREATED:
        raise TypeError(
            f"make_coro has to return a new coroutine each time it is called, not the same again, {made!r}: "
            "assertCancelSafe(lambda: fetch(…))"
        )
    return made


async def _others_have_ended(seconds: float) -> None:
    """Waits at most `seconds` of virtual time for the other tasks to end by themselves."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    await asyncio.sleep(0)
    while others := task_internals.all_tasks(loop) - {task_internals.current_task()}:
        left = until - loop.time()
        if left <= 0:
            break
        await asyncio.wait(others, timeout=left)


def cancellations_of(ran: RunResult, is_wanted: Callable[[str], bool]) -> Iterator[Cancel]:
    """All cancellations to try, given the steps of an undisturbed run, in the order of these steps."""
    last = dict(ran.trace)
    if ran.was_stuck:
        last.pop(MAIN, None)
    for task, step in ran.trace:
        if is_wanted(task):
            if step == 1:
                yield Cancel(task, 1)
            if step != last.get(task):
                yield Cancel(task, step, asleep=True)
                yield Cancel(task, step + 1)
