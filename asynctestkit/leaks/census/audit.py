"""What the interpreter reports by itself: audit events (PEP 578), heard while a test asks for them.

The hook can never be removed, and is called for every event of the process, in whatever thread, which makes
each task dearer by a quarter. So it is installed when the first test begins that asks for it, and between
such tests there is nothing that it looks for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from ...cpython.changes import Undo, install_once

__all__ = ["Listener", "Listeners", "audit"]

Listener = Callable[[tuple[Any, ...], FrameType], None]
"""Is given the arguments of an event and the frame in which it arose."""


class Listeners:
    """Who listens to which event, and whether anybody does just now."""

    def __init__(self) -> None:
        self._all: dict[str, Listener] = {}
        self._active: dict[str, Listener] = {}
        self._open = 0

    def add(self, event: str, listener: Listener) -> None:
        """From now on, and for good, `listener` is called at each such event while a test asks for it.

        It must not raise: that would make the operation itself fail.
        """
        self._all[event] = listener

    def enter(self) -> None:
        """A test that asks for them begins."""
        self._open += 1
        self._active.update(self._all)
        install_once("sys.addaudithook", self._install)

    def _install(self) -> Undo:
        active = self._active
        sys.addaudithook(_hook_of(active))

        def undo() -> None:  # as far as that goes: the hook looks for nothing any more
            self._active = {}
            active.clear()

        return undo

    def leave(self) -> None:
        """One has ended. After the last, nothing is listened to."""
        self._open -= 1
        if not self._open:
            self._active.clear()


def _hook_of(active: dict[str, Listener]) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        listener = active.get(event)
        if listener is not None:
            listener(arguments, sys._getframe(1))

    hook.__cantrace__ = True  # type: ignore[attr-defined]  # coverage is to see the listeners
    return hook


audit = Listeners()
"""Those of this process."""
