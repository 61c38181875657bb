"""What a verdict tells besides leaks: a loop that was blocked, tasks without names, detectors that failed."""

from __future__ import annotations

from ..cpython.versions import add_note
from ..exceptions import BlockedLoopError, UnnamedTaskError
from ..limits.block_report import render_blocks
from ..limits.blocking import BlockingWatch
from .task_names import TaskNames, render_unnamed

__all__ = ["detector_failure", "other_faults"]


def other_faults(
    subject: str, names: TaskNames | None, blocking: BlockingWatch | None, threshold: float | None
) -> dict[type[AssertionError], str]:
    """What is wrong apart from leaks, as texts."""
    faults: dict[type[AssertionError], str] = {}
    if names is not None and (unnamed := names.unnamed()):
        faults[UnnamedTaskError] = render_unnamed(subject, unnamed)
    if blocking is not None and blocking.blocks:
        faults[BlockedLoopError] = render_blocks(subject, threshold or 0.0, blocking.blocks)
    return faults


def detector_failure(error: Exception, report: str) -> Exception:
    """What a detector raised, with the lines of that only, and with what was found otherwise as a note."""
    if report:
        add_note(error, report)
    trace = error.__traceback__
    return error.with_traceback(trace and trace.tb_next)
