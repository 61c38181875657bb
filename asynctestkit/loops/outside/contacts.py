"""The threads that have to do with a loop: its test has started them, they call into it, or work for it."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from ...cpython import executor_internals
from ...cpython.originals import asyncio, threading
from ...cpython.wall import wall_time
from .busy_threads import BusyThread, busy_threads, is_alone
from .jobs import jobs_in_flight
from .linux import thread_numbers

__all__ = ["Contacts"]


class Contacts:
    """What is known of the threads around one loop since its test began."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._spared: list[tuple[str, ...]] = []
        self.jobs: weakref.WeakSet[asyncio.Future[object]] = weakref.WeakSet()
        """What `run_in_executor` has returned."""
        self._loop = weakref.ref(loop)
        self._note_older()

    def enter(self, spared: tuple[str, ...], *, at_once: bool = False) -> None:
        """A test begins, or a block in it: the threads that are there when the first begins are older.

        Those whose names match the patterns wake nobody until it ends. `at_once`: the loop was made just now.
        """
        if not self._spared and not at_once:
            self._note_older()
        self._spared.append(spared)

    def leave(self, spared: tuple[str, ...]) -> None:
        """The test, or the block, has ended."""
        self._spared.remove(spared)

    @property
    def spared(self) -> Sequence[str]:
        """The patterns of the names of threads that wake nobody."""
        return [pattern for patterns in self._spared for pattern in patterns]

    def _note_older(self) -> None:
        self._began = wall_time()
        self._older = set() if is_alone() else _numbers()
        self._callers: set[int] = set()

    def note_caller(self) -> None:
        """The calling thread calls into the loop, as it may do again."""
        self._callers.add(threading.get_native_id())

    def busy(self) -> list[BusyThread]:
        """The threads that may be about to wake the loop.

        One that is older than the test and has never called in cannot, unless a job is in flight: then it is
        not known which thread reports its end.
        """
        busy = busy_threads(self.spared)
        if not busy or self._has_jobs():
            return busy
        return [each for each in busy if self._is_related(each)]

    def _is_related(self, each: BusyThread) -> bool:
        is_manager = each.thread is not None and executor_internals.is_manager(each.thread)
        return is_manager or each.number not in self._older or each.number in self._callers

    def _has_jobs(self) -> bool:
        loop = self._loop()
        return any(not future.done() for future in tuple(self.jobs)) or any(
            job.given_at >= self._began or (loop is not None and job.serves(loop)) for job in jobs_in_flight()
        )


def _numbers() -> set[int]:
    """Those of all threads, or of those that `threading` knows where the system does not tell."""
    numbers = thread_numbers()
    if numbers is None:
        numbers = {thread.native_id or 0 for thread in threading.enumerate()}
    return numbers
