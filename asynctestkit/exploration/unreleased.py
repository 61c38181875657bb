"""Locks and contexts that were not released because a call failed."""

from __future__ import annotations

from collections import Counter

from .lives import Life

__all__ = ["unreleased_report"]


def unreleased_report(life: Life, usual: Life) -> str:
    """The message on what is still held after a life with a fault but not after `usual`, without one; or "".

    If the test ended early, only what counts was acquired in a function that otherwise always releases it
    itself, and that the injected exception passed through.
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
