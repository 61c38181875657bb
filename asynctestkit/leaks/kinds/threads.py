"""Threads that are still running."""

from __future__ import annotations

import sys

from ...cpython import executor_internals
from ...cpython.originals import threading
from ...stacks.places import resolve
from ...stacks.thread_stacks import places_of_stack
from ..census.origins import is_of_a_package, is_of_the_library, origins
from ..census.thread_watch import ThreadWatch
from ..detector import LeakDetector
from ..leak import Leak
from ..owner import Owner

__all__ = ["ThreadLeaks"]


class ThreadLeaks(ThreadWatch, LeakDetector):
    """Threads that the test, or one of its threads, has started, and that are still running.

    They cannot be ended; they are reported once, and later tests are not charged with what they do.
    """

    kind = "thread"
    types = (threading.Thread,)
    may_outlive_tests = True

    def examine(self, obj: threading.Thread) -> Leak | None:
        origin = origins.of(obj)
        if origin is None or not threading.Thread.is_alive(obj) or obj is threading.current_thread():
            return None
        if is_of_the_library(origin) or _is_of_an_executor(obj) or executor_internals.is_manager(obj):
            return None
        if origin.is_of_a_module or (obj.daemon and is_of_a_package(origin, obj)):
            return None
        is_worker = executor_internals.is_worker(obj)
        return Leak(
            kind=self.kind,
            name=obj.name,
            description="still running, as a daemon"
            if obj.daemon
            else "still running; the process cannot end before it does",
            phase=origin.site[0],
            created_at=() if is_worker else resolve(origin.site),  # a worker's is that of its first job
            waiting_at=places_of_stack(sys._current_frames().get(obj.ident or 0)),
            remedy=_remedy(obj),
        )

    def is_ending(self, obj: threading.Thread) -> bool:
        """A thread may, while it can act by itself, or another thread can that would let it go on."""
        return self.has_active_threads() and self.examine(obj) is not None

    def is_leak_of(self, owner: Owner, obj: threading.Thread) -> bool:
        """It may have ended during the search for its owner, like a timer that a new one replaces."""
        return owner is not Owner.PROCESS and threading.Thread.is_alive(obj)

    def release(self, obj: threading.Thread) -> None:
        """Cancels a timer; other threads cannot be ended from outside."""
        if isinstance(obj, threading.Timer):
            obj.cancel()
        origins.forget(obj)


def _is_of_an_executor(thread: threading.Thread) -> bool:
    """Exempt: an idle worker, and the worker of a pool that still takes work, as the pool is the leak.

    An idle worker ends with its pool. One that is busy though its pool is shut down, or was dropped, is a
    leak.
    """
    if not executor_internals.is_worker(thread):
        return False
    pool = executor_internals.pool_of(thread)
    if pool is not None and not executor_internals.is_shut_down(pool):
        return True
    return executor_internals.is_idle_worker(sys._current_frames().get(thread.ident or 0))


def _remedy(thread: threading.Thread) -> str:
    if isinstance(thread, threading.Timer):
        return "timer.cancel(), then timer.join()"
    if executor_internals.is_worker(thread):
        return "wait for the job: its future's result(), or executor.shutdown(wait=True)"
    return "tell it to stop (an Event, a sentinel in its queue), then thread.join()"
