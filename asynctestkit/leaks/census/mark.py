"""What the records of created objects need from the census that they are kept for."""

from __future__ import annotations

from typing import Protocol

from ...cpython.originals import asyncio

__all__ = ["Mark"]


class Mark(Protocol):
    """A test's mark: what came after it, in its thread and on its loop, is the test's."""

    phase: str
    loop: asyncio.AbstractEventLoop
    thread: int

    changes: dict[str | None, object]
    """What was found changed in the process, by variable; None is the working directory."""

    def was_pending_at_mark(self, future: object) -> bool:
        """Whether a task that is being destroyed was pending at the mark."""
