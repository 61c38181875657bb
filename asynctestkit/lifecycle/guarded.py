"""What a phase needs from the guard that it is a part of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..limits.subject import Subject
from ..settings import Settings

__all__ = ["Guarded"]


class Guarded(Subject, Protocol):
    """A test, or a block, with its settings and its state so far."""

    source: tuple[str, int]
    """Its file and its first line."""
    settings: Settings
    observes: bool
    """Whether no outcome is to be changed, except by limits that are set."""
    depth: int
    """How many phases are running, nested in each other."""
    has_outcome: bool
    """Whether it already has its outcome."""
    on_failure: Callable[[BaseException], None] | None
    """Called with each exception that a phase ends with."""

    def set_phase(self, name: str) -> str:
        """Attributes what is created from now on to this phase; returns the one before."""
