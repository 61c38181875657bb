"""The jobs of pools of threads, from their being given to their end."""

from __future__ import annotations

import functools
import weakref
from types import FrameType
from typing import Any

from ...cpython import executor_internals, thread_internals
from ...cpython.changes import install_once
from ...cpython.originals import asyncio, futures
from ...cpython.wall import wall_time
from ...stacks.await_chain import coroutine_name
from ...stacks.code_owners import below_the_library
from ...stacks.places import CreationSite, capture_in_task

__all__ = ["Job", "jobs_in_flight", "note_jobs"]


class Job:
    """What a pool of threads was given to do, queued or at work."""

    def __init__(self, item: Any, frame: FrameType) -> None:
        self.item = weakref.ref(item, lambda _: _jobs.discard(self))
        self.site: CreationSite = capture_in_task(below_the_library(frame), "")
        """The lines that gave it, without the phase, and the one that the task which did goes back to."""
        self.given_at = wall_time()
        self._pool = weakref.ref(frame.f_locals["self"])

    @property
    def name(self) -> str:
        """The qualified name of the function that it calls."""
        function = executor_internals.function_of_job(self.item())
        while isinstance(function, functools.partial):  # `to_thread` wraps the user's in `Context.run`
            function = next((each for each in function.args if callable(each)), function.func)
        return coroutine_name(function)

    def is_in_flight(self) -> bool:
        """Whether it is queued or at work."""
        item = self.item()
        return item is not None and not item.future.done()

    def is_of(self, pool: futures.Executor) -> bool:
        """Whether that pool was given it."""
        return self._pool() is pool

    def serves(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether its end is told to a future of that loop, by `run_in_executor` or `wrap_future`."""
        item = self.item()
        return item is not None and loop in executor_internals.loops_told_of(item.future)

    def frame(self) -> FrameType | None:
        """The innermost frame of the thread that is at work on it; None while it is queued."""
        item = self.item()
        innermost = thread_internals.frames_of_others().values() if item is not None else ()
        return next((each for each in innermost if executor_internals.job_run_in(each) is item), None)


def jobs_in_flight() -> list[Job]:
    """Those that are queued, or at work, and not done."""
    return [job for job in tuple(_jobs) if job.is_in_flight()]


_jobs: set[Job] = set()


def note_jobs() -> None:
    """Notes, from now on and for good, each job that a pool of threads is given."""
    install_once("concurrent.futures: the jobs of threads", executor_internals.hook_jobs, _note)


def _note(item: Any, frame: FrameType) -> None:
    _jobs.add(Job(item, frame))
