"""Deadlines, watched from outside of the loop.

When a deadline passes, the watchdog's thread first asks the loop to cancel the code. A loop that does not
answer is blocked, and sync code has no loop to ask: then the stack is taken and PhaseInterrupt is raised
at that point, by a signal. Outside the main thread Python runs no signal handlers; there the exception waits
for the next bytecode, and a `time.sleep` cannot be cut short.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from ..cpython import alarms, interpreter
from ..cpython.alarms import PhaseInterrupt, arm, can_signal, disarm, send_signal
from ..cpython.originals import threading
from ..cpython.wall import wall_time
from ..stacks.code_owners import is_machinery
from ..stacks.debuggers import is_debugged, is_traced
from ..stacks.thread_stacks import render_stack, stack_of

__all__ = ["Watch", "Watched"]

_STUBBORN_AFTER = 3
"""How many interrupts code may swallow before it is interrupted in its `except` clause, too."""


class Watched(Protocol):
    """The code whose time is limited.

    The watchdog's thread calls the first two methods, the code's own thread the others.
    """

    def is_loop_running(self) -> bool:
        """Whether the code is running on a loop now."""

    def call_in_loop(self, callback: Callable[[], None]) -> None:
        """Has the loop call `callback` soon."""

    def overrun(self, blocked_stack: str) -> None:
        """Called when the deadline has passed; records where everything stands.

        `blocked_stack` is "" if nothing blocks.
        """

    def cancel(self) -> None:
        """Asks the code to end; called in the loop."""

    def give_up(self) -> None:
        """Abandons the code; called in the loop, when it has ignored `cancel` for the grace period."""


class Watch:
    """One deadline over some code, from its creation to `stop()`; all times are wall seconds.

    Code that `ends_by_itself` does so as long as its loop turns: it overruns only if the loop is blocked.
    """

    expired = False
    _has_been_cancelled = False
    _is_asked = False
    _answered_at: float | None = None
    _wants_interrupt = False
    _interrupts = 0
    _tracers_before: tuple[Any, Any] | None = None
    _is_over = False

    def __init__(
        self, watched: Watched, seconds: float, grace_period: float, *, ends_by_itself: bool = False
    ) -> None:
        self.due = wall_time() + seconds
        self._respite = seconds if ends_by_itself else None
        self._watched = watched
        self._grace_period = grace_period
        self._thread_id = threading.get_ident()
        arm(self)

    def stop(self) -> None:
        """Disarms the watch: from now on nothing is called and nothing is raised.

        Outside the main thread a last PhaseInterrupt may be raised in this call; then call it again.
        """
        self._is_over = True
        disarm(self)
        if self._tracers_before is not None:
            tracer, profiler = self._tracers_before
            sys.setprofile(profiler)
            sys.settrace(tracer)

    # -- in the watchdog's thread

    def advance(self, now: float) -> None:
        """Performs the step that is due, and sets `due` for the next one."""
        if (
            not self.expired
            and not self._is_asked
            and is_debugged(sys._current_frames().get(self._thread_id))
        ):
            self._switch_off()
            return
        if self._answered_at is not None:
            if now < self._answered_at + self._grace_period:
                self.due = self._answered_at + self._grace_period
                return
            self._has_been_cancelled, self._answered_at, self._is_asked = True, None, False
        self.due = now + alarms.PATIENCE
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
        if can_signal(self._thread_id):
            send_signal(self._thread_id)
        else:
            self._take_down(sys._current_frames().get(self._thread_id))
            if not self._is_over:  # pragma: no branch  # a race, of a few instructions
                interpreter.raise_in_thread(self._thread_id, PhaseInterrupt)

    # -- in the thread of the code

    def _answer(self) -> None:
        if self._is_over or is_traced():
            self._switch_off()
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
        if self._has_been_cancelled:
            self._watched.give_up()
        else:
            self._watched.cancel()

    def interrupted(self, frame: FrameType | None) -> None:
        """Called when the signal arrives, in `frame`: raises PhaseInterrupt, if that is still wanted."""
        if not self._wants_interrupt or self._is_over or _is_delicate(frame):
            return  # if it is still wanted, the next signal will arrive elsewhere
        self._wants_interrupt = False
        if is_traced():
            self._switch_off()
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

    def _switch_off(self) -> None:
        self.due = float("inf")

    def _raise_at_next_line(self, frame: FrameType | None) -> None:
        """Against `while True: try: … except BaseException: pass`: raises in the `except` clause as well.

        Python removes a tracer that raises. The profiler restores it for the caller, which may swallow the
        exception as well, and removes both once the caller is no code of the user's.
        """

        def tracer(_: object, event: str, _arg: object) -> Any:  # pragma: no cover  # tracers go untraced
            if event == "line":
                raise PhaseInterrupt
            return None if event == "call" else tracer  # functions called meanwhile are not interrupted

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


def _is_delicate(frame: FrameType | None) -> bool:
    """Whether an interrupt could leave something inconsistent: our state, or a lock of coverage's taken."""
    left = _OWN_DEPTH
    while frame is not None and left:
        if frame.f_code.co_filename in _OWN_FILES or frame.f_globals.get("__name__") in _OF_COVERAGE:
            return True
        frame, left = frame.f_back, left - 1
    return False


_OWN_DEPTH = 4
"""`add` calls `Condition.notify`, which calls two functions deep."""

_OWN_FILES = (__file__, alarms.__file__)
_OF_COVERAGE = ("coverage.collector", "coverage.control", "coverage.inorout")
"""What its tracer calls, in the thread that it measures."""
