"""What a loop's handle calls, and whether asyncio itself has registered it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from types import FunctionType
from typing import Any

from ..cpython import loop_internals, task_internals, wait_internals
from ..cpython.originals import asyncio
from . import code_owners
from .await_chain import coroutine_name

__all__ = ["callback_function", "callback_name", "is_of_asyncio", "is_written_in_asyncio", "woken_task"]

_INTERNAL = frozenset(
    f"asyncio.{module}"
    for module in ("futures", "tasks", "timeouts", "sslproto", "selector_events", "unix_events")
)
"""Modules whose functions only asyncio registers; users pass `Event.set` and `loop.stop`, of others."""


def callback_name(handle: asyncio.Handle) -> str:
    """The qualified name of the function that a handle calls."""
    return coroutine_name(_function(handle))


def callback_function(handle: asyncio.Handle) -> FunctionType | None:
    """The function that a handle calls, itself or as a method; None if it is not written in Python."""
    callback = _function(handle)
    callback = getattr(callback, "__func__", callback)
    return callback if type(callback) is FunctionType else None


def is_of_asyncio(handle: asyncio.Handle) -> bool:
    """Exempt: what calls into asyncio's own modules was registered there.

    The loop's self-pipe, transports and servers in use, `sock_recv` and the like, child watchers
    (`PidfdChildWatcher` reads a pidfd, `SafeChildWatcher` handles SIGCHLD), the timers of `sleep`, `timeout`,
    `wait_for` and TLS.
    """
    return getattr(_function(handle), "__module__", None) in _INTERNAL


def is_written_in_asyncio(handle: asyncio.Handle) -> bool:
    """Whether a handle calls a function of asyncio's that is written in Python."""
    function = callback_function(handle)
    return function is not None and code_owners.is_of_asyncio(function.__code__.co_filename)


def woken_task(timer: asyncio.TimerHandle, tasks: Iterable[asyncio.Task[Any]]) -> asyncio.Task[Any] | None:
    """The task that a timer limits, as that of `timeout()` does, or the one of `tasks` that it wakes."""
    limited = wait_internals.task_of_timeout(getattr(loop_internals.callback_of(timer), "__self__", None))
    if limited is not None:
        return limited
    arguments = wait_internals.arguments_of(timer)
    woken = {id(each) for each in arguments if issubclass(type(each), task_internals.FUTURE_TYPES)}
    return next((each for each in tasks if id(task_internals.awaited_future(each)) in woken), None)


def _function(handle: asyncio.Handle) -> Any:
    callback = loop_internals.callback_of(handle)
    while isinstance(callback, functools.partial):
        callback = callback.func
    return callback
