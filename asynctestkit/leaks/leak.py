"""The frozen value that a live leak becomes, once and at one point."""

from __future__ import annotations

import dataclasses

from ..stacks.places import Place

__all__ = ["Leak"]


@dataclasses.dataclass(frozen=True)
class Leak:
    """One thing that a test left behind: text and numbers only, so that it keeps nothing else alive."""

    kind: str
    """The detector's: "task", "coroutine", "exception", "callback", "async_generator", or a project's own."""
    name: str = ""
    """The task's name, the coroutine's qualified name, …"""
    description: str = ""
    """What it is and why it counts as a leak, in one line."""
    phase: str = ""
    """The phase that it was created in: "setUp", "test", "tearDown" or "cleanup"."""
    created_at: tuple[Place, ...] = ()
    """The user's lines that created it, outermost first; empty where unknown."""
    waiting_at: tuple[Place, ...] = ()
    """The await chain that it stands in, outermost first; empty where it stands nowhere."""
    remedy: str = ""
    """What to do about it."""
    coroutine: str = ""
    """The qualified name of the coroutine function that it runs, for allowances."""
    waits_on: str = ""
    """The operation at the end of the await chain: "Queue.get", "sleep(3600)", …"""
