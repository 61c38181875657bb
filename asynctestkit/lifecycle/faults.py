"""The faults that a verdict reports besides leaks.

A loop that was blocked, tasks without names, allowances that match nothing, detectors that failed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..cpython.versions import add_note
from ..exceptions import BlockedLoopError, UnnamedTaskError
from ..leaks.allowances import Allowance
from ..limits.block_report import render_blocks
from ..limits.blocking import BlockingWatch
from .task_names import TaskNames, render_unnamed

__all__ = ["detector_failure", "other_faults", "stale_allowance"]


def other_faults(
    subject: str, names: TaskNames | None, blocking: BlockingWatch | None, threshold: float | None
) -> dict[type[AssertionError], str]:
    """The reports on faults other than leaks, by exception type."""
    faults: dict[type[AssertionError], str] = {}
    if names is not None and (unnamed := names.unnamed()):
        faults[UnnamedTaskError] = render_unnamed(subject, unnamed)
    if blocking is not None and blocking.blocks:
        faults[BlockedLoopError] = render_blocks(subject, threshold or 0.0, blocking.blocks)
    return faults


def stale_allowance(subject: str, required: Mapping[Allowance, bool], used: Collection[Allowance]) -> str:
    """The report on the first required allowance that has matched nothing; "" if there is none."""
    for allowance, is_required in required.items():
        if is_required and allowance not in used:
            return (
                f"{subject}: no leak matched {allowance} (reason: {allowance.reason}). "
                "If the leak is gone, remove the exemption; if it comes and goes, say required=False."
            )
    return ""


def detector_failure(error: Exception, report: str) -> Exception:
    """What a detector raised, without our own frame, and with the report on leaks as a note."""
    if report:
        add_note(error, report)
    trace = error.__traceback__
    return error.with_traceback(trace and trace.tb_next)
