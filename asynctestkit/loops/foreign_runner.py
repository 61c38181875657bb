"""What is known of a loop that somebody else runs."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from ..cpython.originals import asyncio
from .shutdown import CutOff

__all__ = ["ForeignRunner"]


class ForeignRunner:
    """Stands in for the Runner where a suite drives its loop itself: less is known, so less is claimed."""

    is_of_test = True
    main_task: asyncio.Task[Any] | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, coro: Coroutine[Any, Any, Any], *, insist: bool = False) -> Any:
        """As Runner's; nothing is known of Ctrl-C here."""
        return self._loop.run_until_complete(coro)

    def cancel(self) -> None:
        """No task is known here; giving up comes next."""

    def give_up(self) -> None:
        """Stops the loop, which makes whoever runs it raise RuntimeError."""
        self._loop.stop()

    def shut_down(self, seconds: float) -> list[CutOff]:
        """The suite's own business."""
        return []
