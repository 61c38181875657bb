"""The loop that tests run on where they bring none of their own."""

from __future__ import annotations

import asyncio
import sys
from asyncio import Handle, TimerHandle
from collections.abc import Callable, Coroutine
from contextvars import Context
from threading import get_ident
from typing import Any

from .. import _cpython
from .._compat import ON_WINDOWS
from ..places import CreationSite, capture

__all__ = ["HygienicEventLoop", "creation_site"]

_StandardLoop: Any = getattr(asyncio, "ProactorEventLoop" if ON_WINDOWS else "SelectorEventLoop")
_standard_create_task = _StandardLoop.create_task
_standard_call_soon = _StandardLoop.call_soon
_standard_call_at = _StandardLoop.call_at


class HygienicEventLoop(_StandardLoop):  # type: ignore[misc]  # the base depends on the platform
    """The standard loop, with what is worth having of asyncio's debug mode at a fraction of its cost.

    Two things are kept with debug mode off: the creation site of every task, and the check that `call_soon`,
    `call_later` and `call_at` are called in the loop's own thread. Debug mode extracts a whole stack for each
    task and each callback, which is nine tenths of the time of an ordinary IsolatedAsyncioTestCase.

    A subclass, and not a task factory: users have factories of their own, eager ones among them.
    """

    phase = "test"
    """The phase that tasks created now belong to; set by the guard."""

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        """As the standard loop's; the task remembers which lines created it, and in which phase."""
        if self._task_factory is None and not self._debug:
            # What the standard loop does in this case, without one more call.
            self._check_closed()
            task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, **options)
        else:
            task = _standard_create_task(self, coro, **options)
            _cpython.drop_last_source_frame(task)
        try:
            task._asynctestkit_site = capture(sys._getframe(1), self.phase)  # type: ignore[attr-defined]  # ours
        except AttributeError:
            # A task factory may return a class with slots. It loses its creation site, nothing else.
            pass
        return task

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """As the standard loop's, with debug mode's check of the thread (and without its stack)."""
        if self._debug:
            handle: Handle = _standard_call_soon(self, callback, *args, context=context)
            _cpython.drop_last_source_frame(handle)
            return handle
        self._check_closed()
        if self._thread_id != get_ident() and self._thread_id is not None:
            self._check_thread()
        handle = Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        """As the standard loop's, with debug mode's check of the thread; `call_later` comes through here."""
        if self._thread_id != get_ident() and self._thread_id is not None:
            self._check_thread()
        timer: TimerHandle = _standard_call_at(self, when, callback, *args, context=context)
        if self._debug:
            _cpython.drop_last_source_frame(timer)
        return timer


def creation_site(task: asyncio.Future[Any]) -> CreationSite | None:
    """Where a task was created, if it was created on a HygienicEventLoop."""
    return getattr(task, "_asynctestkit_site", None)
