"""Who hears of every leak that a test is charged with, beside the test: a run that keeps a record of them."""

from __future__ import annotations

from collections.abc import Callable

from .leak import Leak

__all__ = ["Listener", "listeners", "tell"]

Listener = Callable[[str, tuple[Leak, ...]], tuple[Leak, ...]]
"""Called with the test's id and what it left; returns those that the test is still to be charged with."""

listeners: list[Listener] = []
"""Those that listen now, in the order in which they are asked."""


def tell(subject: str, leaks: tuple[Leak, ...]) -> tuple[Leak, ...]:
    """Has every listener hear of leaks; returns those that still count."""
    if leaks:
        for listener in listeners:
            leaks = listener(subject, leaks)
    return leaks
