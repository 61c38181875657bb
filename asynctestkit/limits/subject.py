"""What a limit needs from the test, or the block, that it applies to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from ..cpython.originals import asyncio
from ..loops.virtual.clock import Clock

__all__ = ["Code", "Created", "Subject"]


class Code(Protocol):
    """What runs in a phase: the runner of a test, or the task of a block."""

    @property
    def is_of_test(self) -> bool:
        """Whether it is a whole test: then the test's name is printed above the report."""

    @property
    def main_task(self) -> asyncio.Task[Any] | None:
        """The task that runs the phase at this moment, or None."""

    @property
    def references(self) -> Mapping[int, int]:
        """How many references to that task, and to its coroutine, are not the user's; by id, if known."""

    def cancel(self) -> None:
        """Asks that task to end; called in the loop."""

    def give_up(self) -> None:
        """Abandons that task; called in the loop."""


class Created(Protocol):
    """What was created since the mark: its tasks, and its failures."""

    reported_tasks: Collection[asyncio.Task[Any]]
    """The tasks that a failure has shown: they are not reported again."""
    was_interrupted: bool
    """Whether running code was interrupted."""
    failures: frozenset[int]
    """The ids of the exceptions that phases have ended with."""

    def pending_tasks(self) -> set[asyncio.Task[Any]]:
        """The tasks that are not done, except the calling one."""

    def failed_tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that have failed, and whose exception was never retrieved."""


class Subject(Protocol):
    """A test or a block under limits."""

    subject: str
    """Its name."""
    loop: asyncio.AbstractEventLoop
    clock: Clock
    code: Code

    @property
    def census(self) -> Created:
        """The tasks that it has created."""
