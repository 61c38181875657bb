"""The runner that drives one test's coroutines on one loop, on every version.

It does what `asyncio.Runner` (Lib/asyncio/runners.py) does for IsolatedAsyncioTestCase, with three
differences: its `close` is bounded, where asyncio's waits for ever for a task that ignores cancellation; it
can give up on a coroutine; and it works on 3.10, where there is no Runner, and no context for a task.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context, copy_context
from typing import Any, TypeVar

from ..cpython import loop_internals, task_internals
from ..cpython.alarms import PhaseInterrupt
from ..cpython.originals import asyncio
from ..cpython.versions import HAS_RUNNER
from .cancellation import cancel, detach, is_uncancelled
from .context_task import ContextTask
from .interrupt_signal import Handler, return_sigint, take_sigint
from .loop import HygienicEventLoop
from .shutdown import CutOff, end_everything, end_jobs

__all__ = ["Runner"]

__unittest = True

_T = TypeVar("_T")


class Runner:
    """Runs coroutines on a loop of its own, created when it is first needed."""

    is_of_test = True
    main_task: asyncio.Task[Any] | None = None
    has_made_loop = False
    """Whether nothing on the loop can be older: it was created here, not by a factory of the user's."""
    _loop: asyncio.AbstractEventLoop | None = None
    _context_task: ContextTask | None = None
    _references = _references_of_coroutine = _interrupts = 0
    _given_up = False
    _ended_executor: Executor | None = None

    def __init__(
        self,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
        on_start: Callable[[asyncio.AbstractEventLoop], None],
        make_loop: Callable[[], asyncio.AbstractEventLoop] = HygienicEventLoop,
    ) -> None:
        self._loop_factory = loop_factory
        self._on_start = on_start
        self._make_loop = make_loop
        self._context = copy_context()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop, which the first call creates.

        Without a `loop_factory`, that call also makes it the thread's current loop.
        """
        if self._loop is None:
            if self._loop_factory is not None:
                self._loop = self._loop_factory()
            elif loop_internals.policy_is_standard():
                self._loop, self.has_made_loop = self._make_loop(), True
            else:
                self._loop = asyncio.new_event_loop()
            if self._loop_factory is None:
                asyncio.set_event_loop(self._loop)
            if not HAS_RUNNER:
                self._context_task = ContextTask(self._loop)
            self._make_loop = HygienicEventLoop
            # Without the callback: it refers to the case, which refers to us.
            on_start, self._on_start = self._on_start, _nothing
            on_start(self._loop)
        return self._loop

    def run(self, coro: Awaitable[Any], *, context: Context | None = None, insist: bool = False) -> Any:
        """Runs a coroutine to its end and returns its result; without a `context`, in the runner's own.

        Ctrl-C cancels it, and KeyboardInterrupt is raised when it has ended; a second Ctrl-C raises at once.
        With `insist`, a KeyboardInterrupt or SystemExit that another task raises does not stop the run.
        """
        if loop_internals.running_loop() is not None:
            raise RuntimeError("Runner.run() cannot be called from a running event loop")
        loop = self.get_loop()
        if not asyncio.iscoroutine(coro):
            coro = _as_coroutine(coro)
        waited = self._start(loop, coro, context)
        del coro  # from now on only the task refers to it
        handler = self._take_sigint(waited)
        try:
            result = self._drive(loop, waited, insist)
        except asyncio.CancelledError as cancelled:
            if self._interrupts and is_uncancelled(self.main_task):
                raise KeyboardInterrupt from cancelled  # the cause shows where the code stood
            raise
        except (KeyboardInterrupt, SystemExit):
            # The loop raises them, and nobody retrieves them from the task, which would log that.
            task_internals.mark_exception_retrieved(self.main_task)  # type: ignore[arg-type]  # `_start` has set it
            raise
        finally:
            return_sigint(handler)
            self.main_task = None
            if self._context_task is not None and not waited.done():
                # The context task is busy with the coroutine that goes on, and the next run needs a free one.
                self._context_task = self._context_task.successor()
                waited.cancel()
        if self._interrupts and self._context_task is not None and self._context_task.was_cancelled_late:
            raise KeyboardInterrupt
        return result

    @property
    def references(self) -> dict[int, int]:
        """How many references are not the user's, by ids: to the main task, and on 3.10 to its coroutine."""
        running = None if self.main_task is None else task_internals.coroutine_of(self.main_task)
        coroutine = getattr(running, "cr_await", None)
        # The argument of what counted was one, as that of `run_until_complete` is if it is the task.
        own = self._references - (self._context_task is not None)
        return {id(self.main_task): own, id(coroutine): self._references_of_coroutine}

    def is_idle(self) -> bool:
        """Whether the loop, turned now, would do nothing for the test; but begin its ContextTask."""
        loop, task = self._loop or self.get_loop(), self._context_task
        most = 0 if task is None or task.has_begun else 1
        return loop_internals.runs_at_most(loop, most) or loop.is_closed()

    def cancel(self) -> None:
        """Cancels the coroutine of the current `run`; called in the loop."""
        if self.main_task is not None:
            cancel(self.main_task)

    def give_up(self) -> None:
        """Ends the current `run` now, with PhaseInterrupt, and abandons its task; called in the loop."""
        self._given_up = True
        self.get_loop().stop()

    def shut_down(self, seconds: float = 0.5) -> list[CutOff]:
        """Ends what is left on the loop: tasks, generators, and the jobs of its default executor.

        Each of the three may take `seconds` of wall time; jobs that go on are abandoned. Returns the
        generators that had to be cut off.
        """
        loop = self._loop
        self._end_context_task()
        cut_off: list[CutOff] = []
        if loop is None or loop.is_closed():
            return cut_off
        if task_internals.all_tasks(loop) or loop_internals.started_generators(loop):
            cut_off = self._end(loop, end_everything(seconds))
        executor = loop_internals.default_executor(loop)
        if executor is not None and executor is not self._ended_executor:
            self._ended_executor = executor
            self._end(loop, end_jobs(executor, seconds))
        return cut_off

    def close(self, seconds: float = 0.5) -> None:
        """Ends what is left on the loop, within bounds of wall time, and closes it, unless that was done."""
        if self._loop is None:
            return
        try:
            self.shut_down(seconds)
        finally:
            self.close_loop()

    def close_loop(self) -> None:
        """Closes the loop, on which nothing is left, or `shut_down` has ended it."""
        self._end_context_task()
        loop, self._loop = self.get_loop(), None
        if self._loop_factory is None:
            asyncio.set_event_loop(None)
        try:
            loop.close()
        except PhaseInterrupt:  # halfway; closing again skips what is closed
            loop.close()
            raise

    def _end_context_task(self) -> None:
        if self._context_task is not None:
            self._context_task.end()
            self._context_task = None

    def _end(self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, _T]) -> _T:
        task = loop.create_task(coro)
        handler = self._take_sigint(task)
        try:
            result: _T = self._drive(loop, task, insist=True)
        except BaseException:
            task.cancel()  # so that it does not disturb a later attempt
            detach(task)
            raise
        finally:
            return_sigint(handler)
        return result

    def _start(
        self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], context: Context | None
    ) -> asyncio.Future[Any]:
        if self._context_task is not None:
            if self._context_task.task.done():
                self._context_task = ContextTask(loop)
            self.main_task = self._context_task.task
            # Four are the variables and arguments here and in `run`.
            self._references_of_coroutine = sys.getrefcount(coro) - 4
            return self._context_task.run_in_task(coro)
        options: Any = {"context": self._context if context is None else context} if HAS_RUNNER else {}
        self.main_task = loop.create_task(coro, **options)
        return self.main_task

    def _drive(self, loop: asyncio.AbstractEventLoop, waited: asyncio.Future[Any], insist: bool) -> Any:
        self._given_up = False
        self._references = sys.getrefcount(self.main_task)
        while True:
            try:
                return loop.run_until_complete(waited)
            except (KeyboardInterrupt, SystemExit):
                if not insist or self._interrupts or waited.done():
                    raise
            except RuntimeError:
                if not self._given_up or waited.done():
                    raise
                if self.main_task is not None:
                    detach(self.main_task)
                raise PhaseInterrupt from None

    def _take_sigint(self, waited: asyncio.Future[Any]) -> Handler | None:
        """Has the first Ctrl-C cancel the main task, if there is one; any other raises KeyboardInterrupt."""
        self._interrupts = 0
        return take_sigint(functools.partial(_on_sigint, self, self.main_task, waited))


def _on_sigint(
    runner: Runner, task: asyncio.Task[Any] | None, waited: asyncio.Future[Any], *_: object
) -> None:
    runner._interrupts += 1
    if runner._interrupts == 1 and task is not None and not waited.done():
        task.cancel()
        runner.get_loop().call_soon_threadsafe(lambda: None)  # wakes a loop that waits in its selector
        return
    raise KeyboardInterrupt


def _nothing(_: asyncio.AbstractEventLoop) -> None:
    """Replaces a callback that has been called already."""


async def _as_coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
