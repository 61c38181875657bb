"""One phase of a test under its deadline."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._cpython import awaited_future
from .await_chain import chain_of_task, coroutine_name
from .exceptions import DeadlineError
from .leaks.report import render_chain
from .places import hide_machinery, is_machinery
from .watchdog import PhaseInterrupt, Watch

if TYPE_CHECKING:
    from .guard import Guard

__all__ = ["Phase"]

__unittest = True


class Phase:
    """One phase of a test, or one block, under the deadline: DeadlineError if it overran.

    What it raises shows the user's lines only.
    """

    def __init__(self, guard: Guard, name: str, *, what: str = "", is_sweep: bool = False) -> None:
        self._guard = guard
        self._name = name
        self._is_sweep = is_sweep
        self._what = what or _WORDS[name]
        self._report = ""
        self._watch: Watch | None = None

    def __enter__(self) -> None:
        guard = self._guard
        self._before = guard.set_phase(self._name)
        guard.depth += 1
        deadline = guard.settings.deadline
        if deadline is not None and deadline != math.inf:
            grace_period = guard.settings.grace_period
            self._watch = Watch(self, deadline, grace_period, ends_by_itself=self._is_sweep)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        watch, guard = self._watch, self._guard
        self._watch = None  # it refers to the phase
        if watch is not None:
            try:
                watch.stop()
            except PhaseInterrupt:  # it came in the very moment
                watch.stop()
        guard.depth -= 1
        guard.is_decided |= error is not None
        if guard.depth:
            guard.set_phase(self._before)
        if watch is not None and watch.expired and not isinstance(error, KeyboardInterrupt):
            expected = isinstance(error, PhaseInterrupt | asyncio.CancelledError)
            hide_machinery(trace)
            if error is None or trace is None or expected:
                raise DeadlineError(self._report) from None
            raise DeadlineError(self._report) from error.with_traceback(trace.tb_next or trace)
        hide_machinery(trace)

    # -- Watched

    def is_loop_running(self) -> bool:
        """Sync code has no loop to ask."""
        return self._guard.loop.is_running()

    def call_in_loop(self, callback: Callable[[], None]) -> None:
        """Called in the watchdog's thread."""
        self._guard.loop.call_soon_threadsafe(callback)

    def overrun(self, blocked_stack: str) -> None:
        """Writes the report now: once the phase has ended, nothing stands where it stood."""
        self._report = self._headline()  # should looking at the user's objects fail
        self._report = "\n".join(self._describe(blocked_stack))

    def cancel(self) -> None:
        """Asks whoever runs the phase to end it; `give_up` comes next."""
        self._guard.code.cancel()

    def give_up(self) -> None:
        """Whoever runs the loop comes back from it without the task."""
        self._guard.code.give_up()

    def _headline(self) -> str:
        limit = self._guard.settings.deadline
        return (
            f"{self._guard.subject}: {self._what} was not over after {limit:g} s of wall time "
            f"(phase {self._name}, deadline = {limit:g})"
        )

    def _describe(self, blocked_stack: str) -> list[str]:
        guard = self._guard
        lines = [self._headline()]
        if blocked_stack:
            lines += ["", "it was blocked here, outside of any await:", blocked_stack.rstrip()]
        main = guard.code.main_task
        # A main task that waits for nothing is what blocks: it is shown already.
        stands = main is not None and not main.done() and not (blocked_stack and awaited_future(main) is None)
        tasks = [main] if main is not None and stands else []
        tasks += sorted(guard.pending_tasks() - {main}, key=lambda task: task.get_name())
        standing = [entry for task in tasks[:_MOST_TASKS] if (entry := _standing(task, task is main))]
        if standing:
            lines += ["", "where its tasks stood:", *(line for entry in standing for line in entry)]
        if len(tasks) > _MOST_TASKS:
            lines += [f"  … and {len(tasks) - _MOST_TASKS} more"]
        return [
            *lines,
            "",
            "remedy: put a time-out of its own on the step that hangs, or allow more: @hygiene(deadline=…)",
        ]


def _standing(task: asyncio.Task[Any], is_main: bool) -> list[str]:
    """A task and its await chain; nothing, for the test's task where it runs no code of the user's."""
    chain = chain_of_task(task)
    # On 3.10 the chain begins in the task of ours that carries all phases.
    first = next((i for i, place in enumerate(chain.places) if not is_machinery(place.file)), None)
    if is_main and first is None:
        return []
    whose = "the test's own task" if is_main else f"{coroutine_name(task.get_coro())}()"
    return [
        f"  task {task.get_name()!r}, {whose}",
        *render_chain(chain.places[first:], chain.waits_on, "    "),
    ]


_MOST_TASKS = 20
_WORDS = {
    "setUp": "its set-up",
    "test": "its body",
    "tearDown": "its tear-down",
    "cleanup": "a cleanup",
}
