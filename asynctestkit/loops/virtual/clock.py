"""Virtual time: the arithmetic of a clock that stands still until somebody moves it."""

from __future__ import annotations

import math
from numbers import Real

from ...cpython.originals import asyncio, threading

__all__ = ["Clock", "VirtualClock"]

_START = 131_072.0
"""Not zero: code that begins with `last = 0.0` counts on a clock that has long been going.

A day and a half, and no more: the further it has got, the coarser are the steps that a float can tell apart.
"""
_CLOSE = 2e-8
"""Seconds: what is that near to a whole microsecond is one, after sums that floats do not give exactly."""
_MONTH = 30 * 24 * 3600.0


class Clock:
    """A test's clock, `self.clock`: the time of its loop, in seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._began = self.time()
        self._limit = _MONTH

    def time(self) -> float:
        """What `loop.time()` says."""
        return self._loop.time()  # type: ignore[union-attr]  # the virtual clock alone has none

    @property
    def elapsed(self) -> float:
        """Seconds on the loop's clock since the test began, before its set-up, to the nanosecond.

        A sum of whole microseconds comes out as such. Over centuries a float is coarser than that.
        """
        elapsed = self.time() - self._began
        whole = round(elapsed, 6)
        return whole if abs(elapsed - whole) < _CLOSE else round(elapsed, 9)

    @property
    def limit(self) -> float:
        """How far `elapsed` may go on the virtual clock before the test fails with RunawayError.

        Thirty days unless assigned; infinity is no limit. On the real clock it means nothing.
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
    """A clock that goes only when it is told to. It never goes back."""

    def __init__(self) -> None:
        self.now = _START
        self._moving = threading.RLock()
        """Threads may let time pass, too, and signal handlers, in the middle of it; it never goes back."""
        self._grace = 0.0
        super().__init__(None)

    def time(self) -> float:
        """What `loop.time()` says."""
        return self.now

    def advance_to(self, when: float) -> None:
        """Jumps to a point in time, exactly; one that is past already is now."""
        with self._moving:
            self.now = max(self.now, when)

    def advance_by(self, seconds: float) -> None:
        """Lets some seconds pass."""
        with self._moving:
            self.now += seconds

    @property
    def resolution(self) -> float:
        """The smallest step from now, which grows with the clock.

        A loop runs what is due before `now + resolution`. With this step that is what is due now, and nothing
        that is due later; with a fixed one, such as a nanosecond, adding it changes nothing any more when
        floats have got coarser than that, and the loop turns for ever without finding the timer due.
        """
        return math.ulp(self.now)

    def allows(self, when: float) -> bool:
        """Whether that point in time lies within the limit."""
        return when - self._began <= self._limit + self._grace

    def extend(self) -> None:
        """Grants the limit once more: what is cancelled because of it may need time to end."""
        self._grace += self._limit
