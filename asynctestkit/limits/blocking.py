"""Callbacks that hold the loop for too long, and the stack while they do.

While a watch is open, each callback of the loop is timed where it runs. The watchdog's thread checks it
meanwhile, four times per threshold, and takes the stack of a callback that exceeds it. Whether the code is to
blame is decided when the callback ends. Deducted are the time of the garbage collector, the time for which
the thread waited for a processor (Linux shows it in `schedstat`), and the lateness of the watchdog's thread,
as after a suspension of the process or the machine. The time that the code itself has computed always counts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from sys import _current_frames
from types import FrameType
from typing import Any

from ..cpython import loop_internals
from ..cpython.alarms import arm, disarm
from ..cpython.originals import asyncio, gc, os, threading, time
from ..cpython.wall import wall_time
from ..stacks.debuggers import is_debugged, is_traced
from ..stacks.places import Place
from ..stacks.thread_stacks import render_stack, stack_of

__all__ = ["Block", "BlockingWatch"]

_WAKEUP_TOLERANCE = 0.005
"""Seconds by which any thread may wake up late: the interval at which Python switches threads."""


@dataclasses.dataclass(frozen=True)
class Block:
    """A callback that held the loop: for how many wall seconds, and how many seconds of processor time."""

    seconds: float
    computing: float
    phase: str
    stack: str
    """Where it stood when it exceeded the threshold, the user's line innermost."""


class _Callback:
    """A running callback, with the values of the clocks and counters at its beginning."""

    def __init__(self, watch: BlockingWatch) -> None:
        self.began = self.seen = wall_time()
        self.computed = time.thread_time()
        self.collected = watch.collected
        self.late = watch.late
        self.delay = watch.delay
        self.stack: list[Place] = []
        self.is_excused = False


class BlockingWatch:
    """Watches one loop, in whose thread it is opened and closed; `threshold` is in wall seconds.

    Blocks are attributed to `phase`; `blocks` lists them in the order in which they occurred.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, threshold: float) -> None:
        self.blocks: list[Block] = []
        self.phase = "setUp"
        self.collected = self.late = self.delay = 0.0
        """Seconds so far: of garbage collection; of lateness of the watchdog; without a processor."""
        self._loop = loop
        self._threshold = threshold
        self._tick = max(threshold / 4, 0.001)
        self._current: _Callback | None = None
        self._collecting_since = 0.0
        self._is_over = False

    def open(self) -> None:
        """Begins to watch; within a callback of the loop, with the rest of that callback."""
        self._thread_id = threading.get_ident()
        self._schedule = _open_schedule()
        self.delay = self._read_delay()
        if loop_internals.running_loop() is self._loop:
            self._current = _Callback(self)
        gc.callbacks.append(self._on_collection)
        self._unhook = loop_internals.hook_callbacks(self._run)
        self.due = wall_time() + self._tick
        arm(self)

    def close(self) -> None:
        """Stops watching; a running callback is judged by what it has done so far. May be called twice."""
        if self._is_over:
            return
        self._is_over = True
        disarm(self)
        self._unhook()
        gc.callbacks.remove(self._on_collection)
        current, self._current = self._current, None
        if current is not None:
            self._judge(current, wall_time())
        if self._schedule is not None:
            os.close(self._schedule)

    # -- in the loop's thread

    def _run(self, handle: asyncio.Handle, run: Callable[[asyncio.Handle], Any]) -> None:
        if loop_internals.loop_of_handle(handle) is not self._loop:
            run(handle)
            return
        before = self._current
        if before is not None:  # it was running when the watch began, and has ended unnoticed
            self._judge(before, before.seen)
        current = self._current = _Callback(self)
        try:
            run(handle)
        finally:
            self._current = None
            now = wall_time()
            if now - current.began > self._threshold:
                self._judge(current, now)

    def _judge(self, callback: _Callback, ended: float) -> None:
        took = ended - callback.began
        computing = time.thread_time() - callback.computed
        collected = self.collected - callback.collected
        late = self.late - callback.late
        kept_waiting = self._read_delay() - callback.delay
        suspended = late + self._tick if late else 0.0  # it may have begun up to a tick before it was noticed
        own = max(computing, took - kept_waiting - suspended) - collected
        if own > self._threshold and callback.stack and not callback.is_excused and not is_traced():
            stack = render_stack(callback.stack, to_users_line=True)
            self.blocks.append(Block(took, computing, self.phase, stack))

    def _on_collection(self, moment: str, _: object) -> None:
        if moment == "start":
            self._collecting_since = wall_time()
        else:
            self.collected += wall_time() - self._collecting_since

    def interrupted(self, frame: FrameType | None) -> None:
        """Ignores the signal, which is a deadline's."""

    # -- in the watchdog's thread

    def advance(self, now: float) -> None:
        """Checks the current callback."""
        if now - self.due > _WAKEUP_TOLERANCE:
            self.late += now - self.due
        self.due = now + self._tick
        current = self._current
        if current is None:
            self.delay = self._read_delay()
        elif now - current.began > self._threshold:
            frame = _current_frames().get(self._thread_id)
            current.is_excused |= is_debugged(frame)
            if _is_in_callback(frame):
                current.seen = now
                current.stack = current.stack or stack_of(frame)

    def _read_delay(self) -> float:
        """Seconds for which the loop's thread was ready to run and had no processor; 0 if not known."""
        if self._schedule is None:
            return 0.0
        return int(os.pread(self._schedule, 100, 0).split()[1]) / 1e9


def _open_schedule() -> int | None:
    """`/proc/.../schedstat` of the calling thread (Documentation/scheduler/sched-stats.rst in Linux)."""
    try:
        return os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
    except OSError:
        return None


def _is_in_callback(frame: FrameType | None) -> bool:
    """Whether a callback is running, and the loop is not just waiting."""
    while frame is not None and frame.f_code is not loop_internals.RUN_CALLBACK:
        frame = frame.f_back
    return frame is not None
