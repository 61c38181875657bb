"""A step that may run next, and what it may go before."""

from __future__ import annotations

from asyncio import Handle
from collections.abc import Callable
from typing import NamedTuple

from ..cpython import step_internals
from .deviations import StepKey
from .names import Walker

__all__ = ["Choice", "Waiting", "is_fair", "is_fixed"]

_MOST_YIELDS = 2
"""How often one task that only lets others go first may overtake the same step."""


class Waiting(NamedTuple):
    """A step that may run now."""

    key: StepKey
    walker: Walker
    is_bare: bool


Choice = Callable[[list[int], list[Waiting]], int]
"""Of the places of steps that may run, and all that wait, to the place of the one that does."""


def is_fair(passed: list[Waiting], each: Waiting) -> bool:
    """Whether a step may go before those: it has to do more than to let others go first, again and again."""
    return not each.is_bare or all(
        before.walker.yields_over.get(each.walker, 0) < _MOST_YIELDS for before in passed
    )


def is_fixed(walker: Walker, handle: Handle, *, taken: int = 0) -> bool:
    """Whether a step keeps its place, as a plain callback does; `taken`: 1 if it counts as taken already."""
    return walker.is_main and walker.taken > taken and step_internals.is_bare_step(handle)
