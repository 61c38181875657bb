"""The functions of the `time` module, following a virtual clock for the length of a test."""

from __future__ import annotations

import sys
import time  # live: it is what is patched
from collections.abc import Callable
from typing import Any

from ...cpython import wait_internals
from ...cpython.originals import threading
from ...cpython.wall import wall_time
from .clock import Clock, VirtualClock

__all__ = ["PatchedTime"]

_NAMES = ("time", "monotonic", "perf_counter")
_PATIENCE, _POLLS = 1.0, 20
"""Wall seconds for which, and how often, code asks for the time before it passes."""


class PatchedTime:
    """`time.time`, `monotonic`, `perf_counter` and their `_ns` forms on virtual time, until `restore`.

    `monotonic` says what `loop.time()` says, as on a real loop; the others go on from where they were.
    `time.sleep` lets virtual time pass; in other threads it sleeps, as they go on outside of virtual time.
    What has imported a function by its own name, as `from time import sleep` does, has the real one, and so
    have the `datetime` module, all of it, and everything else that is written in C.

    Code that asks again and again whether a point in time has come, without any sleep that would bring it
    nearer, waits for the world outside: after a wall second of that, time passes at real speed.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._own = threading.get_ident()
        self._originals: dict[str, Any] = {}
        self._seen, self._seen_at, self._asked = clock.now, wall_time(), 0
        for name in _NAMES:
            origin = clock.time() if name == "monotonic" else getattr(time, name)()
            self._patch(name, self._following(origin, lambda elapsed: elapsed))
            name_ns = f"{name}_ns"
            origin_ns = round(origin * 1e9) if name == "monotonic" else getattr(time, name_ns)()
            self._patch(name_ns, self._following(origin_ns, lambda elapsed: round(elapsed * 1e9)))
        self._patch("time", self._not_for_dates(time.time))
        self._patch("sleep", self._sleeping(time.sleep))

    @classmethod
    def of(cls, clock: Clock) -> PatchedTime:
        """The module on that clock; ValueError if it is a real one, which `time` follows anyway."""
        if not isinstance(clock, VirtualClock):
            raise ValueError('patch_time = True needs virtual time: say clock = "virtual" as well')
        return cls(clock)

    def restore(self) -> None:
        """Puts the functions back that were there before."""
        for name, original in self._originals.items():
            setattr(time, name, original)

    def _patch(self, name: str, replacement: Callable[..., Any]) -> None:
        self._originals.setdefault(name, getattr(time, name))
        setattr(time, name, replacement)

    def _following(self, origin: float, as_unit: Callable[[float], float]) -> Callable[[], Any]:
        began = self._clock.time()

        def now() -> Any:
            self._pass_if_polled()
            return origin + as_unit(self._clock.time() - began)

        return now

    def _not_for_dates(self, following: Callable[[], float]) -> Callable[[], float]:
        real = self._originals["time"]

        def now() -> float:
            is_asked_by_a_date = wait_internals.is_calling_today(sys._getframe(1))
            return real() if is_asked_by_a_date else following()

        return now

    def _pass_if_polled(self) -> None:
        """In any thread; what two of them do at once is a matter of some moments more or less."""
        if self._clock.now != self._seen:
            self._seen, self._seen_at, self._asked = self._clock.now, wall_time(), 0
            return
        self._asked += 1
        waited = wall_time() - self._seen_at - _PATIENCE
        if self._asked > _POLLS and waited > 0:
            self._clock.advance_by(waited)
            self._seen = self._clock.now
            self._seen_at += waited

    def _sleeping(self, original: Callable[[float], None]) -> Callable[[float], None]:
        def sleep(seconds: float, /) -> None:
            if threading.get_ident() != self._own:
                original(seconds)
                return
            # The real one refuses what is negative, no number, or more than it can count.
            original(seconds if seconds > threading.TIMEOUT_MAX else min(seconds, 0.0))
            self._clock.advance_by(seconds)

        return sleep
