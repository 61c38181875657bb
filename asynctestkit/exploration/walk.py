"""A schedule by chance: of the steps that may run next, those of tasks with more ahead of them are likelier.

That is a selectively uniform random walk: of all the orders of the steps that are left, as many begin with a
task as it has steps in proportion to the others, and so each order is about as likely as any other. How many
steps a task has is known from the run without deviations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING

from .deviations import StepKey

if TYPE_CHECKING:
    from .waiting import Waiting

__all__ = ["Walk", "lengths_of"]


def lengths_of(trace: Iterable[StepKey]) -> Counter[str]:
    """How many steps each task took in a run."""
    return Counter(task for task, _ in trace)


class Walk:
    """Chooses the next step by chance; the same seed chooses the same."""

    def __init__(self, seed: int, lengths: Counter[str]) -> None:
        self._random = Random(seed)
        self._lengths = lengths

    def __call__(self, able: list[int], waiting: list[Waiting]) -> int:
        """The place of one of those that are able to run."""
        weights = [self._left(waiting[place]) for place in able]
        return self._random.choices(able, weights)[0]

    def _left(self, each: Waiting) -> int:
        task, step = each.key
        return max(1, self._lengths[task] - step + 1)
