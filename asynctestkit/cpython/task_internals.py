"""The private names of tasks, futures, coroutines and types: one small function each.

Each function names the file of CPython that it depends on. The tests in `tests/cpython/` have a canary for
each, which says what moved when a new Python breaks it. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable
from contextvars import Context
from types import CodeType
from typing import Any

from .definitions import names_in, namespace_of, qualname_of
from .originals import asyncio, gc

__all__ = [
    "FUTURE_ITERATOR",
    "FUTURE_TYPES",
    "TASK_TYPES",
    "AnyTask",
    "Loop",
    "all_tasks",
    "awaited_future",
    "begins_to_wait_for",
    "blocked_getters",
    "blocked_putters",
    "context_of",
    "coroutine_of",
    "current_task",
    "drop_last_source_frame",
    "forget_callbacks",
    "forget_task",
    "gathered_children",
    "is_exception_unretrieved",
    "is_registry",
    "loop_of",
    "mark_exception_retrieved",
    "peek_exception",
    "qualified_name",
    "source_traceback",
    "unfinished_items",
    "weak_set_of",
]


Loop = asyncio.AbstractEventLoop
AnyTask = asyncio.Task[Any]


class _LoopOfNone:
    def get_debug(self) -> bool:
        return False


TASK_TYPES: tuple[type[AnyTask], ...] = (asyncio.Task, asyncio.tasks._PyTask)  # type: ignore[attr-defined]  # not in typeshed
FUTURE_TYPES: tuple[type[asyncio.Future[Any]], ...] = (asyncio.Future, asyncio.futures._PyFuture)  # type: ignore[attr-defined]  # not in typeshed
FUTURE_ITERATOR: type[Any] = type(asyncio.Future(loop=_LoopOfNone()).__await__())  # type: ignore[arg-type]  # nothing else of it is asked
"""What a coroutine holds that awaits a future: `FutureIter`, Modules/_asynciomodule.c."""

# -- tasks and futures ---------------------------------------------------------------------------------------


def all_tasks(loop: Loop) -> set[AnyTask]:
    """The tasks of the loop that are not done, in C or Python: `all_tasks`, Lib/asyncio/tasks.py.

    From 3.14 that lists the tasks written in C, and `_py_all_tasks` those written in Python.
    """
    if _TASK_REGISTRIES and not any(len(getattr(asyncio.tasks, name)) for name in _TASK_REGISTRIES):
        return set()  # a shortcut: asyncio iterates over its empty sets for longer than a short test runs
    tasks = asyncio.all_tasks(loop)
    return tasks | _PY_ALL_TASKS(loop) if _PY_ALL_TASKS is not None else tasks


def current_task(loop: Loop | None = None) -> AnyTask | None:
    """The running task, in C or Python: `current_task`, and from 3.14 `_py_current_task` as well.

    Both are in Lib/asyncio/tasks.py.
    """
    task = asyncio.current_task(loop)
    return _PY_CURRENT_TASK(loop) if task is None and _PY_CURRENT_TASK is not None else task


_HAS_TWO_KINDS = hasattr(asyncio.tasks, "_c_all_tasks") and asyncio.tasks._c_all_tasks is asyncio.all_tasks
# From 3.14 there are two kinds, and tasks written in C are in no such set.
_REGISTRIES = ("_all_tasks", "_scheduled_tasks", "_eager_tasks")
_TASK_REGISTRIES = [name for name in _REGISTRIES if not _HAS_TWO_KINDS and hasattr(asyncio.tasks, name)]
_PY_ALL_TASKS: Any = getattr(asyncio.tasks, "_py_all_tasks", None) if _HAS_TWO_KINDS else None
_PY_CURRENT_TASK: Any = getattr(asyncio.tasks, "_py_current_task", None) if _HAS_TWO_KINDS else None


def weak_set_of(reference: weakref.ref[Any]) -> object:
    """The WeakSet that has made a weak reference, or None: the callback's default, Lib/_weakrefset.py."""
    defaults = getattr(reference.__callback__, "__defaults__", None) or (None,)
    return defaults[0]() if isinstance(defaults[0], weakref.ref) else None


def is_registry(thing: object) -> bool:
    """Whether this is one of asyncio's sets of all tasks: `_scheduled_tasks`, Lib/asyncio/tasks.py, …"""
    return any(thing is vars(asyncio.tasks)[name] for name in _REGISTRIES if name in vars(asyncio.tasks))


def loop_of(thing: object) -> Loop | None:
    """The loop of a future, handle or transport: `_loop`, Lib/asyncio/futures.py.

    None for a future whose `__init__` never ran, where the public `get_loop()` raises, and for a transport
    that is closed.
    """
    return getattr(thing, "_loop", None)


def coroutine_of(task: AnyTask) -> Any:
    """A task's coroutine; None if it ended at once, in an eager factory: `_coro`, Lib/asyncio/tasks.py.

    On 3.12 the public `get_coro()` crashes the interpreter for those.
    """
    return getattr(task, "_coro", None)


def awaited_future(task: AnyTask) -> asyncio.Future[Any] | None:
    """The future that a suspended task waits on: `_fut_waiter`, Lib/asyncio/tasks.py.

    For one of our stand-ins, the future that it stands for.
    """
    waiter = getattr(task, "_fut_waiter", None)
    return getattr(waiter, "_asynctestkit_stands_for", waiter)


def begins_to_wait_for(yielded: Any) -> bool:
    """Whether a coroutine has yielded a future to wait for; if so, the caller takes over the waiting.

    `_asyncio_future_blocking` is the protocol between futures and `__step` in Lib/asyncio/tasks.py.
    """
    if not getattr(yielded, "_asyncio_future_blocking", False):
        return False
    yielded._asyncio_future_blocking = False
    return True


def peek_exception(future: asyncio.Future[Any]) -> BaseException | None:
    """A future's exception, without marking it as retrieved: `_exception`, Lib/asyncio/futures.py."""
    return getattr(future, "_exception", None)


def unfinished_items(queue: asyncio.Queue[Any]) -> int:
    """How many items were put and not marked done: `_unfinished_tasks`, Lib/asyncio/queues.py."""
    return int(queue._unfinished_tasks)  # type: ignore[attr-defined]  # not in typeshed


def blocked_putters(queue: asyncio.Queue[Any]) -> int:
    """How many calls of `put` wait for a free place: `_putters`, Lib/asyncio/queues.py."""
    return sum(not putter.done() for putter in queue._putters)  # type: ignore[attr-defined]  # not in typeshed


def blocked_getters(queue: asyncio.Queue[Any]) -> int:
    """How many calls of `get` wait for an item: `_getters`, Lib/asyncio/queues.py."""
    return sum(not getter.done() for getter in queue._getters)  # type: ignore[attr-defined]  # not in typeshed


def gathered_children(future: object) -> Iterable[asyncio.Future[Any]]:
    """What a `gather()` still waits for: `_GatheringFuture._children`, Lib/asyncio/tasks.py."""
    return getattr(future, "_children", ())


def is_exception_unretrieved(future: asyncio.Future[Any]) -> bool:
    """Whether dropping the future would log its exception: `_log_traceback`, Lib/asyncio/futures.py."""
    return bool(getattr(future, "_log_traceback", False))


def mark_exception_retrieved(future: asyncio.Future[Any]) -> None:
    """Keeps an exception from being logged, without touching it: `_log_traceback`, Lib/asyncio/futures.py."""
    future._log_traceback = False


def source_traceback(future: asyncio.Future[Any] | asyncio.Handle) -> Iterable[Any] | None:
    """Debug mode's record of where a task or timer was created: `_source_traceback`, Lib/asyncio/tasks.py."""
    return getattr(future, "_source_traceback", None)


def drop_last_source_frame(created: asyncio.Future[Any] | asyncio.Handle) -> None:
    """Removes our own frame from debug mode's record, as Lib/asyncio/base_events.py does with its own."""
    record = getattr(created, "_source_traceback", None)
    if record:
        del record[-1]


def context_of(task: AnyTask) -> Context:
    """The context that a task runs in, which is public from 3.12 only.

    Before, Python's tasks have `_context` (Lib/asyncio/tasks.py), and those of C show theirs to the garbage
    collector (`task_context`, Modules/_asynciomodule.c).
    """
    held = (getattr(task, "_context", None), *gc.get_referents(task))
    return next(each for each in held if isinstance(each, Context))


def forget_callbacks(future: asyncio.Future[Any]) -> None:
    """Removes the callbacks that wait for a future's end: `_callbacks`, Lib/asyncio/futures.py."""
    for callback, _ in list(getattr(future, "_callbacks", None) or ()):
        future.remove_done_callback(callback)


def forget_task(task: AnyTask) -> None:
    """Takes a pending task out of `asyncio.all_tasks()`, so that closing the loop does not wait for it.

    `_unregister_task` is documented for task implementers; `_log_destroy_pending` is cleared, or
    Lib/asyncio/tasks.py would log the task's destruction as well.
    """
    unregister = asyncio._unregister_task
    if isinstance(task, TASK_TYPES[1]):
        unregister = getattr(asyncio.tasks, "_py_unregister_task", unregister)
    unregister(task)
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # not in typeshed


def qualified_name(code: CodeType) -> str:
    """`co_qualname`, Objects/codeobject.c, from 3.11; before that the class is searched for."""
    name: str | None = getattr(code, "co_qualname", None)
    if name is None:  # before 3.11
        name = _name_with_its_class(code)
    return name


def _name_with_its_class(code: CodeType) -> str:  # before 3.11
    """For plain functions and wrapped methods, the name alone: Objects/codeobject.c."""
    modules = map(names_in, tuple(sys.modules.values()))
    values = (tuple(names.values()) for names in modules if names.get("__file__") == code.co_filename)
    classes = (each for found in values for each in found if issubclass(type(each), type))
    owners = (
        each for each in classes if getattr(namespace_of(each).get(code.co_name), "__code__", None) is code
    )
    return next((f"{qualname_of(each)}.{code.co_name}" for each in owners), code.co_name)
