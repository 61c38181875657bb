"""The guard for code outside of test cases: functions under pytest, scripts."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..cpython import task_internals, wait_internals
from ..cpython.alarms import PhaseInterrupt
from ..cpython.originals import asyncio
from ..cpython.versions import add_note, uncancel
from ..exceptions import DeadlineError
from ..isolation import SeededRandom
from ..loops.cancellation import cancel
from ..settings import Overrides, settings_from
from .guard import Guard

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from 3.11 in typing

__all__ = ["no_leaks"]

__unittest = True


class no_leaks:  # a function to its users, as contextlib's context managers are
    """`async with no_leaks(**settings):` guards a block as HygienicAsyncTestCase guards a test.

    On exit it raises LeakError for what the block has left behind, or DeadlineError if the block exceeded
    `deadline`. An exception of the block's own is never masked: the leaks are then a note on it. What
    other tasks start meanwhile counts as the block's.

    >>> async def main():
    ...     async with no_leaks(deadline=5):
    ...         asyncio.create_task(asyncio.sleep(3600), name="forgotten")
    >>> asyncio.run(main())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    asynctestkit.exceptions.LeakError: the block at ... left 1 thing behind:
    ...
    """

    _is_of_test = False
    _observes = False

    def __init__(self, **settings: Unpack[Overrides]) -> None:
        self._settings = settings_from(settings)

    def _subject(self, file: str, line: int) -> tuple[str, tuple[str, int]]:
        """The name of the block that begins at this line, and its source, for warnings."""
        return f"the block at {file}:{line}", (file, line)

    async def __aenter__(self) -> None:
        caller = sys._getframe(1)
        subject, source = self._subject(caller.f_code.co_filename, caller.f_lineno)
        self._task = _CurrentTask(self._is_of_test)
        self._guard = Guard(subject, source, self._settings, {}, self._task, observes=self._observes)
        self._guard.open(asyncio.get_running_loop())
        seed = self._settings.random_seed
        self._random = SeededRandom(seed) if seed is not None else None
        self._phase = self._guard.phase("test", what="it")
        self._phase.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        guard = self._guard
        if self._random is not None:
            self._random.restore()
        try:
            self._phase.__exit__(kind, error, trace)
        except AssertionError as overrun:
            self._task.take_back()
            error = overrun
            raise
        finally:
            try:
                await guard.sweep_block()
            except DeadlineError as blocked:
                if error is None:
                    raise
                add_note(error, str(blocked))
            if error is not None and guard.settings.on_leak != "ignore" and (report := guard.report()):
                add_note(error, report)
        if error is None:
            guard.verdict()


class _CurrentTask:
    """The task that runs the block: it cannot be abandoned, as it goes on after the block."""

    def __init__(self, is_of_test: bool) -> None:
        self.is_of_test = is_of_test
        self.main_task: asyncio.Task[Any] = task_internals.current_task()  # type: ignore[assignment]  # not None here
        self.references: dict[int, int] = {}
        self._cancellations = 0

    def cancel(self) -> None:
        self._cancellations += cancel(self.main_task)

    def take_back(self) -> None:
        """Takes back the cancellations, which were meant for the block: the task goes on uncancelled."""
        for _ in range(self._cancellations):
            uncancel(self.main_task)

    def give_up(self) -> None:
        """Ends its wait with an exception that it will not swallow as easily as a cancellation."""
        if not wait_internals.interrupt(self.main_task, PhaseInterrupt()):
            self.cancel()
