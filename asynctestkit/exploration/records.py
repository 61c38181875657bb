"""Records of a run for reports: its steps, the deviations that occurred, how it differs from another run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..cpython import task_internals
from ..cpython.originals import asyncio
from ..stacks.await_chain import AwaitChain, chain_of_task
from ..stacks.code_owners import is_own
from .deviations import Deviation, StepKey

__all__ = ["Applied", "Taken", "difference_of", "step_taken"]


class Applied(NamedTuple):
    """A deviation that occurred, and where the task stood then."""

    deviation: Deviation
    chain: AwaitChain
    error: str = ""
    """The class of the injected exception, for a fault."""
    key: StepKey | None = None
    """The step in which the call failed; None outside of any step."""


class Taken(NamedTuple):
    """A step in detail."""

    key: StepKey
    at: float
    """Seconds of virtual time since the test began."""
    before: AwaitChain
    after: AwaitChain | str
    """Where the task waits after the step, or how it ended."""


def step_taken(
    key: StepKey, at: float, before: AwaitChain, task: asyncio.Task[Any], is_main: bool
) -> Taken | None:
    """The record of a step that a task has just taken; None if the step ran none of the test's code."""
    after: AwaitChain | str = _end_of(task) if task.done() else chain_of_task(task)
    if is_main and not _is_users(after):
        if not _is_users(before):  # before 3.11
            return None
        after = "ended"
    return Taken(key, at, before, after)


def _is_users(stands: AwaitChain | str) -> bool:
    """Whether a task stands in the user's code, and not only in ours, which runs it."""
    return isinstance(stands, AwaitChain) and any(not is_own(place.file) for place in stands.places)


def _end_of(task: asyncio.Task[Any]) -> str:
    if task.cancelled():
        return "cancelled"
    error = task_internals.peek_exception(task)
    return "returned" if error is None else f"raised {type(error).__name__}"


def difference_of(one: Sequence[StepKey], other: Sequence[StepKey]) -> str:
    """The first difference between the steps of two runs of the same schedule, in words."""
    for place, (first, second) in enumerate(zip(one, other, strict=False)):
        if first != second:
            return f"at position {place + 1}, {_text(second)} instead of {_text(first)}"
    if len(one) != len(other):
        further = max(one, other, key=len)[min(len(one), len(other))]
        return f"{len(other)} steps instead of {len(one)}, from {_text(further)} on"
    return "the same steps, but another outcome"


def _text(key: StepKey) -> str:
    return f"{key[0]}@{key[1]}"
