"""The standard selector loop, without the two sockets that most tests never need."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from ..cpython.originals import asyncio

__all__ = ["LeanSelectorEventLoop"]

_Standard: Any = asyncio.SelectorEventLoop


class LeanSelectorEventLoop(_Standard):  # type: ignore[misc]  # typeshed shows nothing of what is private
    """Makes its self-pipe, by which other threads and signals wake it, when somebody has to be woken.

    To make it with the loop, and to close it, takes longer than the rest of a loop's life in a short test.
    """

    def _make_self_pipe(self) -> None:
        self._ssock = self._csock = None
        self._making_self_pipe = Lock()

    def _write_to_self(self) -> None:
        if self._csock is not None or self._has_self_pipe():
            super()._write_to_self()

    def _has_self_pipe(self) -> bool:
        """Makes it, if there is none; called in any thread, and by signal handlers.

        False if somebody else is about to make it: that one writes to it afterwards, and once is enough. A
        selector that waits takes notice of a descriptor that is registered meanwhile.
        """
        if not self._making_self_pipe.acquire(blocking=False):
            return False
        try:
            if self._csock is None:
                super()._make_self_pipe()
        finally:
            self._making_self_pipe.release()
        return True

    def _close_self_pipe(self) -> None:
        self._making_self_pipe.acquire()  # for good: a thread that is late makes none
        if self._csock is not None:
            super()._close_self_pipe()

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:
        """As the standard loop's, which gives the self-pipe to `signal.set_wakeup_fd`."""
        self._has_self_pipe()
        super().add_signal_handler(sig, callback, *args)
