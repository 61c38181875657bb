"""The leak as a frozen value: live objects become values once, and at one point."""

from __future__ import annotations

import dataclasses

from ..stacks.places import Place

__all__ = ["Leak", "in_phase"]


@dataclasses.dataclass(frozen=True)
class Leak:
    """One object that a test left behind: text and numbers only, so that it keeps nothing else alive.

    kind         the detector's: "task", "coroutine", "exception", …, or a project's own
    name         the task's name, the coroutine's qualified name, …
    description  what it is and why it counts as a leak, in one line
    phase        in which it was created: "setUp", "test", "tearDown" or "cleanup"
    created_at   the user's lines that created it, outermost first; empty if unknown
    waiting_at   the await chain that it is suspended in, outermost first; empty if there is none
    remedy       what to do about it
    coroutine    the qualified name of the coroutine function that it runs, for allowances
    waits_on     the operation at the end of the await chain: "Queue.get", "sleep(3600)", …
    """

    kind: str
    name: str = ""
    description: str = ""
    phase: str = ""
    created_at: tuple[Place, ...] = ()
    waiting_at: tuple[Place, ...] = ()
    remedy: str = ""
    coroutine: str = ""
    waits_on: str = ""


def in_phase(leak: Leak, phase: str) -> Leak:
    """The same leak, with its phase: `dataclasses.replace` at a fifth of its cost, as there may be many."""
    completed = object.__new__(type(leak))
    vars(completed).update(vars(leak), phase=phase)
    return completed
