"""The loop of an explored run: on virtual time, with the steps of its tasks in the order of a schedule."""

from __future__ import annotations

import itertools
from asyncio import Handle
from collections.abc import Callable, Coroutine
from contextvars import Context
from threading import get_ident
from typing import Any

from ..cpython import step_internals
from ..cpython.originals import asyncio
from ..loops.virtual.virtual_loop import VirtualEventLoop
from .answers import is_answer
from .deviations import Schedule
from .faults import Faults
from .names import Walker
from .steps import StepQueue

__all__ = ["ExploredLoop"]


class ExploredLoop(VirtualEventLoop):
    """A loop on virtual time whose tasks take their steps in the order of a schedule.

    Sets of its tasks are iterated in an order that is the same in every run.
    """

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.uncontrolled: set[str] = set()
        """What else affects the order, beside the schedule: "threads", "sockets or pipes"."""
        self.asynctestkit_faults: Faults | None = None
        """Decides which scripted calls fail; the mocks look for this attribute."""
        self._numbers = itertools.count(1)
        self.steps = StepQueue(self, schedule)
        step_internals.replace_ready_queue(self, self.steps)

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        """Like the base class's; the steps of the task are counted."""
        is_main = not self.is_running()
        task = super().create_task(coro, **options)
        if type(task) is _NumberedTask:
            return task
        try:
            task._asynctestkit_walker = Walker(is_main)  # type: ignore[attr-defined]  # ours
        except AttributeError:
            # A task factory may return a class with slots. Its steps are plain callbacks then.
            pass
        return task

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Like the base class's; records that other threads affect the order."""
        if self._thread_id is not None and self._thread_id != get_ident():
            self.uncontrolled.add("threads")
        return super().call_soon_threadsafe(callback, *args, context=context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Like the base class's; an error that only answers an injected fault is not logged."""
        error, faults = context.get("exception"), self.asynctestkit_faults
        if error is None or faults is None or not is_answer(error, faults.raised):
            super().default_exception_handler(context)

    async def create_server(self, *args: Any, start_serving: bool = True, **options: Any) -> asyncio.Server:
        """Like the base class's; cancelled once it has a server, it closes that."""
        server = await super().create_server(*args, start_serving=False, **options)
        return await _serving(server) if start_serving else server

    async def create_unix_server(
        self, *args: Any, start_serving: bool = True, **options: Any
    ) -> asyncio.Server:
        """Like the base class's; cancelled once it has a server, it closes that."""
        server = await super().create_unix_server(*args, start_serving=False, **options)
        return await _serving(server) if start_serving else server

    def _add_reader(self, fd: Any, callback: Callable[..., object], *args: Any, **options: Any) -> Any:
        if fd != self._ssock.fileno():
            self.uncontrolled.add("sockets or pipes")
        return super()._add_reader(fd, callback, *args, **options)

    def _add_writer(self, fd: Any, callback: Callable[..., object], *args: Any, **options: Any) -> Any:
        self.uncontrolled.add("sockets or pipes")
        return super()._add_writer(fd, callback, *args, **options)

    def _new_task(
        self, coro: Coroutine[Any, Any, Any], *, loop: ExploredLoop, **options: Any
    ) -> asyncio.Task[Any]:
        return _NumberedTask(coro, loop, next(self._numbers), options)


async def _serving(server: asyncio.Server) -> asyncio.Server:
    """Starts a server, in as many turns of the loop as asyncio does.

    asyncio leaves it open if it is cancelled here, before anyone else has it: no fault of who awaits it.
    """
    try:
        await server.start_serving()
    except BaseException:
        server.close()
        raise
    return server


class _NumberedTask(asyncio.Task[Any]):
    """A task whose hash is its number and not its address, so that sets of tasks have the same order."""

    def __init__(self, coro: Coroutine[Any, Any, Any], loop: ExploredLoop, number: int, options: Any) -> None:
        # Set before an eager task begins, which it does in the next line.
        self._asynctestkit_number = number
        self._asynctestkit_walker = Walker(not loop.is_running())
        super().__init__(coro, loop=loop, **options)

    def __hash__(self) -> int:
        return self._asynctestkit_number
