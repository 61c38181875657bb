"""Quiescence: nothing is ready, every task waits; and what could still end it.

A loop that is not a selector loop of asyncio's own (uvloop, the proactor) cannot be looked into. There, what
cannot be known is answered so that nobody is accused: something may always wake it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from time import monotonic, sleep  # by their own names, as tests patch those of `time`
from typing import Any

from .. import _cpython
from .descriptors import only_listens
from .outside import has_busy_threads

__all__ = ["can_wake", "is_quiet", "pause", "turn_until_quiet"]

_OPAQUE_TURNS = 20
"""Turns after which an opaque loop counts as quiet: real suites were seen to need up to 7."""


def is_quiet(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether no callback is ready; an opaque loop is never known to be quiet."""
    return _cpython.is_transparent(loop) and _cpython.ready_count(loop) == 0


async def turn_until_quiet(loop: asyncio.AbstractEventLoop, seconds: float) -> bool:
    """Gives the loop its turns until nothing else is ready, for at most `seconds` (wall).

    Returns whether it became quiet. Only `seconds` stops a task that spins on `sleep(0)`.
    """
    until = monotonic() + seconds
    turns = 0
    while True:
        await asyncio.sleep(0)
        turns += 1
        if _cpython.is_transparent(loop):
            if _cpython.ready_count(loop) == 0:
                return True
        elif turns == _OPAQUE_TURNS:
            return True
        if monotonic() > until:
            return False


async def pause(
    loop: asyncio.AbstractEventLoop, tasks: Collection[asyncio.Task[Any]], seconds: float
) -> float:
    """Waits until every one of `tasks` is done, for at most `seconds`; returns the seconds to be charged.

    Without any it waits that long.

    On a virtual clock the seconds that pass there count, too. Lateness is not charged: on a machine so busy
    that a wait of 20 ms takes 200, everything else is as late, and a verdict must not depend on the load.
    """
    if _clock_is_patched(loop):
        return await _pause_without_clock(tasks, seconds)
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

    started, virtually = monotonic(), loop.time()
    timer = loop.call_later(seconds, stop)
    for task in tasks:
        task.add_done_callback(count_down)
    try:
        await waiter
    finally:
        timer.cancel()
        for task in tasks:
            task.remove_done_callback(count_down)
    return min(max(monotonic() - started, loop.time() - virtually), seconds)


async def _pause_without_clock(tasks: Collection[asyncio.Task[Any]], seconds: float) -> float:
    """As `pause`, where the loop's clock may stand still, and a timer would never be due."""
    started = monotonic()
    while (spent := monotonic() - started) < seconds and not (tasks and all(task.done() for task in tasks)):
        await asyncio.sleep(0)
        sleep(0.001)
    return min(spent, seconds)


def _clock_is_patched(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a test has replaced the clock under the loop.

    A loop class with a clock of its own, such as a virtual one, is taken to keep it going.
    """
    is_replaceable = "time" in vars(loop) or type(loop).time is asyncio.BaseEventLoop.time
    return is_replaceable and abs(loop.time() - monotonic()) > 1


def can_wake(loop: asyncio.AbstractEventLoop, within: float) -> bool:
    """Whether anything could still wake a task of a quiet loop.

    That is a timer due `within` that many seconds of the loop's clock, a descriptor, a live thread that is
    not an idle pool worker, or a handler for signals. A child process shows as one of these: its pipes and
    its pidfd are descriptors, its watcher is a thread.
    """
    if not _cpython.is_transparent(loop):
        return True
    if _cpython.ready_count(loop) or _cpython.has_signal_handlers(loop):
        return True
    due = _cpython.next_timer(loop)
    if due is not None and due - loop.time() <= within:
        return True
    return has_busy_threads() or any(not only_listens(fd) for fd in _cpython.watched_descriptors(loop))
