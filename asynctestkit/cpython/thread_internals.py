"""The private names of threads.

The rules are those of `task_internals.py`. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import sys
import threading as live_threading  # live: it gets a wrapper
from collections.abc import Callable
from types import CodeType, FrameType, MethodType
from typing import Any

from . import patch_internals
from .changes import Undo, replace
from .executor_internals import is_idle_worker
from .originals import futures, subprocess, threading

__all__ = [
    "arguments_of",
    "begins_a_thread",
    "frames_of_others",
    "hook_thread_starts",
    "registries",
    "target_of",
    "thread_of",
    "waits_without_limit",
]


def hook_thread_starts(hook: Callable[[threading.Thread, FrameType], None]) -> Undo:
    """Calls `hook`, from now on, with each thread before it starts, and the frame that starts it.

    `_start_new_thread`, and `_start_joinable_thread` from 3.13, are what Lib/threading.py calls.
    """
    name = next(each for each in ("_start_joinable_thread", "_start_new_thread") if hasattr(threading, each))
    original = getattr(live_threading, name)

    def start(function: Any, *args: Any, **options: Any) -> Any:
        thread = getattr(function, "__self__", None)
        if isinstance(thread, threading.Thread):
            hook(thread, sys._getframe(1))
        return original(function, *args, **options)

    return replace(live_threading, name, start)


def frames_of_others() -> dict[int, FrameType]:
    """The current frames of the other threads, by identifier: `sys._current_frames`, Python/sysmodule.c.

    The calling thread's is removed: a variable that holds its own frame makes a cycle, which keeps everything
    that the callers hold alive until the next garbage collection.
    """
    frames = sys._current_frames()
    del frames[threading.get_ident()]
    return frames


def begins_a_thread(method: MethodType) -> bool:
    """Whether this is the method that the interpreter calls to run a thread, and holds while that lives.

    `_bootstrap`, and from 3.14 `run`, Lib/threading.py.
    """
    return isinstance(method.__self__, threading.Thread) and method.__name__ in ("_bootstrap", "run")


def thread_of(ident: int) -> threading.Thread | None:
    """A thread by its identifier, without making a dummy for a foreign one: `_active`, Lib/threading.py."""
    return threading._active.get(ident)  # type: ignore[attr-defined,no-any-return]  # not in typeshed


def waits_without_limit(frame: FrameType) -> bool:
    """Whether the innermost frame of a thread waits for a condition, or for a job, without a timeout.

    `Condition.wait`, Lib/threading.py, through which events and queues wait: its `waiter` is a lock that
    `notify` releases and takes out of `_waiters`; from 3.14 it may be handed over, locked, to the thread that
    is woken. `_worker`, Lib/concurrent/futures/thread.py, waits in C.
    """
    variables = frame.f_locals
    if frame.f_code is _CONDITION_WAIT:
        waiter: Any = variables.get("waiter")
        is_in_line = waiter in tuple(getattr(variables.get("self"), "_waiters", ()))
        return variables.get("timeout") is None and is_in_line and bool(waiter.locked())
    is_idle = is_idle_worker(frame) and variables.get("work_item") is None
    return is_idle and variables["work_queue"].empty()


_CONDITION_WAIT: CodeType = threading.Condition.wait.__code__


def target_of(thread: threading.Thread) -> Any:
    """The function that a thread runs, while it runs: `_target`, Lib/threading.py."""
    return getattr(thread, "_target", None)


def arguments_of(thread: threading.Thread) -> object:
    """The arguments that a thread calls its target with, while that runs: `_args`, Lib/threading.py."""
    return getattr(thread, "_args", None)


def registries() -> list[Any]:
    """The standard library's own lists of threads, children and patches; these are no holders of the user's.

    `_active` and `_limbo`, Lib/threading.py; `_active`, Lib/subprocess.py; `_threads_queues`,
    Lib/concurrent/futures/thread.py; `_threads_wakeups`, Lib/concurrent/futures/process.py;
    `_active_patches`, Lib/unittest/mock.py.
    """
    processes = sys.modules.get("concurrent.futures.process")
    return [
        threading._active,  # type: ignore[attr-defined]  # not in typeshed
        threading._limbo,  # type: ignore[attr-defined]  # not in typeshed
        subprocess._active,  # type: ignore[attr-defined]  # not in typeshed
        futures.thread._threads_queues.data,  # type: ignore[attr-defined]  # not in typeshed
        *([processes._threads_wakeups.data] if processes is not None else []),
        *patch_internals.registry(),
    ]
