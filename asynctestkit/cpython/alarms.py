"""The one thread of the process that wakes up for alarms, and the signal by which it interrupts code.

Arming an alarm appends to a list. The thread sleeps until the earliest alarm that it has seen, and is woken
only for an earlier one; alarms that are disarmed in time do not wake it. Nothing is scheduled on any loop, so
the order of a loop's callbacks does not change.

The signal is SIGURG, which hardly any code uses: it is ignored by default, and Go's runtime interrupts its
goroutines with it for that reason. `SIGALRM` and `setitimer` are left to the tests. Outside the main thread
Python runs no signal handlers.
"""

from __future__ import annotations

import _thread
import contextlib
import sys
import traceback
from types import FrameType
from typing import Any, Protocol

from . import interpreter
from .changes import Undo, forget, install_once, note
from .originals import os, signal, threading, time
from .wall import wall_time

__all__ = [
    "PATIENCE",
    "Alarm",
    "PhaseInterrupt",
    "arm",
    "can_signal",
    "disarm",
    "is_watchdog",
    "send_signal",
    "watchdog_number",
]

PATIENCE = 0.25
"""Wall seconds within which a live loop answers, and interrupted code ends."""
_LONGEST_WAIT = 1.0
"""Wall seconds that disarming waits at most for a running `advance`, which takes a moment."""
_SIGNAL: int | None = getattr(signal, "SIGURG", None) if hasattr(signal, "pthread_kill") else None


class PhaseInterrupt(BaseException):
    """Raised into code that exceeded its deadline and ignored its cancellation; the guard catches it.

    Not an Exception, so that `except Exception` in the code under test does not stop it.
    """


class Alarm(Protocol):
    """What the watchdog's thread wakes up for."""

    due: float
    """When to wake up, on `time.monotonic()`."""

    def advance(self, now: float) -> None:
        """Called in the watchdog's thread once `due` has passed; sets `due` to the next time."""

    def interrupted(self, frame: FrameType | None) -> None:
        """Called in the main thread when the watchdog's signal arrives there, in `frame`."""


class _Watchdog:
    """The thread, started when it is first needed, and the alarms that it watches."""

    def __init__(self) -> None:
        self.watches: list[Alarm] = []
        self._changed = threading.Condition()
        self._sleeps_until: float | None = None
        self._advancing: Alarm | None = None
        self._run_by: object = None
        """The lock that the thread in charge was begun with: another thread, or none, ends the one before."""
        self.number: int | None = None
        """The native identifier of its thread, once it runs."""

    def add(self, watch: Alarm) -> None:
        _take_signal()
        self.watches.append(watch)
        if self._sleeps_until is None:
            self._sleeps_until = watch.due
            install_once(_THREAD, self._start)
        elif watch.due < self._sleeps_until:
            with self._changed:
                self._changed.notify()

    def _start(self) -> Undo:
        begun = self._run_by = _thread.allocate_lock()
        begun.acquire()
        # Not threading.Thread: suites count that module's threads, and this one is not theirs.
        _thread.start_new_thread(self._run, (begun,))
        # A thread that begins while the interpreter ends crashes the process, on 3.10 at least.
        begun.acquire()
        return self._end

    def _end(self) -> None:
        """Ends the thread; the next alarm starts another."""
        global _watchdog
        _watchdog = _Watchdog()
        self._dismiss()

    def _dismiss(self) -> None:
        with self._changed:
            self._run_by = None
            self._changed.notify()

    def pause(self) -> None:
        """Ends the thread until `resume`; returns when the system no longer counts it."""
        number, self.number = self.number, None
        if number is None:
            return
        self._dismiss()
        until = wall_time() + _LONGEST_WAIT
        while os.access(f"/proc/self/task/{number}", os.F_OK) and wall_time() < until:
            time.sleep(0)

    def resume(self) -> None:
        """Starts the thread again, if it was paused."""
        if self._sleeps_until is not None and self._run_by is None:
            self._start()

    def remove(self, watch: Alarm) -> None:
        # Without the lock, as `append` above: both are atomic, and an interrupt could leave a lock taken.
        if watch in self.watches:
            self.watches.remove(watch)
        if self._advancing is watch:
            self._await_end_of(watch)

    def _await_end_of(self, watch: Alarm) -> None:
        """Waits for a running `advance`; not for ever, as that may need a lock that the caller holds."""
        until = wall_time() + _LONGEST_WAIT
        while self._advancing is watch and wall_time() < until:
            time.sleep(0)  # a PhaseInterrupt that is raised now arrives here

    def _run(self, begun: Any) -> None:  # pragma: no cover  # until its first line has run, it is not traced
        self.number = _thread.get_native_id()
        begun.release()
        sys.settrace(threading.gettrace())  # as threading's own threads do, so that coverage sees this one
        self._keep_watch(begun)

    def _keep_watch(self, begun: object) -> None:
        while self._run_by is begun:
            # What is added from here on, until the wait begins, is earlier than this, and so notifies.
            self._sleeps_until = float("inf")
            now = wall_time()
            for watch in [watch for watch in self.watches.copy() if watch.due <= now]:
                self._advance(watch, now)  # without the lock, or `add` would wait for its end
            with self._changed:
                if self._run_by is begun:  # pragma: no branch  # asked again: it may just have been dismissed
                    self._sleeps_until = min((w.due for w in self.watches.copy()), default=float("inf"))
                    pause = max(0.0, self._sleeps_until - now)
                    self._changed.wait(min(pause, threading.TIMEOUT_MAX))

    def _advance(self, watch: Alarm, now: float) -> None:
        self._advancing = watch
        try:
            if watch in self.watches:  # pragma: no branch  # asked now: `remove` may have come first
                watch.advance(now)
        except Exception:
            # Without this thread no deadline would be kept; so it goes on, and tries again.
            watch.due = now + PATIENCE
            with contextlib.suppress(Exception):  # stderr may be closed
                traceback.print_exc()
        finally:
            self._advancing = None


_THREAD = "a thread that keeps deadlines"
_watchdog = _Watchdog()


def arm(alarm: Alarm) -> None:
    """Has the watchdog's thread wake up for the alarm, from now on."""
    _watchdog.add(alarm)


def disarm(alarm: Alarm) -> None:
    """Takes the alarm off the list: once this returns, `advance` is not running and will not run."""
    _watchdog.remove(alarm)


def watchdog_number() -> int | None:
    """The native identifier of the watchdog's thread (`threading.get_native_id()`); None if there is none."""
    return _watchdog.number


def is_watchdog(frame: FrameType | None) -> bool:
    """Whether this frame is of the watchdog's thread, which is not one of the test's."""
    while frame is not None:
        if frame.f_code is _Watchdog._keep_watch.__code__:
            return True
        frame = frame.f_back
    return False


def _pause_before_fork() -> None:
    """Ends the thread: from 3.12 on, Python warns of a fork in a process that has another thread."""
    _watchdog.pause()


def _resume_after_fork() -> None:
    """The thread goes on in the parent: 3.13.0 to 3.13.9 and 3.14.0 still warn of it (CPython's #137109)."""
    _watchdog.resume()


def _reset_after_fork() -> None:
    """A forked child has no watchdog thread; its next deadline starts one."""
    global _watchdog
    _watchdog = _Watchdog()
    forget(_THREAD)


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows cannot fork
    os.register_at_fork(
        before=_pause_before_fork, after_in_parent=_resume_after_fork, after_in_child=_reset_after_fork
    )


def can_signal(thread_id: int) -> bool:
    """Whether `thread_id` is the main thread's, and the signal's handler is still ours."""
    is_main = thread_id == threading.main_thread().ident
    return is_main and _SIGNAL is not None and interpreter.signal_handler(_SIGNAL) is _on_signal


def send_signal(thread_id: int) -> None:
    """Calls `interrupted` of every alarm, in that thread. Only where `can_signal` returns True."""
    signal.pthread_kill(thread_id, _SIGNAL)  # type: ignore[arg-type]  # there is one if it is ours


def _take_signal() -> None:
    """Installs our handler if the signal has none yet and this is the main thread."""
    if (
        _SIGNAL is not None
        and interpreter.signal_handler(_SIGNAL) == signal.SIG_DFL
        and threading.current_thread() is threading.main_thread()
    ):
        with contextlib.suppress(ValueError):  # in a subinterpreter, which cannot handle signals
            interpreter.set_signal_handler(_SIGNAL, _on_signal)
            note("the handler of SIGURG", _give_signal_back)


def _give_signal_back() -> None:
    if _SIGNAL is not None and interpreter.signal_handler(_SIGNAL) is _on_signal:
        interpreter.set_signal_handler(_SIGNAL, signal.SIG_DFL.value)


def _on_signal(_number: int, frame: FrameType | None) -> None:
    for watch in tuple(_watchdog.watches):
        watch.interrupted(frame)
