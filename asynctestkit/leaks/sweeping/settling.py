"""Settling: pending work gets time to end by itself, as long as something can still end it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...cpython.originals import asyncio
from ...cpython.wall import wall_time
from ...loops.quiescence import can_wake, is_quiet, pause, turn_until_quiet
from ...loops.virtual.virtual_loop import VirtualEventLoop
from ..census.census import Census
from ..census.connection_index import indexing
from .panel import Panel

__all__ = ["RELEASE", "ROUND", "Settling", "pauses"]

ROUND = 0.02
"""Seconds after which a wait checks again whether anything can still end it."""

RELEASE = 0.1
"""Seconds, at most, for which callbacks run that are ready once leaks were released."""

_MOST_ANSWERS = 5
"""How often it is asked again: a task that spins leaves no loop quiet."""

_PATIENCE = 3
"""How often the seconds given may pass on the wall's clock: virtual time may stand still, or creep."""


class Settling:
    """Waits for the tasks that a census finds, and for objects that may end and are not allowed to stay."""

    def __init__(self, census: Census, panel: Panel, is_allowed: Callable[[object], bool]) -> None:
        self._census = census
        self._panel = panel
        self._is_allowed = is_allowed

    async def settle(self, loop: asyncio.AbstractEventLoop, seconds: float) -> float:
        """Turns the loop until no task is pending or nothing can wake those that are, for at most `seconds`.

        What has become ready in time is run to its end. A round counts for no more than it should take. On
        virtual time only virtual seconds count, however busy the machine is; but if hardly any pass, as while
        a task spins, it ends as well. Then waits for other objects that may end. Returns the seconds left.
        """
        left, patience = seconds, _PATIENCE * seconds
        is_virtual = isinstance(loop, VirtualEventLoop)
        await turn_until_quiet(loop, ROUND)
        while min(left, patience) > 0 and (tasks := self._census.pending_tasks()) and can_wake(loop, left):
            virtually = loop.time()
            waited = await pause(loop, tasks, min(left, ROUND))
            started = wall_time()
            await turn_until_quiet(loop, ROUND)
            waited += min(wall_time() - started, ROUND)
            left -= loop.time() - virtually if is_virtual else waited
            patience -= waited
        return await self.wait_for_endings(loop, left)

    async def wait_for_endings(self, loop: asyncio.AbstractEventLoop, seconds: float) -> float:
        """Waits for objects that may end by themselves, except tasks; returns the seconds that are left."""
        left, lengths = seconds, pauses()
        while left > 0 and await self._is_any_ending_once_answered(loop):
            left -= await pause(loop, (), min(left, next(lengths)))
            await turn_until_quiet(loop, ROUND)
        return left

    async def _is_any_ending_once_answered(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Asks again if the loop has got something to do meanwhile: a thread may wait for just that."""
        for _ in range(_MOST_ANSWERS):
            if self.is_any_ending(self._census.living(self._panel.watched)):
                return True
            if is_quiet(loop):
                break
            await turn_until_quiet(loop, ROUND)
        return False

    def is_any_ending(self, living: Iterable[Any]) -> bool:
        """Whether a living object may end by itself: a connection that is closing, a thread, …"""
        self._panel.forget_threads()
        watched = self._panel.watched.select(living)
        if not watched:
            return False
        with indexing(self._census.loop):
            return any(self._panel.is_ending(obj) and not self._is_allowed(obj) for obj in watched)


def pauses() -> Iterator[float]:
    """Intervals for polling, in seconds: short at first, as most objects end at once."""
    length = ROUND / 32
    while True:
        yield length
        length = min(2 * length, ROUND)
