"""What a limit has to know of the test, or the block, that it is over."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from ..cpython.originals import asyncio
from ..loops.virtual.clock import Clock

__all__ = ["Code", "Created", "Subject"]


class Code(Protocol):
    """What runs in a phase: the runner of a test, or the task of a block."""

    @property
    def is_of_test(self) -> bool:
        """Whether it is all that a test does: then the test's name stands above what is said of it."""

    @property
    def main_task(self) -> asyncio.Task[Any] | None:
        """The task that runs the phase, if there is one just now."""

    def cancel(self) -> None:
        """Ask that task to end; called in the loop."""

    def give_up(self) -> None:
        """Go on without that task; called in the loop."""


class Created(Protocol):
    """The tasks that were created since the mark."""

    told_tasks: Collection[asyncio.Task[Any]]
    """Those that a failure has shown: they are not told again."""
    was_interrupted: bool
    """Whether code was stopped in its middle."""

    def pending_tasks(self) -> set[asyncio.Task[Any]]:
        """Those that are not done, the calling one apart."""

    def failed_tasks(self) -> list[asyncio.Task[Any]]:
        """Those that have failed, and nobody has looked."""


class Subject(Protocol):
    """A test or a block under limits."""

    subject: str
    """Its name."""
    loop: asyncio.AbstractEventLoop
    clock: Clock
    code: Code

    @property
    def census(self) -> Created:
        """What it has created."""
