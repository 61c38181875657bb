"""The threads that are related to a loop: its test has started them, or they call into it or work for it."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from ...cpython import executor_internals
from ...cpython.originals import asyncio, threading
from ...cpython.wall import wall_time
from .busy_threads import BusyThread, busy_threads
from .jobs import jobs_in_flight
from .linux import has_started_before, seconds_since_boot, thread_numbers

__all__ = ["Contacts"]


class Contacts:
    """The threads related to one loop since its test began."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._spared: list[tuple[str, ...]] = []
        self._jobs: weakref.WeakSet[asyncio.Future[object]] | None = None
        self._loop = weakref.ref(loop)
        self._note_older()

    def enter(self, spared: tuple[str, ...], *, at_once: bool = False) -> None:
        """Called when a test, or a block in it, begins; threads that exist when the first begins are older.

        Threads whose names match `spared` do not count until it ends. `at_once`: the loop is new.
        """
        if not self._spared and not at_once:
            self._note_older()
        self._spared.append(spared)

    def leave(self, spared: tuple[str, ...]) -> None:
        """Called when the test, or the block, has ended."""
        self._spared.remove(spared)

    @property
    def spared(self) -> Sequence[str]:
        """The name patterns of threads that do not count."""
        return [pattern for patterns in self._spared for pattern in patterns]

    def _note_older(self) -> None:
        self._began, self._began_since_boot = wall_time(), seconds_since_boot()
        self._older = {thread.native_id for thread in threading.enumerate()}
        self._callers: set[int] = set()

    def note_job(self, future: asyncio.Future[object]) -> None:
        """Records what `run_in_executor` has returned."""
        if self._jobs is None:  # most tests have none
            self._jobs = weakref.WeakSet()
        self._jobs.add(future)

    def note_caller(self) -> None:
        """Records that the calling thread has called into the loop, as it may do again."""
        self._callers.add(threading.get_native_id())

    def busy(self) -> list[BusyThread]:
        """The threads that may be about to wake the loop.

        One that is older than the test and has never called in cannot, unless a job is in flight: then it is
        not known which thread reports its end.
        """
        busy = busy_threads(self.spared)
        if not busy or self._has_jobs():
            return busy
        found = [each for each in busy if self._is_related(each)]
        alive = thread_numbers() if found else None  # one that has just ended has no age
        return found if alive is None else [each for each in found if not each.number or each.number in alive]

    def _is_related(self, each: BusyThread) -> bool:
        is_manager = each.thread is not None and executor_internals.is_manager(each.thread)
        return is_manager or not self._is_older(each.number) or each.number in self._callers

    def _is_older(self, number: int) -> bool:
        """Whether a thread is older; asked where it matters, for one that `threading` does not know.

        To list the system's threads when a test begins would cost as much as everything else that is noted.
        """
        return number in self._older or has_started_before(number, self._began_since_boot)

    def _has_jobs(self) -> bool:
        loop = self._loop()
        return any(not future.done() for future in tuple(self._jobs or ())) or any(
            job.given_at >= self._began or (loop is not None and job.serves(loop)) for job in jobs_in_flight()
        )
