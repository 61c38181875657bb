"""Locks and contexts that are lost as a call has failed."""

from __future__ import annotations

from collections import Counter

from .lives import Life

__all__ = ["what_is_lost"]


def what_is_lost(life: Life, usual: Life) -> str:
    """What to say of what a life with a fault has left held, and `usual`, without one, has not; or "".

    Where the test has ended early, only of that which a function has taken that is the one to give it back,
    and had the fault go through it.
    """
    lost = [*(Counter(life.held) - Counter(usual.held))]
    if not life.has_passed:
        through = tuple(f" in {code.co_name}" for each in life.raised for code in each.through)
        lost = [line for line in lost if line in usual.released and line.endswith(through)]
    return _HELD.format("\n".join(f"  {line}" for line in lost)) if lost else ""


_HELD = (
    "after a call failed, something was still held at the end:\n{}\n"
    "remedy: release it in `finally`, or acquire it with `async with`"
)
