"""What goes on outside of the loop and could still wake it: threads, other processes, signals."""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader
from types import FrameType, ModuleType
from typing import Any

from .. import _cpython, _cpython_process
from ..cpython.originals import os, signal, threading
from ..watchdog import is_watchdog

__all__ = [
    "foreign_threads",
    "has_alarm",
    "has_busy_threads",
    "has_children",
    "has_users_signal_handler",
    "may_have_foreign_threads",
    "note_jobs",
    "what_is_at_work",
]  # fmt: skip


@functools.cache
def note_jobs() -> None:
    """Notes, from now on and for good, each job that a pool of threads is given."""
    _cpython_process.hook_jobs(lambda job: _jobs.add(weakref.ref(job, _jobs.discard)))


_jobs: set[weakref.ref[Any]] = set()
"""Those that a pool has, queued or at work; and those that are done, as long as something refers to them."""


def _living_jobs() -> set[Any]:
    return {job for reference in tuple(_jobs) if (job := reference()) is not None}


def has_busy_threads() -> bool:
    """Whether a thread other than this one may be at work on something that ends in a wake-up.

    Every live thread may be, but for the watchdog, workers of a pool without a job, and what a pool of
    processes without a job has.
    """
    jobs = _living_jobs()
    if any(not job.future.done() for job in jobs) or any(True for _ in _busy_threads()):
        return True
    # A worker that looked idle may have been given a job, by a thread that has ended by now. Those known
    # before were done then, and a worker that looked idle afterwards had told whoever waits for them.
    return not _living_jobs() <= jobs


def what_is_at_work() -> list[str]:
    """What may be about to wake the loop, in words."""
    found = sorted(f"thread {name!r}" for name in _busy_threads())
    found += ["a job of a pool of threads"] * any(not job.future.done() for job in _living_jobs())
    found += ["a child process"] * has_children()
    found += ["an alarm that is set"] * has_alarm()
    return found


def _busy_threads() -> Iterator[str]:
    """Their names; those that `threading` does not know have none."""
    own = threading.get_ident()
    known = {thread.ident: thread for thread in threading.enumerate()}
    # Before the frames are taken: a pool without a job then has told of the last, once its thread waits.
    jobless = {thread for thread in known.values() if _cpython_process.is_jobless_manager(thread)}
    for ident, frame in sys._current_frames().items():
        thread = known.get(ident)
        if ident != own and _is_busy(thread, frame, jobless):
            yield thread.name if thread is not None else ""


def _is_busy(thread: threading.Thread | None, frame: FrameType, jobless: set[threading.Thread]) -> bool:
    if thread is None:
        return not (is_watchdog(frame) or _is_of_the_test_runner(thread, frame))
    if thread in jobless:
        return not _cpython_process.is_waiting_manager(frame)
    return not (
        _cpython_process.is_idle_worker(frame)
        or _cpython_process.is_idle_feeder(thread, frame)
        or _is_of_the_test_runner(thread, frame)
    )


def _is_of_the_test_runner(thread: threading.Thread | None, frame: FrameType | None) -> bool:
    """Exempt: the thread by which pytest-xdist hears from its parent, and the timer of pytest-timeout.

    Neither does anything for a test; but they are there in every one.
    """
    if _is_of_a_runner(getattr(thread, "function", None)):
        return True
    while frame is not None and not str(frame.f_globals.get("__name__")).startswith("execnet."):
        frame = frame.f_back
    return frame is not None


def _is_of_a_runner(function: object) -> bool:
    return getattr(function, "__module__", None) == "pytest_timeout"


def foreign_threads() -> int:
    """How many threads the process has that Python knows nothing of; off Linux they are not counted."""
    return max(0, (_count_threads() or 0) - len(sys._current_frames()))


def may_have_foreign_threads() -> bool:
    """Whether there may be threads that Python knows nothing of, such as those of a library in C or Rust.

    They may call into Python at any time, and nobody can tell which of them will. Linux counts the threads
    of a process. Elsewhere, a compiled module that is not of the standard library may have made some.
    """
    threads = _count_threads()
    if threads is None:
        return any(_is_foreign_code(module) for module in tuple(sys.modules.values()))
    return threads > len(sys._current_frames())


def _count_threads() -> int | None:
    try:
        return os.stat("/proc/self/task").st_nlink - 2  # "." and ".."
    except OSError:  # no Linux
        return None


def _is_foreign_code(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    is_compiled = spec is not None and isinstance(spec.loader, ExtensionFileLoader)
    return is_compiled and module.__name__.partition(".")[0] not in sys.stdlib_module_names


def has_children() -> bool:
    """Whether there are processes that this one has started: running, or ended and not yet waited for.

    Those that `multiprocessing` keeps for itself, and those of a pool without a job, do not count, where the
    system tells the children apart.
    """
    started = _cpython_process.started_by_multiprocessing()
    is_parent = _has_direct_children()
    if not started and not is_parent:
        return False
    spared = _cpython_process.helpers_of_multiprocessing()
    for thread in threading.enumerate():
        if _cpython_process.is_jobless_manager(thread):
            spared |= _cpython_process.managed_processes(thread)
    if not started <= spared:
        return True
    children = _children() if spared else set()
    return is_parent and not (children and children <= spared)


def _has_direct_children() -> bool:
    if not hasattr(os, "waitid"):  # pragma: no cover  # Windows, and macOS before 3.13
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _children() -> set[int]:
    """None, where the system does not say, or not just now."""
    children: set[int] = set()
    try:
        for thread in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{thread}/children", "rb", buffering=0) as listed:
                children.update(map(int, listed.read().split()))
    except OSError:  # no Linux; or a thread has ended, and its list with it
        return set()
    return children


def has_alarm() -> bool:
    """Whether a timer of the process is set that will send it a signal, pytest-timeout's apart."""
    if not hasattr(signal, "getitimer"):  # Windows
        return False
    is_set = signal.getitimer(signal.ITIMER_REAL)[0] > 0
    return is_set and not _is_of_a_runner(_cpython.signal_handler(signal.SIGALRM))


def has_users_signal_handler() -> bool:
    """Whether a handler is installed that is written in Python, and is neither unittest's nor ours."""
    handlers = (_cpython.signal_handler(number) for number in _SIGNALS)
    return any(callable(handler) and not _is_installed_for_tests(handler) for handler in handlers)


def _is_installed_for_tests(handler: object) -> bool:
    """Exempt: what stands for SIGINT as Python has it, and what those put there who run tests."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    module = getattr(handler, "__module__", None) or type(handler).__module__
    is_runners = module in ("_signal", "signal", "unittest.signals") or _is_of_a_runner(handler)
    return is_runners or str(module).startswith(_OWN)


_SIGNALS = sorted(map(int, signal.valid_signals()))
_OWN = __name__.partition(".")[0] + "."
