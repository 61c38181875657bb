"""The runner of a loop that the suite runs itself."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from ..cpython.originals import asyncio
from .quiescence import is_quiet

__all__ = ["ForeignRunner"]


class ForeignRunner:
    """Stands in for the Runner where a suite drives its loop itself, with what is possible there."""

    is_of_test = True
    main_task: asyncio.Task[Any] | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.references: dict[int, int] = {}

    def run(self, coro: Coroutine[Any, Any, Any], *, insist: bool = False) -> Any:
        """As Runner's, but without its handling of Ctrl-C."""
        return self._loop.run_until_complete(coro)

    def is_idle(self) -> bool:
        """Whether the loop, turned now, would do nothing."""
        return is_quiet(self._loop)

    def cancel(self) -> None:
        """Does nothing, as the task is not known here; `give_up` is called next."""

    def give_up(self) -> None:
        """Stops the loop, which makes `run_until_complete` raise RuntimeError."""
        self._loop.stop()
