"""The private names of executors, their workers and their jobs.

The rules are those of `task_internals.py`. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

from .changes import Undo, replace
from .definitions import module_of, mro_of
from .originals import futures, threading

__all__ = [
    "executor_processes",
    "executor_threads",
    "function_of_job",
    "hook_executors",
    "hook_jobs",
    "is_idle_worker",
    "is_jobless_manager",
    "is_manager",
    "is_shut_down",
    "is_waiting_manager",
    "is_worker",
    "job_run_in",
    "loops_notified_by",
    "managed_processes",
    "pool_of",
    "shut_down",
    "thread_name_prefix",
]


def hook_executors(hook: Callable[[futures.Executor, FrameType], None]) -> Undo:
    """Calls `hook`, from now on, with each executor before its `__init__`, and the frame that creates it.

    `Executor`, Lib/concurrent/futures/_base.py, has no `__new__`, nor has any of CPython's subclasses.
    """

    def __new__(cls: Any, *args: Any, **options: Any) -> Any:
        make = super(futures.Executor, cls).__new__
        executor = make(cls) if make is object.__new__ else make(cls, *args, **options)
        for each in hooks:
            each(executor, sys._getframe(1))
        return executor

    hooks = [hook]
    futures.Executor.__new__ = __new__  # type: ignore[method-assign]  # the one place for all of them
    # `__new__` stays: a class that has lost it passes its arguments to `object.__new__`, which refuses them.
    return hooks.clear


def pool_of(thread: threading.Thread) -> Any:
    """The ThreadPoolExecutor that a thread works for, if that is still alive.

    The arguments of a worker, which Lib/threading.py keeps while it runs, include a weak reference to it: see
    Lib/concurrent/futures/thread.py.
    """
    arguments = getattr(thread, "_args", None) or ()
    references = (each for each in arguments if isinstance(each, weakref.ref))
    return next((reference() for reference in references), None)


def is_worker(thread: threading.Thread) -> bool:
    """Whether a running thread is a pool's worker: its target is in Lib/concurrent/futures/thread.py."""
    return getattr(getattr(thread, "_target", None), "__code__", None) is _WORKER


_WORKER: CodeType = futures.thread._worker.__code__


def is_idle_worker(frame: FrameType | None) -> bool:
    """Whether a thread's innermost frame is a pool worker's, waiting: Lib/concurrent/futures/thread.py."""
    return frame is not None and frame.f_code is _WORKER


def hook_jobs(hook: Callable[[Any, FrameType], None]) -> Undo:
    """Calls `hook`, from now on, with each job of a thread pool, before a worker can take it.

    `_WorkItem`, Lib/concurrent/futures/thread.py, with its `future`: the worker drops the item once the
    future has its result and its waiters are notified. The frame is that of the pool's `submit`.
    """
    work_item: Any = futures.thread._WorkItem
    original = work_item.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        hook(self, sys._getframe(1))

    return replace(work_item, "__init__", __init__)


def function_of_job(item: Any) -> Any:
    """What a job calls: `fn`, or the first of `task` from 3.14, Lib/concurrent/futures/thread.py."""
    return item.task[0] if hasattr(item, "task") else getattr(item, "fn", None)


def job_run_in(frame: FrameType | None) -> Any:
    """The job that a worker is running, or None: `_worker`, Lib/concurrent/futures/thread.py."""
    while frame is not None and frame.f_code is not _WORKER:
        frame = frame.f_back
    return None if frame is None else frame.f_locals.get("work_item")


def loops_notified_by(future: futures.Future[Any]) -> list[Any]:
    """The loops that are notified of the end of a job: `_chain_future`, Lib/asyncio/futures.py.

    Its `_call_set_state`, one of the `_done_callbacks`, has the loop in its closure.
    """
    callbacks = [each for each in tuple(future._done_callbacks) if getattr(each, "__closure__", None)]  # type: ignore[attr-defined]  # not in typeshed
    closures = [dict(zip(each.__code__.co_freevars, each.__closure__, strict=True)) for each in callbacks]
    return [cells["dest_loop"].cell_contents for cells in closures if "dest_loop" in cells]


def is_manager(thread: threading.Thread) -> bool:
    """Whether this is the manager thread of a process pool: Lib/concurrent/futures/process.py."""
    return type(thread).__name__ == "_ExecutorManagerThread"


def is_waiting_manager(frame: FrameType | None) -> bool:
    """Whether a manager waits: `wait_result_broken_or_wakeup`, Lib/concurrent/futures/process.py."""
    while frame is not None and frame.f_code.co_name != "wait_result_broken_or_wakeup":
        frame = frame.f_back
    return frame is not None


def is_jobless_manager(thread: threading.Thread) -> bool:
    """Whether a manager's pool has no job: `pending_work_items`, Lib/concurrent/futures/process.py."""
    return is_manager(thread) and not thread.pending_work_items  # type: ignore[attr-defined]  # of a subclass


def managed_processes(manager: Any) -> set[int]:
    """The process identifiers of a manager's pool: `processes`, Lib/concurrent/futures/process.py."""
    return set(manager.processes)


def is_shut_down(executor: futures.Executor) -> bool:
    """Whether an executor takes no more work; True for any executor that is not one of CPython's two.

    `_shutdown`, Lib/concurrent/futures/thread.py; `_shutdown_thread`, Lib/concurrent/futures/process.py.
    """
    own = _attributes(executor)
    return bool(own.get("_shutdown", True) and own.get("_shutdown_thread", True))


def shut_down(executor: futures.Executor) -> None:
    """Ends an executor without waiting for its jobs, bypassing a subclass's own `shutdown`.

    The methods called are in Lib/concurrent/futures/thread.py and Lib/concurrent/futures/process.py.
    """
    cls: Any = next(_makes(executor))
    cls.shutdown(executor, wait=False, cancel_futures=True)


def _makes(executor: futures.Executor) -> Iterator[type]:
    """Those of CPython's pools that an executor is: not the class in Lib/concurrent/futures/_base.py."""
    made_in = ((each, module_of(each)) for each in mro_of(type(executor)))
    return (each for each, name in made_in if name.startswith("concurrent.futures.") and name != _BASE)


def _attributes(executor: futures.Executor) -> dict[str, Any]:
    """The attributes of a pool of CPython's: a user's executor may answer for that which it wraps.

    What they are is written in Lib/concurrent/futures/thread.py and Lib/concurrent/futures/process.py.
    """
    own: dict[str, Any] = object.__getattribute__(executor, "__dict__")
    return own if next(_makes(executor), None) is not None else {}


_BASE = futures.Executor.__module__


def executor_threads(executor: futures.Executor) -> list[threading.Thread]:
    """The threads of an executor, none before its first job.

    `_threads`, Lib/concurrent/futures/thread.py; `_executor_manager_thread`,
    Lib/concurrent/futures/process.py.
    """
    own = _attributes(executor)
    manager = own.get("_executor_manager_thread")
    return [manager] if manager is not None else list(own.get("_threads", ()))


def thread_name_prefix(executor: futures.Executor) -> str:
    """The name that the user gave to an executor: `_thread_name_prefix`, Lib/concurrent/futures/thread.py."""
    prefix: str = _attributes(executor).get("_thread_name_prefix", "")
    return prefix


def executor_processes(executor: futures.Executor) -> list[Any]:
    """The processes of an executor: `_processes`, Lib/concurrent/futures/process.py."""
    return list((_attributes(executor).get("_processes") or {}).values())
