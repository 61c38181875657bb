"""The private names of CPython that virtual time and the deadlock report depend on.

The rules are those of `task_internals.py`: one small function each, that names its file and has a canary, in
`tests/cpython/test_wait_internals.py`. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import operator
import selectors
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from types import CodeType, FrameType, MethodType
from typing import Any

from .originals import asyncio

__all__ = [
    "Loop",
    "arguments_of",
    "entered_by_stack",
    "first_timer",
    "forget_cancellation",
    "futures_of_wait",
    "generator_of",
    "interrupt",
    "is_calling_today",
    "lock_of_condition",
    "monotonic_of_loops",
    "ready_callbacks",
    "set_resolution",
    "shielded_by",
    "task_of_timeout",
    "tasks_of_group",
    "wakes",
    "watched_by",
]


Loop = asyncio.AbstractEventLoop


def first_timer(loop: Loop) -> asyncio.TimerHandle | None:
    """The next timer of a loop that selects and so has dropped cancelled ones: Lib/asyncio/base_events.py."""
    return loop._scheduled[0] if loop._scheduled else None  # type: ignore[attr-defined]  # not in typeshed


watched_by: Callable[[selectors.BaseSelector], Mapping[int, selectors.SelectorKey]]
watched_by = operator.attrgetter("_fd_to_key")
"""Returns what is registered, by descriptor: Lib/selectors.py.

`get_map()` returns a mapping written in Python, whose `len()` takes ten times as long.
"""


def monotonic_of_loops() -> object:
    """The function that `loop.time()` calls: `time.monotonic`, as Lib/asyncio/base_events.py sees it."""
    return asyncio.base_events.time.monotonic  # type: ignore[attr-defined]  # not in typeshed


def is_calling_today(frame: FrameType) -> bool:
    """Whether a frame is calling a function named `today`, such as `date.today`.

    That is written in C, and calls `time.time` (`date_today`, Modules/_datetimemodule.c), whereas `now` asks
    the system. It has no frame of its own: only its caller's instruction shows the call.
    """
    return frame.f_lasti in _calls_of_today(frame.f_code)


@functools.lru_cache(maxsize=256)
def _calls_of_today(code: CodeType) -> frozenset[int]:
    """The offsets of the instructions that call what was loaded under that name just before.

    Lib/opcode.py has the names of the instructions on each version.
    """
    found, loaded = set(), None
    for each in dis.get_instructions(code):
        if each.opname.startswith("CALL") and loaded == "today":
            found.add(each.offset)
        if each.opname not in ("PUSH_NULL", "PRECALL"):
            loaded = each.argval
    return frozenset(found)


def set_resolution(loop: Loop, seconds: float) -> None:
    """Sets by how much a timer may run before it is due: `_clock_resolution`, Lib/asyncio/base_events.py."""
    loop._clock_resolution = seconds  # type: ignore[attr-defined]  # not in typeshed


def arguments_of(handle: asyncio.Handle) -> tuple[Any, ...]:
    """The arguments that a handle calls its callback with: `_args`, Lib/asyncio/events.py."""
    return tuple(handle._args)


def task_of_timeout(timeout: object) -> asyncio.Task[Any] | None:
    """The task that an `asyncio.timeout()` limits: `_task`, Lib/asyncio/timeouts.py, or None."""
    is_timeout = type(timeout) is getattr(asyncio, "Timeout", None)  # from 3.11
    return timeout._task if is_timeout else None  # type: ignore[attr-defined]  # private


def lock_of_condition(condition: asyncio.Condition) -> asyncio.Lock:
    """The lock that a condition is built on: `_lock`, Lib/asyncio/locks.py."""
    return condition._lock  # type: ignore[attr-defined, no-any-return]  # not in typeshed


# -- what a task waits for, and what it holds ----------------------------------------------------------------


def interrupt(task: asyncio.Task[Any], error: BaseException) -> bool:
    """Raises an exception in a waiting task where it waits; returns False if it waits for nothing.

    `task.cancel()` asks the awaited future, which may refuse, and in a ring of tasks that await each other
    never stops asking. This calls what wakes the task, a method of its own among the `_callbacks` of the
    future: `__wakeup`, Lib/asyncio/tasks.py, or `task_wakeup`, Modules/_asynciomodule.c.
    """
    wakeup = _wakeup_of(task)
    if wakeup is None:
        return False
    wake, context = wakeup
    task._fut_waiter.remove_done_callback(wake)  # type: ignore[attr-defined]  # not in typeshed
    failed = task.get_loop().create_future()
    failed.set_exception(error)
    task.get_loop().call_soon(wake, failed, context=context)
    return True


def wakes(callback: object, task: asyncio.Task[Any]) -> bool:
    """Whether this is the callback that wakes a task, as in `interrupt`: Lib/asyncio/tasks.py."""
    wakeup = _wakeup_of(task)
    return wakeup is not None and callback is wakeup[0]


def _wakeup_of(task: asyncio.Task[Any]) -> tuple[Any, Context] | None:
    future = getattr(task, "_fut_waiter", None)
    callbacks = getattr(future, "_callbacks", None) or ()
    return next((each for each in callbacks if getattr(each[0], "__self__", None) is task), None)


def forget_cancellation(task: asyncio.Task[Any]) -> None:
    """Drops the exception of a cancelled task, and with it the frames of its traceback.

    `_make_cancelled_error`, Lib/asyncio/futures.py, returns the exception, and keeps no reference.
    """
    if task.cancelled():
        task._make_cancelled_error()  # type: ignore[attr-defined]  # not in typeshed


def shielded_by(future: object) -> asyncio.Future[Any] | None:
    """The future that a `shield()` protects, given the one that it returned: Lib/asyncio/tasks.py.

    `_outer_done_callback`, one of the future's `_callbacks`, has the inner future in its closure.
    """
    for callback, _ in getattr(future, "_callbacks", None) or ():
        code = getattr(callback, "__code__", None)
        if isinstance(code, CodeType) and code in _OF_SHIELD:
            cells = dict(zip(code.co_freevars, callback.__closure__, strict=True))
            if "inner" in cells:  # the protected future has a callback of `shield`, too
                inner: asyncio.Future[Any] = cells["inner"].cell_contents
                return inner
    return None


_OF_SHIELD = asyncio.shield.__code__.co_consts


def futures_of_wait(frame: FrameType) -> Iterable[asyncio.Future[Any]]:
    """The futures of an `asyncio.wait` that a frame runs, or none: `fs` of `_wait`, Lib/asyncio/tasks.py."""
    return frame.f_locals["fs"] if frame.f_code is _WAIT else ()


_WAIT: CodeType = asyncio.tasks._wait.__code__  # type: ignore[attr-defined]  # not in typeshed


def tasks_of_group(frame: FrameType) -> Iterable[asyncio.Future[Any]]:
    """The tasks of a task group whose end a frame runs, or none: `_tasks`, Lib/asyncio/taskgroups.py."""
    is_end = frame.f_code.co_name in ("__aexit__", "_aexit")
    owner = frame.f_locals.get("self") if is_end else None
    return tuple(owner._tasks) if isinstance(owner, _GROUPS) else ()


_GROUPS: tuple[type[Any], ...] = (asyncio.TaskGroup,) if hasattr(asyncio, "TaskGroup") else ()


def generator_of(manager: object) -> object:
    """The generator that an `@asynccontextmanager` runs: `gen`, Lib/contextlib.py; None for anything else."""
    is_made = isinstance(manager, contextlib._AsyncGeneratorContextManager)
    return manager.gen if is_made else None  # type: ignore[attr-defined]  # not narrowed


def entered_by_stack(stack: contextlib.AsyncExitStack[Any]) -> list[object]:
    """The managers that an exit stack will leave at its end: `_exit_callbacks`, Lib/contextlib.py."""
    exits = [callback for _, callback in stack._exit_callbacks]  # type: ignore[attr-defined]  # not in typeshed
    bound = [each for each in exits if isinstance(each, MethodType)]
    return [each.__self__ for each in bound if getattr(each, "__name__", "") == "__aexit__"]


def ready_callbacks(loop: Loop) -> list[Any]:
    """The callbacks that the loop will call in its next turn: `_ready`, Lib/asyncio/base_events.py."""
    ready = tuple(loop._ready)  # type: ignore[attr-defined]  # not in typeshed; other threads may add to it
    return [handle._callback for handle in ready if not handle.cancelled()]
