"""Deadlines, watched from outside of the loop: one sleeping thread for the whole process.

Arming a deadline appends to a list. The thread sleeps until the earliest deadline that it has seen, and is
woken only for an earlier one; deadlines that are disarmed in time never concern it. Nothing is scheduled on
the loop, so the order of its callbacks is what it would have been.

When a deadline passes, the thread first asks the loop to cancel the code. A loop that does not answer is
blocked, and sync code has no loop to ask: then the stack is taken and PhaseInterrupt is raised right there,
by a signal. That signal is nobody else's: SIGURG is ignored by default, and Go's runtime interrupts its
goroutines with it for that reason. `SIGALRM` and `setitimer` remain the tests' own. Outside the main thread
Python runs no signal handlers; there the exception waits for the next bytecode, and a `time.sleep` cannot be
cut short.
"""

from __future__ import annotations

import _thread
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from . import _cpython_hooks
from ._compat import debugger_is_registered
from .cpython.originals import os, signal, threading, time
from .cpython.wall import wall_time
from .places import is_machinery, render_stack, stack_of

__all__ = [
    "Alarm",
    "PhaseInterrupt",
    "Watch",
    "Watched",
    "arm",
    "disarm",
    "is_debugged",
    "is_traced",
    "is_watchdog",
    "watchdog_number",
]

_SIGNAL: int | None = getattr(signal, "SIGURG", None) if hasattr(signal, "pthread_kill") else None
_PATIENCE = 0.25
"""Wall seconds in which a loop that is alive answers, and in which interrupted code leaves."""
_STUBBORN_AFTER = 3
"""Interrupts that code may swallow before it is interrupted in its `except` clause, too."""


class PhaseInterrupt(BaseException):
    """Raised into code that outlived its deadline and did not heed its cancellation.

    Not an Exception, so that `except Exception` in the code under test does not stop it. Users never see it:
    the guard turns it into a DeadlineError.
    """


class Watched(Protocol):
    """The code whose time is limited.

    The watchdog's thread calls the first two methods, the code's own thread the others.
    """

    def is_loop_running(self) -> bool:
        """Whether the code runs on a loop just now."""

    def call_in_loop(self, callback: Callable[[], None]) -> None:
        """Have the loop call that soon."""

    def overrun(self, blocked_stack: str) -> None:
        """The deadline has passed: take down where everything stands.

        `blocked_stack` is "" if nothing blocks.
        """

    def cancel(self) -> None:
        """Ask the code to end; called in the loop."""

    def give_up(self) -> None:
        """Go on without the code; called in the loop, when `cancel` went unheeded for the grace period."""


class Alarm(Protocol):
    """What the watchdog's thread wakes up for."""

    due: float
    """When, on `time.monotonic()`."""

    def advance(self, now: float) -> None:
        """It is that time; says when the next is. Called in the watchdog's thread."""

    def interrupted(self, frame: FrameType | None) -> None:
        """The watchdog's signal has arrived in the main thread, in `frame`."""


class Watch:
    """One deadline over some code, from its creation to `stop()`; all times are wall seconds.

    Code that `ends_by_itself` does so as long as its loop turns: it overruns only where the loop is blocked.
    """

    def __init__(
        self, watched: Watched, seconds: float, grace_period: float, *, ends_by_itself: bool = False
    ) -> None:
        self.expired = False
        self.due = wall_time() + seconds
        self._respite = seconds if ends_by_itself else None
        self._watched = watched
        self._grace_period = grace_period
        self._thread_id = threading.get_ident()
        self._action = watched.cancel
        self._is_asked = False
        self._answered_at: float | None = None
        self._wants_interrupt = False
        self._interrupts = 0
        self._tracers_before: tuple[Any, Any] | None = None
        self._is_over = False
        arm(self)

    def stop(self) -> None:
        """Disarms: from now on nothing is called and nothing is raised.

        Outside the main thread a last PhaseInterrupt may arrive meanwhile; then it is to be called again.
        """
        self._is_over = True
        disarm(self)
        if self._tracers_before is not None:
            tracer, profiler = self._tracers_before
            sys.setprofile(profiler)
            sys.settrace(tracer)

    # -- in the watchdog's thread

    def advance(self, now: float) -> None:
        """Does what is due, and says when the next thing is."""
        if (
            not self.expired
            and not self._is_asked
            and is_debugged(sys._current_frames().get(self._thread_id))
        ):
            self._stand_down()
            return
        if self._answered_at is not None:
            if now < self._answered_at + self._grace_period:
                self.due = self._answered_at + self._grace_period
                return
            self._action, self._answered_at, self._is_asked = self._watched.give_up, None, False
        self.due = now + _PATIENCE
        if not self._is_asked and self._watched.is_loop_running():
            self._is_asked = True
            try:
                self._watched.call_in_loop(self._answer)
            except Exception:  # the loop has just been closed, or its method patched by the test
                self._wants_interrupt = True
                self._interrupt()
        else:
            self._wants_interrupt = True
            self._interrupt()

    def _interrupt(self) -> None:
        if self._thread_id == threading.main_thread().ident and _signal_is_ours():
            signal.pthread_kill(self._thread_id, _SIGNAL)  # type: ignore[arg-type]  # there is one if it is ours
        else:
            self._take_down(sys._current_frames().get(self._thread_id))
            if not self._is_over:  # pragma: no branch  # a race, for a few instructions of another thread
                _cpython_hooks.raise_in_thread(self._thread_id, PhaseInterrupt)

    # -- in the thread of the code

    def _answer(self) -> None:
        if self._is_over or is_traced():
            self._stand_down()
            return
        self._wants_interrupt = False
        if self._respite is not None:
            self._is_asked = False
            self.due = wall_time() + (0.0 if self.expired else self._respite)
            return
        self._answered_at = wall_time()
        if not self.expired:
            self.expired = True
            self._watched.overrun("")
        self._action()

    def interrupted(self, frame: FrameType | None) -> None:
        """The signal has arrived, in `frame`: raises, if it is still wanted."""
        if not self._wants_interrupt or self._is_over or _is_own(frame):
            return  # if it is still wanted, the next one finds better code
        self._wants_interrupt = False
        if is_traced():
            self._stand_down()
            return
        self._take_down(frame)
        self._interrupts += 1
        if self._tracers_before is None:
            # An exception within a tracer (which is where the signal may have arrived) removes the tracer.
            self._tracers_before = (sys.gettrace(), sys.getprofile())
        if self._interrupts > _STUBBORN_AFTER:
            self._raise_at_next_line(frame)
        raise PhaseInterrupt

    def _take_down(self, frame: FrameType | None) -> None:
        if not self.expired:
            self.expired = True
            self._watched.overrun(render_stack(stack_of(frame)))

    def _stand_down(self) -> None:
        self.due = float("inf")

    def _raise_at_next_line(self, frame: FrameType | None) -> None:
        """Against `while True: try: … except BaseException: pass`: raises in the `except` clause as well.

        Python removes a tracer that raises. The profiler brings it back for the caller, which may swallow as
        well, and takes it away for good where the caller is none of the user's.
        """

        def tracer(_: object, event: str, _arg: object) -> Any:  # pragma: no cover  # tracers go untraced
            if event == "line":
                raise PhaseInterrupt
            return None if event == "call" else tracer  # functions that are called meanwhile are left alone

        def profiler(ended: FrameType, event: str, _: object) -> None:  # pragma: no cover  # and profilers
            if event == "return" and not is_machinery(ended.f_code.co_filename):
                trace_from(ended.f_back)

        def trace_from(frame: FrameType | None) -> None:
            is_users = frame is not None and not is_machinery(frame.f_code.co_filename)
            while frame is not None and not is_machinery(frame.f_code.co_filename):
                frame.f_trace = tracer
                frame = frame.f_back
            sys.setprofile(profiler if is_users else None)
            sys.settrace(tracer if is_users else None)

        trace_from(frame)


class _Watchdog:
    """The thread, started when it is first needed, and what it watches."""

    def __init__(self) -> None:
        self.watches: list[Alarm] = []
        self._changed = threading.Condition()
        self._sleeps_until: float | None = None
        self._advancing: Alarm | None = None
        self.number: int | None = None
        """The number of its thread, once it runs."""

    def add(self, watch: Alarm) -> None:
        _take_signal()
        self.watches.append(watch)
        if self._sleeps_until is None:
            self._sleeps_until = watch.due
            begun = _thread.allocate_lock()
            begun.acquire()
            # Not threading.Thread: suites count that module's threads, and this is none of theirs.
            _thread.start_new_thread(self._run, (begun,))
            # A thread that begins while the interpreter ends crashes the process, on 3.10 at least.
            begun.acquire()
        elif watch.due < self._sleeps_until:
            with self._changed:
                self._changed.notify()

    def remove(self, watch: Alarm) -> None:
        # Without the lock, as `append` above: both are atomic, and an interrupt could leave a lock taken.
        if watch in self.watches:
            self.watches.remove(watch)
        while self._advancing is watch:  # pragma: no cover  # a race, for the time of one `advance`
            time.sleep(0)  # a PhaseInterrupt that is raised now arrives here

    def _run(self, begun: Any) -> None:  # pragma: no cover  # until its first line has run, it is not traced
        self.number = _thread.get_native_id()
        begun.release()
        sys.settrace(threading.gettrace())  # as threading's own threads do, so that coverage sees this one
        self._keep_watch()

    def _keep_watch(self) -> None:
        with self._changed:
            while True:
                # What is added from here on, until the wait begins, is earlier than this, and so notifies.
                self._sleeps_until = float("inf")
                now = wall_time()
                for watch in [watch for watch in self.watches.copy() if watch.due <= now]:
                    self._advance(watch, now)
                self._sleeps_until = min((w.due for w in self.watches.copy()), default=float("inf"))
                pause = max(0.0, self._sleeps_until - now)
                self._changed.wait(min(pause, threading.TIMEOUT_MAX))

    def _advance(self, watch: Alarm, now: float) -> None:
        self._advancing = watch
        try:
            if watch in self.watches:  # pragma: no branch  # asked now, or `remove` would not be heeded
                watch.advance(now)
        except Exception:
            # Without this thread nothing would ever end; and so it goes on, and tries again.
            watch.due = now + _PATIENCE
            traceback.print_exc()
        finally:
            self._advancing = None


_watchdog = _Watchdog()


def arm(alarm: Alarm) -> None:
    """Has the watchdog's thread wake up for it, from now on."""
    _watchdog.add(alarm)


def disarm(alarm: Alarm) -> None:
    """No more, from now on: `advance` does not run when this returns, and will not."""
    _watchdog.remove(alarm)


def watchdog_number() -> int | None:
    """The number of the watchdog's thread, as `threading.get_native_id()` gives it; None if there is none."""
    return _watchdog.number


def is_watchdog(frame: FrameType | None) -> bool:
    """Whether a thread that stands in this frame is the watchdog's, which is none of the test's."""
    while frame is not None:
        if frame.f_code is _Watchdog._keep_watch.__code__:
            return True
        frame = frame.f_back
    return False


def _reset_after_fork() -> None:
    """A forked child has no watchdog thread; its next deadline starts one."""
    global _watchdog
    _watchdog = _Watchdog()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows cannot fork
    os.register_at_fork(after_in_child=_reset_after_fork)


def _take_signal() -> None:
    """Installs our handler where the signal is nobody's yet and this is the thread that may."""
    if (
        _SIGNAL is not None
        and threading.current_thread() is threading.main_thread()
        and _cpython_hooks.signal_handler(_SIGNAL) == signal.SIG_DFL
    ):
        _cpython_hooks.set_signal_handler(_SIGNAL, _on_signal)


def _signal_is_ours() -> bool:
    return _SIGNAL is not None and _cpython_hooks.signal_handler(_SIGNAL) is _on_signal


def _on_signal(_number: int, frame: FrameType | None) -> None:
    for watch in tuple(_watchdog.watches):
        watch.interrupted(frame)


def _is_own(frame: FrameType | None) -> bool:
    """Whether this module is at work: interrupted there, it could leave its own affairs half done."""
    left = _OWN_DEPTH
    while frame is not None and left:
        if frame.f_code.co_filename == __file__:
            return True
        frame, left = frame.f_back, left - 1
    return False


_OWN_DEPTH = 4
"""`add` calls `Condition.notify`, which calls two functions deep."""


_DEBUGGERS = frozenset(
    ("bdb", "pdb", "ipdb", "pudb", "pydevd", "_pydevd_bundle", "pydevd_tracing", "debugpy")
)


def is_debugged(frame: FrameType | None) -> bool:
    """Whether a debugger sits in that stack, traces it, or is registered for the process."""
    if debugger_is_registered():
        return True
    while frame is not None:
        if _root(frame.f_globals.get("__name__")) in _DEBUGGERS or _is_debuggers(frame.f_trace):
            return True
        frame = frame.f_back
    return False


def is_traced() -> bool:
    """Whether a debugger traces the calling thread; coverage, a tracer as well, is no debugger."""
    return debugger_is_registered() or _is_debuggers(sys.gettrace())


def _is_debuggers(tracer: object) -> bool:
    owner = type(getattr(tracer, "__self__", tracer))
    modules = [getattr(tracer, "__module__", ""), *(base.__module__ for base in owner.__mro__)]
    return tracer is not None and not _DEBUGGERS.isdisjoint(map(_root, modules))


def _root(module: object) -> str:
    return str(module).partition(".")[0]
