"""Executors that were not shut down."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from ...cpython import executor_internals, loop_internals
from ...cpython.originals import asyncio, futures, threading
from ...loops.outside.jobs import Job
from ...stacks.places import resolve
from ...stacks.thread_stacks import places_of_stack
from ..census.holders import owned_by
from ..census.origins import is_of_the_library, origins
from ..census.thread_watch import ThreadWatch
from ..detector import LeakDetector
from ..leak import Leak
from ..owner import Owner

__all__ = ["ExecutorLeaks"]


class ExecutorLeaks(ThreadWatch, LeakDetector):
    """Pools of threads and of processes that have workers and are not shut down.

    An executor without jobs so far keeps nothing running, and a dropped one ends its workers: neither is a
    leak. Its threads and processes are not reported separately. For the loop's default executor, the leaks
    are its jobs that are not done.
    """

    kind = "executor"
    types = (futures.Executor, Job)
    may_outlive_tests = True

    def __init__(self) -> None:
        super().__init__()
        self._of_loops: set[int] | None = None

    def prepare(self, objects: list[futures.Executor | Job]) -> None:
        self._of_loops = _had_by_loops(each for each in objects if not isinstance(each, Job))

    def examine(self, obj: futures.Executor | Job) -> Leak | None:
        if isinstance(obj, Job):
            return _leak_of_job(obj) if _is_of_the_loops_own(obj) else None
        origin = origins.of(obj)
        if (
            origin is None
            or executor_internals.is_shut_down(obj)
            or not executor_internals.executor_threads(obj)
        ):
            return None
        if origin.is_of_a_module or is_of_the_library(origin) or self._is_of_a_loop(obj):
            return None
        return Leak(
            kind=self.kind,
            name=_name(obj),
            description=f"not shut down, {_workers(obj)}",
            phase=origin.site[0],
            created_at=resolve(origin.site),
            remedy=f"with {type(obj).__name__}() as executor: …, or executor.shutdown()",
        )

    def _is_of_a_loop(self, executor: futures.Executor) -> bool:
        """Exempt: the executor of `loop.set_default_executor()`, which is shut down with the loop.

        The test's own loop is older than the mark, and so not among the holders that are searched.
        """
        census = origins.current()
        if census is not None and loop_internals.default_executor(census.loop) is executor:
            return True
        of_loops = _had_by_loops([executor]) if self._of_loops is None else self._of_loops
        return id(executor) in of_loops

    def is_ending(self, obj: futures.Executor | Job) -> bool:
        """A job may, while its thread can act by itself, or another thread can that lets it go on."""
        return self.has_active_threads() and self.examine(obj) is not None

    def depends_on_owner(self, obj: futures.Executor | Job) -> bool:
        """False for a job, which only its pool holds."""
        return not isinstance(obj, Job)

    def is_leak_of(self, owner: Owner, obj: futures.Executor) -> bool:
        """An executor without holders ends by itself if its workers have nothing to do."""
        is_idle = not any(map(_is_at_work, executor_internals.executor_threads(obj)))
        return owner is Owner.TEST or (owner is Owner.NOBODY and not is_idle)

    def release(self, obj: futures.Executor | Job) -> None:
        """Shuts a pool down: queued jobs are cancelled; running jobs go on, and are not waited for."""
        if not isinstance(obj, Job):
            executor_internals.shut_down(obj)


def _is_of_the_loops_own(job: Job) -> bool:
    """Whether a job is one of the default executor of the test's loop, and is not done."""
    census = origins.current()
    executor = loop_internals.default_executor(census.loop) if census is not None else None
    return executor is not None and job.is_of(executor) and job.is_in_flight()


def _leak_of_job(job: Job) -> Leak:
    frame = job.frame()
    return Leak(
        kind=ExecutorLeaks.kind,
        name=job.name,
        description="a job of the loop's default executor, "
        + ("still running" if frame is not None else "still queued"),
        created_at=resolve(job.site),
        waiting_at=places_of_stack(frame),
        remedy="await what to_thread() or run_in_executor() returned, and make the job end when told to",
    )


def _is_at_work(thread: threading.Thread) -> bool:
    if executor_internals.is_manager(thread):
        return not executor_internals.is_jobless_manager(thread)
    return not executor_internals.is_idle_worker(sys._current_frames().get(thread.ident or 0))


def _had_by_loops(executors: Iterable[object]) -> set[int]:
    return owned_by((asyncio.AbstractEventLoop,), executors, depth=1)


def _name(executor: futures.Executor) -> str:
    prefix = executor_internals.thread_name_prefix(executor)
    return type(executor).__name__ if _GIVEN_PREFIX.fullmatch(prefix) else prefix


_GIVEN_PREFIX = re.compile(r"(\w+-\d+)?")
"""The prefix of a pool that its user has not named: it counts the pools of the process."""


def _workers(executor: futures.Executor) -> str:
    processes = executor_internals.executor_processes(executor)
    if processes:
        return f"{len(processes)} process{'es' if len(processes) != 1 else ''}"
    threads = executor_internals.executor_threads(executor)
    return f"{len(threads)} thread{'s' if len(threads) != 1 else ''}"
