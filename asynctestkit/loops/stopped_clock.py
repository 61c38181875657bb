"""Loop clocks that tests have replaced: such a clock may stand still, and then no timer is ever due.

freezegun and `mock.patch` replace `time.monotonic`, which a loop calls, by name; time-machine 2.16 replaces
its code; a test may patch `loop.time` itself, or bring a loop that has a clock of its own.
"""

from __future__ import annotations

import sys

from ..cpython import wait_internals
from ..cpython.originals import asyncio, time
from ..cpython.wall import wall_time

__all__ = ["has_standard_clock", "has_stopped_clock", "replacement_in_words"]

_CLOCK_OFFSET = time.monotonic() - wall_time()
"""The difference of two clocks of one kind, which on some systems begin at different moments."""
_LEAST_SHIFT = 1.0
"""Seconds by which a clock that has been replaced in C differs at least."""


def has_standard_clock(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop uses `time.monotonic`, and that has not been replaced."""
    return (
        type(loop).time is asyncio.BaseEventLoop.time
        and not _is_patched(loop)
        and wait_internals.monotonic_of_loops() is time.monotonic
        and abs(loop.time() - _CLOCK_OFFSET - wall_time()) < _LEAST_SHIFT
    )


def has_stopped_clock(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop's clock has been stopped; takes a millisecond if it has been replaced.

    False for a class with a clock of its own, such as a virtual one, which need not follow real time.
    """
    if has_standard_clock(loop) or not (_is_patched(loop) or type(loop).time is asyncio.BaseEventLoop.time):
        return False
    before = loop.time()
    time.sleep(0.001)
    return loop.time() == before


def replacement_in_words(loop: asyncio.AbstractEventLoop) -> str:
    """What has replaced the clock of a loop, in words."""
    if _is_patched(loop):
        return f"loop.time was replaced by {_described(loop.time)}"
    if type(loop).time is not asyncio.BaseEventLoop.time:
        return f"it is that of {type(loop).__module__}.{type(loop).__qualname__}"
    replacement = wait_internals.monotonic_of_loops()
    if replacement is not time.monotonic:
        return f"time.monotonic was replaced by {_described(replacement)}"
    culprit = ", as time-machine does" if "time_machine" in sys.modules else ""
    return f"time.monotonic was replaced in C{culprit}"


def _is_patched(loop: asyncio.AbstractEventLoop) -> bool:
    return "time" in getattr(loop, "__dict__", {})


def _described(function: object) -> str:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if isinstance(module, str) and isinstance(name, str):
        return f"{module}.{name}"
    return f"a {type(function).__name__}"
