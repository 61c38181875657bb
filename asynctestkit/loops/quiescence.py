"""Quiescence: nothing is ready, every task waits; and what could still end it.

A loop that is not a selector loop of asyncio's own (uvloop, the proactor) is opaque: its queues cannot be
inspected. To accuse no test wrongly, it is assumed that something may always wake it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

from ..cpython import loop_internals
from ..cpython.alarms import arm, disarm
from ..cpython.originals import asyncio
from ..cpython.wall import wall_time
from .loop import HygienicEventLoop
from .outside.busy_threads import BusyThread, busy_threads
from .outside.descriptors import only_listens
from .stopped_clock import has_standard_clock

__all__ = ["can_wake", "is_quiet", "pause", "threads_around", "turn_until_quiet"]

_LEAST_TURNS = 3
"""Turns that a loop gets in any case: on a busy machine, the time may be over before the first one ends."""
_OPAQUE_TURNS = 20
"""Turns after which an opaque loop counts as quiet: real suites needed up to 7."""


def is_quiet(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether no callback is ready; an opaque loop is never known to be quiet."""
    return loop_internals.is_transparent(loop) and loop_internals.ready_count(loop) == 0


async def turn_until_quiet(loop: asyncio.AbstractEventLoop, seconds: float) -> bool:
    """Gives the loop its turns until nothing else is ready, for at most `seconds` (wall), but at least some.

    Returns whether it became quiet. Only `seconds` stops a task that spins on `sleep(0)`.
    """
    until = wall_time() + seconds
    turns = 0
    while True:
        await asyncio.sleep(0)
        turns += 1
        if loop_internals.is_transparent(loop):
            if loop_internals.ready_count(loop) == 0:
                return True
        elif turns == _OPAQUE_TURNS:
            return True
        if turns >= _LEAST_TURNS and wall_time() > until:
            return False


async def pause(
    loop: asyncio.AbstractEventLoop,
    tasks: Collection[asyncio.Future[Any]],
    seconds: float,
    *,
    at_most: float = math.inf,
) -> float:
    """Waits until all `tasks` are done, for at most `seconds`; returns the seconds that count as spent.

    Without tasks it waits that long, even if the loop's clock may stand still: then for so many wall seconds,
    or `at_most`.

    On a virtual clock the seconds that pass there count, too. Lateness does not count: on a machine so busy
    that a wait of 20 ms takes 200, everything else is as late, and a verdict must not depend on the load.
    """
    waiter = loop.create_future()
    left = len(tasks)

    def count_down(_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            stop()

    def stop() -> None:
        if not waiter.done():
            waiter.set_result(None)

    started, virtually = wall_time(), loop.time()
    timer = loop.call_later(seconds, stop)
    alarm = None if has_standard_clock(loop) else _WallTimer(loop, min(seconds, at_most), stop)
    for task in tasks:
        task.add_done_callback(count_down)
    try:
        await waiter
    finally:
        timer.cancel()
        if alarm is not None:
            disarm(alarm)
        for task in tasks:
            task.remove_done_callback(count_down)
    return min(max(wall_time() - started, loop.time() - virtually), seconds)


class _WallTimer:
    """Calls something in a loop, once, when that many wall seconds have passed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[[], None]) -> None:
        self.due = wall_time() + seconds
        self._loop = loop
        self._callback = callback
        arm(self)

    def advance(self, now: float) -> None:
        """Called in the watchdog's thread when the time has passed."""
        self.due = math.inf
        try:
            self._loop.call_soon_threadsafe(self._callback)
        except RuntimeError:  # pragma: no cover  # the pause has ended just now, and the loop is closed
            pass

    def interrupted(self, frame: FrameType | None) -> None:
        """Ignores the signal, which is a deadline's."""


def threads_around(loop: asyncio.AbstractEventLoop) -> list[BusyThread]:
    """The threads that can act by themselves and are related to the loop, as far as that is known."""
    return loop.contacts.busy() if isinstance(loop, HygienicEventLoop) else busy_threads()


def can_wake(loop: asyncio.AbstractEventLoop, within: float) -> bool:
    """Whether anything could still wake a task of a quiet loop.

    That is a timer due `within` that many seconds of the loop's clock, a descriptor, a thread that is related
    to the loop, or a handler for signals. A child process shows as one of these: its pipes and its pidfd
    are descriptors, its watcher is a thread.
    """
    if not loop_internals.is_transparent(loop):
        return True
    if loop_internals.ready_count(loop) or loop_internals.has_signal_handlers(loop):
        return True
    due = loop_internals.next_timer(loop)
    if due is not None and due - loop.time() <= within:
        return True
    return (
        bool(threads_around(loop))
        or any(not only_listens(fd) for fd in loop_internals.watched_descriptors(loop))
        or loop_internals.ready_count(loop) > 0  # a thread may have woken the loop just before it ended
    )
