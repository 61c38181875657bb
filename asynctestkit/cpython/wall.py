"""Wall time that no test can stop, shift or slow down."""

from __future__ import annotations

import functools

from .originals import time

__all__ = ["wall_time"]

wall_time = (
    functools.partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    if hasattr(time, "clock_gettime")
    else functools.partial(time.perf_counter)  # pragma: no cover  # Windows
)
"""Seconds of wall time since some moment: what `time.monotonic()` returns unless it is replaced.

freezegun replaces `monotonic` and `perf_counter` by name, in every module that has them, and time-machine
2.16 the C code of `monotonic` itself; neither affects this clock, and freezegun does not look for a
`partial`.
"""
