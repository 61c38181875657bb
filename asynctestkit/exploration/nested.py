"""A loop that runs within a step of a task, while the loop of that task stands still."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..cpython import interpreter, step_internals
from ..cpython.originals import asyncio, signal, threading
from ..loops.runner import Runner
from .deviations import Schedule
from .loop import ExploredLoop

__all__ = ["Interrupts", "NestedRunner"]


class NestedRunner(Runner):
    """Runs coroutines on an explored loop of its own, inside a step of a task or outside any.

    Each runs in a task of its own, also before 3.11, and in a copy of the caller's context.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.explored = ExploredLoop(schedule)
        self.was_cancelled = False
        """Whether `cancel` was called; from then on its steps are not recorded."""
        super().__init__(lambda: self.explored, _nothing)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The explored loop."""
        loop = super().get_loop()
        if self._context_task is not None:  # before 3.11
            self._context_task.end()
            self._context_task = None
            self.explored.steps.clear()
        return loop

    def cancel(self) -> None:
        """Cancels the coroutine that runs."""
        self.was_cancelled = True
        self.explored.steps.is_watching = False
        super().cancel()


class Interrupts:
    """Makes the first Ctrl-C end the run of a nested loop too, and not only cancel the task around it."""

    def __init__(self) -> None:
        self.runner: Runner | None = None
        self.has_come = False

    @contextlib.contextmanager
    def forwarded_to_runner(self) -> Iterator[None]:
        """A context manager that does so inside its block, in which the outer loop stands still."""
        before: Any = interpreter.signal_handler(signal.SIGINT)
        is_ours = (
            threading.current_thread() is threading.main_thread()
            and callable(before)
            and before is not signal.default_int_handler
        )
        if not is_ours:  # it is raised in the nested loop, and propagates
            with step_internals.outer_loop_suspended():
                yield
            return

        def forward(*arguments: Any) -> None:
            self.has_come = True
            if self.runner is not None:
                self.runner.get_loop().call_soon_threadsafe(self.runner.cancel)
            before(*arguments)

        interpreter.set_signal_handler(signal.SIGINT, forward)
        try:
            with step_internals.outer_loop_suspended():
                yield
        finally:
            interpreter.set_signal_handler(signal.SIGINT, before)


def _nothing(_: asyncio.AbstractEventLoop) -> None:
    """Replaces a callback that is not needed: nothing waits for the loop."""
