"""The report on callbacks that have held the loop for too long."""

from __future__ import annotations

from collections.abc import Sequence

from ..leaks.report import MOST_LINES, phase_in_words
from .blocking import Block

__all__ = ["render_blocks"]

_MOST_BLOCKS = 5


def render_blocks(subject: str, threshold: float, blocks: Sequence[Block]) -> str:
    """The report on the callbacks that have held the loop for longer than `threshold` seconds."""
    many = "once" if len(blocks) == 1 else f"{len(blocks)} times"
    lines = [f"{subject} blocked its loop {many} (blocking_threshold = {threshold:g}):"]
    shown = 0
    for block in blocks[:_MOST_BLOCKS]:
        stack = block.stack.rstrip().splitlines()
        if shown and len(lines) + len(stack) + 2 > MOST_LINES:
            break
        lines += [
            "",
            f"for {block.seconds:.3f} s of wall time in {phase_in_words(block.phase)}, "
            f"{block.computing:.3f} s of it computing, here:",
            *stack,
        ]
        shown += 1
    if len(blocks) > shown:
        lines += ["", f"… and {len(blocks) - shown} more"]
    waits = any(block.computing < block.seconds / 2 for block in blocks)
    remedy = "use calls that can be awaited (asyncio.sleep, streams, …)" if waits else "split it into steps"
    return "\n".join([*lines, "", f"remedy: {remedy}, or hand it to a thread: await asyncio.to_thread(…)"])
