"""Coroutines that are sent to a loop, from its own thread or another: where that was done."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import CoroutineType, FrameType
from typing import Any

from ..cpython.threadsafe_internals import awaitable_to_run
from ..stacks.places import CreationSite, capture_in_task

__all__ = ["SentCoroutines"]


class SentCoroutines:
    """Where coroutines were given to `run_coroutine_threadsafe`, or to `call_soon_threadsafe` as an argument.

    Their tasks are created later, by a callback with no line of the user's on its stack.
    """

    def __init__(self) -> None:
        self._sites: weakref.WeakKeyDictionary[CoroutineType[Any, Any, Any], CreationSite] | None = None

    def note(
        self, callback: Callable[..., object], args: tuple[Any, ...], frame: FrameType, phase: str
    ) -> None:
        """Records that `frame` sends the callback with its arguments; most have no coroutine."""
        for sent in args or (awaitable_to_run(callback),):
            if isinstance(sent, CoroutineType):
                if self._sites is None:  # most tests send none
                    self._sites = weakref.WeakKeyDictionary()
                self._sites[sent] = capture_in_task(frame, phase)

    def take_site(self, coroutine: object) -> CreationSite | None:
        """Where the coroutine of a new task was sent, if it was."""
        if self._sites and isinstance(coroutine, CoroutineType):
            return self._sites.pop(coroutine, None)
        return None
