"""The functions of the `time` module, following a virtual clock for the duration of a test."""

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

__unittest = True

_NAMES = ("time", "monotonic", "perf_counter")
_PATIENCE, _POLLS = 1.0, 20
"""Wall seconds for which code must poll the clock, and how often, before time passes by itself."""


class PatchedTime:
    """`time.time`, `monotonic`, `perf_counter` and their `_ns` forms on virtual time, until `restore`.

    `monotonic` equals `loop.time()`, as on a real loop; the others continue from their current value.
    `time.sleep` advances virtual time; in other threads, which run outside of virtual time, it sleeps.
    Code that has imported a function by name, as with `from time import sleep`, has the real one, and so
    have the whole `datetime` module, and everything else that is written in C.

    Code that polls the clock for a point in time, without any sleep that would bring it nearer, waits for
    the world outside: after a wall second of that, time passes at real speed.
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
        """Patches the module to follow a clock; ValueError if that is real, which `time` follows anyway."""
        if not isinstance(clock, VirtualClock):
            raise ValueError('patch_time = True needs virtual time: say clock = "virtual" as well')
        return cls(clock)

    def restore(self) -> None:
        """Restores the functions that were there before."""
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
        """Called in any thread; a race between two of them only changes when time begins to pass."""
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
            # The real one rejects values that are negative, too large, or no numbers.
            original(seconds if seconds > threading.TIMEOUT_MAX else min(seconds, 0.0))
            self._clock.advance_by(seconds)

        return sleep
