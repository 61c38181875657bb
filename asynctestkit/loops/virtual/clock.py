"""Virtual time: the arithmetic of a clock that stands still until it is advanced."""

from __future__ import annotations

import math
from numbers import Real

from ...cpython.originals import asyncio, threading

__all__ = ["Clock", "VirtualClock"]

_START = 131_072.0
"""Not zero: code that begins with `last = 0.0` relies on a clock that has been running for long.

A day and a half, and no more: the greater the time, the coarser are the steps that a float can represent.
"""
_CLOSE = 2e-8
"""Seconds within which a time counts as a whole microsecond, as sums of floats are not exact."""
_MONTH = 30 * 24 * 3600.0


class Clock:
    """A test's clock, `self.clock`: the time of its loop, in seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._began = self.time()
        self._limit = _MONTH

    def time(self) -> float:
        """The same as `loop.time()`."""
        return self._loop.time()  # type: ignore[union-attr]  # the virtual clock alone has none

    @property
    def elapsed(self) -> float:
        """Seconds on the loop's clock since the test began, before its set-up, to the nanosecond.

        A sum of whole microseconds is returned as such. Over centuries a float is coarser than that.
        """
        elapsed = self.time() - self._began
        whole = round(elapsed, 6)
        return whole if abs(elapsed - whole) < _CLOSE else round(elapsed, 9)

    @property
    def limit(self) -> float:
        """How far `elapsed` may go on the virtual clock before the test fails with RunawayError.

        Thirty days unless assigned; infinity is no limit. On the real clock it has no effect.
        """
        return self._limit

    @limit.setter
    def limit(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, Real):
            raise TypeError(f"clock.limit is {seconds!r}, expected a number of virtual seconds")
        if math.isnan(seconds) or seconds < 0:
            raise ValueError(f"clock.limit is {seconds!r}, expected seconds that are not negative")
        self._limit = float(seconds)


class VirtualClock(Clock):
    """A clock that moves only when it is advanced, and never backwards."""

    def __init__(self) -> None:
        self.now = _START
        self.jumps = 0
        """How often time has jumped so far; on the same run, always as often."""
        self._moving = threading.RLock()
        """Other threads may advance the clock, too, and signal handlers, meanwhile; it never goes back."""
        self._grace = 0.0
        super().__init__(None)

    def time(self) -> float:
        """The same as `loop.time()`."""
        return self.now

    def advance_to(self, when: float) -> None:
        """Jumps to a point in time, exactly; does nothing if that has passed already."""
        with self._moving:
            self.now = max(self.now, when)
            self.jumps += 1

    def advance_by(self, seconds: float) -> None:
        """Advances the clock by some seconds."""
        with self._moving:
            self.now += seconds

    @property
    def resolution(self) -> float:
        """The smallest step from now, which grows with the clock.

        A loop runs the timers due before `now + resolution`. With this step, those are the timers due now,
        and none that are due later. A fixed step, such as a nanosecond, has no effect once floats are coarser
        than that: the loop would turn for ever without finding the timer due.
        """
        return math.ulp(self.now)

    def allows(self, when: float) -> bool:
        """Whether a point in time lies within the limit."""
        return when - self._began <= self._limit + self._grace

    def extend(self) -> None:
        """Grants the limit once more: code that is cancelled because of it may need time to end."""
        self._grace += self._limit
