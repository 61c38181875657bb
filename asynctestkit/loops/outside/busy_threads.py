"""Threads that can do something by themselves, and so wake a loop.

A thread that waits without a timeout for a lock or for work cannot, until another thread acts. Linux shows
what a thread waits for; elsewhere the frames of Python's own threads show it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from types import FrameType
from typing import NamedTuple

from ...cpython import executor_internals, thread_internals
from ...cpython.alarms import is_watchdog, watchdog_number
from ...cpython.originals import threading
from .jobs import jobs_in_flight
from .linux import thread_count, thread_numbers, waiting_for_others

__all__ = ["BusyThread", "busy_threads", "foreign_threads", "is_alone", "is_waiting"]


class BusyThread(NamedTuple):
    """A thread that may be at work."""

    thread: threading.Thread | None
    """None for a thread that the `threading` module does not know."""
    number: int
    """The system's thread identifier; 0 if it is not known."""

    @property
    def name(self) -> str:
        """The thread's name; "" if `threading` does not know the thread."""
        return self.thread.name if self.thread is not None else ""


def is_alone() -> bool:
    """Whether there is no thread but the calling one, and the watchdog's: a cheap first look."""
    return thread_count() == 1 + (watchdog_number() is not None)


def busy_threads(spared: Sequence[str] = ()) -> list[BusyThread]:
    """The other threads that may act by themselves, except those whose names match a spared pattern.

    The watchdog's thread does not count, nor do those of pytest-xdist and pytest-timeout, nor the thread of a
    process pool without a job.
    """
    if is_alone():
        return []
    numbers = thread_numbers()
    if numbers is None:
        return list(_busy_by_frames(spared))
    harmless, unknown_harmless = _harmless(spared)
    others = numbers - harmless - {threading.get_native_id(), watchdog_number()}
    busy = others - waiting_for_others(others)
    busy |= (thread_numbers() or set()) - numbers  # a thread may start another just before it waits
    known = {thread.native_id: thread for thread in threading.enumerate()}
    unknown = [number for number in busy if number not in known]
    return [
        *(BusyThread(known[number], number) for number in busy if number in known),
        *(BusyThread(None, number) for number in unknown[unknown_harmless:]),
    ]


def foreign_threads() -> set[int]:
    """The numbers of the threads that Python does not know; empty if they cannot be told apart.

    A library in C or Rust has its own. Python does not know the numbers of threads that were started by
    `_thread`: if there are any, no thread is considered foreign.
    """
    if is_alone():
        return set()
    numbers = thread_numbers() or set()
    known = {thread.native_id for thread in threading.enumerate()}
    unknown = numbers - known - {threading.get_native_id(), watchdog_number()}
    return unknown if len(sys._current_frames()) <= len(numbers) - len(unknown) else set()


def is_waiting(thread: threading.Thread) -> bool:
    """Whether a thread can do nothing until another one acts."""
    if thread_count() is not None and thread.native_id is not None:
        return bool(waiting_for_others([thread.native_id]))
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and thread_internals.waits_without_limit(frame)


def _harmless(spared: Sequence[str]) -> tuple[set[int | None], int]:
    """The numbers of the threads that do not count, and how many more there are without a number."""
    known = {thread.ident: thread for thread in threading.enumerate()}
    # Before the frames are taken: then a pool whose manager waits has reported the end of its last job.
    jobless = {thread for thread in known.values() if executor_internals.is_jobless_manager(thread)}
    found: set[int | None] = set()
    without_number = 0
    for ident, frame in thread_internals.frames_of_others().items():
        thread = known.get(ident)
        if thread is None:
            without_number += not is_watchdog(frame) and _is_of_the_test_runner(thread, frame)
        elif _is_harmless(thread, frame, spared, jobless):
            found.add(thread.native_id)
    return found, without_number


def _is_harmless(
    thread: threading.Thread, frame: FrameType, spared: Sequence[str], jobless: Collection[threading.Thread]
) -> bool:
    return (
        any(fnmatchcase(thread.name, pattern) for pattern in spared)
        or (thread in jobless and executor_internals.is_waiting_manager(frame))
        or _is_of_the_test_runner(thread, frame)
    )


def _is_of_the_test_runner(thread: threading.Thread | None, frame: FrameType | None) -> bool:
    """Exempt: the thread in which pytest-xdist receives from its parent, and the timer of pytest-timeout.

    Neither does anything for a test, but both exist in every test.
    """
    function = vars(thread).get("function") if thread is not None else None
    if getattr(function, "__module__", None) == "pytest_timeout":
        return True
    while frame is not None and not str(frame.f_globals.get("__name__")).startswith("execnet."):
        frame = frame.f_back
    return frame is not None


def _busy_by_frames(spared: Sequence[str]) -> Iterator[BusyThread]:
    """The busy threads, for systems that do not show what a thread waits for."""
    # A worker that is still waiting may have been handed a job.
    is_one_coming = any(job.frame() is None for job in jobs_in_flight())
    known = {thread.ident: thread for thread in threading.enumerate()}
    jobless = {thread for thread in known.values() if executor_internals.is_jobless_manager(thread)}
    for ident, frame in thread_internals.frames_of_others().items():
        thread = known.get(ident)
        is_worker = is_one_coming and executor_internals.is_idle_worker(frame)
        is_idle = thread_internals.waits_without_limit(frame) and not is_worker
        if is_watchdog(frame) or is_idle:
            continue
        if thread is None:
            harmless = _is_of_the_test_runner(thread, frame)
        else:
            harmless = _is_harmless(thread, frame, spared, jobless)
        if not harmless:
            yield BusyThread(thread, (thread.native_id or 0) if thread is not None else 0)
