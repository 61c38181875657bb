"""A test's own control over tasks: settling, background tasks, cancelling pending tasks."""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from ..cpython import loop_internals, task_internals
from ..cpython.alarms import PhaseInterrupt
from ..cpython.originals import asyncio
from ..cpython.step_internals import id_of_test
from ..cpython.versions import add_note_to_failure
from ..loops.cancellation import cancel_and_wait, waits_for
from ..loops.loop import HygienicEventLoop
from ..loops.noted import NotedTasks
from ..loops.quiescence import turn_until_quiet
from .guard import Guard

__all__ = ["TaskControl"]

__unittest = True

_T = TypeVar("_T")
_SETTLE_LIMIT = 5.0


class TaskControl(unittest.IsolatedAsyncioTestCase if TYPE_CHECKING else object):  # type: ignore[misc]  # a mixin
    """Helpers of HygieneMixin, for use within its tests and hooks."""

    _hygieneGuard: Guard | None

    async def settle(self) -> None:
        """Returns at quiescence: every other task is blocked and nothing is ready.

        Waits for no timer and no I/O. Fails, naming the tasks, if some are still ready after 5 s of wall
        time.
        """
        if not await turn_until_quiet(asyncio.get_running_loop(), _SETTLE_LIMIT):
            others = task_internals.all_tasks(asyncio.get_running_loop()) - {task_internals.current_task()}
            names = sorted(task.get_name() for task in others if task_internals.awaited_future(task) is None)
            self.fail(
                f"the loop did not settle in {_SETTLE_LIMIT:g} s; "
                f"still busy: {', '.join(names) or 'callbacks'}"
            )

    def startBackground(self, coro: Coroutine[Any, Any, _T], *, name: str | None = None) -> asyncio.Task[_T]:
        """Starts a task that the case cancels and awaits at tear-down, before the cleanups registered so far.

        It is never a leak. If it fails, and nothing has retrieved its exception, the test fails with that.
        """
        if not asyncio.iscoroutine(coro):
            hint = (
                f"; call it: startBackground({coro.__name__}(…))" if inspect.iscoroutinefunction(coro) else ""
            )
            raise TypeError(f"startBackground takes a coroutine, not {coro!r}{hint}")
        loop = loop_internals.running_loop()
        if loop is None:
            coro.close()
            raise RuntimeError(
                "startBackground needs a running loop: call it in asyncSetUp or in an async test method"
            )
        task = loop.create_task(coro, name=name)
        if isinstance(loop, HygienicEventLoop):
            loop.background_tasks = loop.background_tasks or NotedTasks()
            loop.background_tasks.add(task)
        self.addAsyncCleanup(self._hygieneEndBackground, task)
        return task

    async def cancelPendingTasks(self) -> list[asyncio.Task[Any]]:
        """Cancels and awaits the test's tasks, except the caller and those that wait for it.

        Takes at most `grace_period`, in wall seconds. Returns the stubborn ones, sorted by name.
        """
        guard = self._guarded()
        kept = {task for task in (guard.code.main_task, task_internals.current_task()) if task is not None}

        def others() -> set[asyncio.Task[Any]]:
            return {task for task in guard.census.pending_tasks() - kept if not waits_for(task, kept)}

        refused = await cancel_and_wait(asyncio.get_running_loop(), others, guard.settings.grace_period)
        return sorted(refused, key=lambda task: task.get_name())

    async def _hygieneEndBackground(self, task: asyncio.Task[Any]) -> None:
        if task.done() and not task_internals.is_exception_unretrieved(task):
            return  # it has succeeded, was cancelled, or the test has seen its failure

        def pending() -> set[asyncio.Task[Any]]:
            return set() if task.done() else {task}

        # A stubborn task is left to the sweep, which reports it.
        await cancel_and_wait(asyncio.get_running_loop(), pending, self._guarded().settings.grace_period)
        if not task.done() or task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, PhaseInterrupt):  # which the DeadlineError reports
            add_note_to_failure(error, f"raised in the background task {task.get_name()!r}")
            raise error

    def _guarded(self) -> Guard:
        if self._hygieneGuard is None:
            raise RuntimeError(
                f"{id_of_test(self)} is not running, or runs on a loop that the guard does not know"
            )
        return self._hygieneGuard
