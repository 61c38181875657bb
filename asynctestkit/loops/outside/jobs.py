"""The jobs of thread pools, from their submission to their end."""

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
from ...stacks.code_owners import innermost_user_frame
from ...stacks.places import CreationSite, capture_in_task

__all__ = ["Job", "jobs_in_flight", "note_jobs"]


class Job:
    """A job of a thread pool, queued or running."""

    def __init__(self, item: Any, frame: FrameType) -> None:
        self.item = weakref.ref(item, lambda _: _jobs.discard(self))
        self.site: CreationSite = capture_in_task(innermost_user_frame(frame), "")
        """The lines that submitted it, without a phase, and the test's line behind the submitting task."""
        self.given_at = wall_time()
        self._pool = weakref.ref(frame.f_locals["self"])

    @property
    def name(self) -> str:
        """The qualified name of the function that the job calls."""
        function = executor_internals.function_of_job(self.item())
        while isinstance(function, functools.partial):  # `to_thread` wraps it in `Context.run`
            function = next((each for each in function.args if callable(each)), function.func)
        return coroutine_name(function)

    def is_in_flight(self) -> bool:
        """Whether the job is queued or running."""
        item = self.item()
        return item is not None and not item.future.done()

    def is_of(self, pool: futures.Executor) -> bool:
        """Whether the job was submitted to that pool."""
        return self._pool() is pool

    def serves(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether its end sets a future of that loop, through `run_in_executor` or `wrap_future`."""
        item = self.item()
        return item is not None and loop in executor_internals.loops_notified_by(item.future)

    def frame(self) -> FrameType | None:
        """The innermost frame of the thread that runs the job; None while it is queued."""
        item = self.item()
        innermost = thread_internals.frames_of_others().values() if item is not None else ()
        return next((each for each in innermost if executor_internals.job_run_in(each) is item), None)


def jobs_in_flight() -> list[Job]:
    """The jobs that are queued or running, and not done."""
    return [job for job in tuple(_jobs) if job.is_in_flight()]


_jobs: set[Job] = set()


def note_jobs() -> None:
    """Records, from now on, each job that is submitted to a thread pool."""
    install_once("concurrent.futures: the jobs of threads", executor_internals.hook_jobs, _note)


def _note(item: Any, frame: FrameType) -> None:
    _jobs.add(Job(item, frame))
