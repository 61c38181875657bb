"""The steps that may run next, and which of them one may overtake."""

from __future__ import annotations

from asyncio import Handle
from collections.abc import Callable
from typing import NamedTuple

from ..cpython import step_internals
from .deviations import StepKey
from .names import Walker

__all__ = ["Choice", "Waiting", "is_fair", "is_fixed"]

_MOST_YIELDS = 2
"""How often a task may overtake the same step with steps that follow a `sleep(0)`."""


class Waiting(NamedTuple):
    """A step that may run now; `is_bare` if it follows a `sleep(0)`."""

    key: StepKey
    walker: Walker
    is_bare: bool


Choice = Callable[[list[int], list[Waiting]], int]
"""Chooses the step to run: from the indices of those that may run, and the list of all that wait."""


def is_fair(passed: list[Waiting], each: Waiting) -> bool:
    """Whether a step may overtake those: a task that only repeats `sleep(0)` may not do so endlessly."""
    return not each.is_bare or all(
        before.walker.yields_over.get(each.walker, 0) < _MOST_YIELDS for before in passed
    )


def is_fixed(walker: Walker, handle: Handle, *, taken: int = 0) -> bool:
    """Whether a step keeps its place like a plain callback; `taken`: 1 if it is counted as taken already."""
    return walker.is_main and walker.taken > taken and step_internals.is_bare_step(handle)
