"""The task that drives a test's coroutines on 3.10, where a task cannot be given a context."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import Any

from ..cpython import task_internals
from ..cpython.originals import asyncio

__all__ = ["ContextTask"]


class ContextTask:
    """Python 3.10: the one task in whose context a test runs, as in 3.10's Lib/unittest/async_case.py."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.was_cancelled_late = False
        """Whether a cancellation came just after the coroutine that it was meant for had ended."""
        self.has_begun = False
        self._is_abandoned = False
        self._loop = loop
        self._next: asyncio.Future[tuple[Awaitable[Any], asyncio.Future[Any]]] = loop.create_future()
        self.task = loop.create_task(self._carry_on())

    def successor(self) -> ContextTask:
        """Another ContextTask in the same context, as this one is busy with a coroutine that does not end."""
        self._is_abandoned = True
        return task_internals.context_of(self.task).run(ContextTask, self._loop)

    def run_in_task(self, coro: Awaitable[Any]) -> asyncio.Future[Any]:
        """Has the task await `coro`; returns a future for its result or exception."""
        self.was_cancelled_late = False
        done: asyncio.Future[Any] = self._loop.create_future()
        if self._next.done():
            self._next = self._loop.create_future()
        self._next.set_result((coro, done))
        return done

    def end(self) -> None:
        """Ends the task without a turn of the loop: it is suspended, and has nothing to clean up."""
        task_internals.forget_task(self.task)
        # If it has not begun, the loop's next turn finds it closed, and would log that.
        self.task.add_done_callback(task_internals.mark_exception_retrieved)
        coroutine: Any = self.task.get_coro()
        if inspect.getcoroutinestate(coroutine) in (inspect.CORO_CREATED, inspect.CORO_SUSPENDED):
            coroutine.close()
        # The future would keep the task in a callback: both would be left to the collector.
        task_internals.forget_callbacks(self._next)

    async def _carry_on(self) -> None:
        self.has_begun = True
        while not self._is_abandoned:
            try:
                coro, done = await self._next
            except asyncio.CancelledError:
                self.was_cancelled_late = True
                if self._next.cancelled():
                    self._next = self._loop.create_future()
                continue
            self._next = self._loop.create_future()
            try:
                result = await coro
            except (SystemExit, KeyboardInterrupt) as error:
                if not done.done():
                    done.set_exception(error)
                    done.exception()
                raise
            except BaseException as error:
                if not done.done():
                    # Without our own frame: clearing the frames, as `assertRaises` does, would end this task.
                    trace = error.__traceback__
                    done.set_exception(error.with_traceback(trace and trace.tb_next))
            else:
                if not done.done():
                    done.set_result(result)
            del coro, done
