"""Listeners that get every leak that a test is charged with, such as a run that records them."""

from __future__ import annotations

from collections.abc import Callable

from .leak import Leak

__all__ = ["Listener", "listeners", "notify_listeners"]

Listener = Callable[[str, tuple[Leak, ...]], tuple[Leak, ...]]
"""Called with the test's id and its leaks; returns the leaks that the test is still charged with."""

listeners: list[Listener] = []
"""The current listeners, in the order in which they are called."""


def notify_listeners(subject: str, leaks: tuple[Leak, ...]) -> tuple[Leak, ...]:
    """Passes leaks to every listener; returns those that the test is still charged with."""
    if leaks:
        for listener in listeners:
            leaks = listener(subject, leaks)
    return leaks
