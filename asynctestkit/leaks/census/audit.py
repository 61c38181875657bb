"""The interpreter's audit events (PEP 578), passed to listeners while a test asks for them.

The hook can never be removed, and is called for every event of the process, in every thread, which makes
each task cost a quarter more. So it is installed when the first test begins that asks for it, and between
such tests it ignores every event.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from ...cpython.changes import Undo, install_once

__all__ = ["Listener", "Listeners", "audit"]

Listener = Callable[[tuple[Any, ...], FrameType], None]
"""Called with the arguments of an event and the frame in which it occurred."""


class Listeners:
    """The listeners by event, and whether they are active at the moment."""

    def __init__(self) -> None:
        self._all: dict[str, Listener] = {}
        self._active: dict[str, Listener] = {}
        self._open = 0

    def add(self, event: str, listener: Listener) -> None:
        """Has `listener` called at each such event, from now on and for good, while a test asks for it.

        It must not raise: that would make the audited operation fail.
        """
        self._all[event] = listener

    def enter(self) -> None:
        """Called when a test begins that asks for the listeners."""
        self._open += 1
        self._active.update(self._all)
        install_once("sys.addaudithook", self._install)

    def _install(self) -> Undo:
        active = self._active
        sys.addaudithook(_hook_of(active))

        def undo() -> None:  # as far as possible: the hook stays, and ignores every event
            self._active = {}
            active.clear()

        return undo

    def leave(self) -> None:
        """Called when such a test has ended. After the last, no event is passed on."""
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
"""The listeners of this process."""
