"""What is pending gets time to end by itself, as long as something can still bring that about."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...cpython.originals import asyncio
from ...cpython.wall import wall_time
from ...loops.quiescence import can_wake, pause, turn_until_quiet
from ..census.census import Census
from .panel import Panel

__all__ = ["RELEASE", "ROUND", "Settling", "pauses"]

ROUND = 0.02
"""Seconds after which a wait asks again whether anything can still end it."""

RELEASE = 0.1
"""Seconds of ready callbacks, at most, that the end of what was released may take."""


class Settling:
    """Waits for what a census finds: tasks, and what a panel says may end and is not allowed to stay."""

    def __init__(self, census: Census, panel: Panel, is_allowed: Callable[[object], bool]) -> None:
        self._census = census
        self._panel = panel
        self._is_allowed = is_allowed

    async def settle(self, loop: asyncio.AbstractEventLoop, seconds: float) -> float:
        """Turns the loop until no task is pending or nothing can wake those that are, for at most `seconds`.

        What has become ready in time is run to its end. A round is charged with what it should take at most.
        Then waits for what is no task and may end. Returns the seconds that are left.
        """
        left = seconds
        await turn_until_quiet(loop, ROUND)
        while left > 0 and (tasks := self._census.pending_tasks()) and can_wake(loop, left):
            left -= await pause(loop, tasks, min(left, ROUND))
            started = wall_time()
            await turn_until_quiet(loop, ROUND)
            left -= min(wall_time() - started, ROUND)
        return await self.let_end(loop, left)

    async def let_end(self, loop: asyncio.AbstractEventLoop, seconds: float) -> float:
        """Waits for what may end by itself, tasks apart; returns what is left of the seconds."""
        left, lengths = seconds, pauses()
        while left > 0 and self.something_may_end():
            left -= await pause(loop, (), min(left, next(lengths)))
            await turn_until_quiet(loop, ROUND)
        return left

    def something_may_end(self) -> bool:
        """Whether what lives now may end by itself: a connection that is closing, a thread, a child."""
        return any(self._panel.is_ending(obj) and not self._is_allowed(obj) for obj in self._census.living())


def pauses() -> Iterator[float]:
    """For what cannot tell that it has ended: often at first, as most things end at once."""
    length = ROUND / 32
    while True:
        yield length
        length = min(2 * length, ROUND)
