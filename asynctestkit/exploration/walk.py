"""A random schedule: the next step is chosen among tasks with weights, the number of steps each has left.

This is a selectively uniform random walk. Of all orders of the remaining steps, the share that begins with a
task is its share of these steps, so all orders are about equally likely. The number of steps of each task is
known from the run without deviations.
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
    """The number of steps of each task in a run."""
    return Counter(task for task, _ in trace)


class Walk:
    """Chooses the next step at random; the same seed makes the same choices."""

    def __init__(self, seed: int, lengths: Counter[str]) -> None:
        self._random = Random(seed)
        self._lengths = lengths

    def __call__(self, able: list[int], waiting: list[Waiting]) -> int:
        """One of the indices in `able`."""
        weights = [self._left(waiting[place]) for place in able]
        return self._random.choices(able, weights)[0]

    def _left(self, each: Waiting) -> int:
        task, step = each.key
        return max(1, self._lengths[task] - step + 1)
