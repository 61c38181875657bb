"""Locks that are lost as a call has failed."""

from __future__ import annotations

from collections import Counter

from .lives import Life

__all__ = ["lost_locks"]


def lost_locks(life: Life, usual: Life) -> str:
    """What to say of locks that a life with a fault has left held, and `usual`, without one, has not; or "".

    Where the test has ended early, only those of a function which has acquired the lock, is the one to
    release it, and had the fault go through it.
    """
    lost = [*(Counter(life.held) - Counter(usual.held))]
    if not life.has_passed:
        through = tuple(f" in {code.co_name}" for each in life.raised for code in each.through)
        lost = [line for line in lost if line in usual.released and line.endswith(through)]
    return _HELD.format("\n".join(f"  {line}" for line in lost)) if lost else ""


_HELD = (
    "what was acquired is still held at the end, as a call has failed:\n{}\n"
    "remedy: release it in `finally`, or acquire it by `async with`"
)
