"""The standard selector loop, with a self-pipe that costs little if it is not needed."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from ..cpython.originals import asyncio, os

__all__ = ["LeanSelectorEventLoop"]

_Standard: Any = asyncio.SelectorEventLoop

_PATIENCE = 0.2
"""Seconds that another thread gets to register the pipe, which takes microseconds."""


class _End:
    """One end of a pipe, with the methods of a socket that a loop uses."""

    _is_closed = False

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def recv(self, most: int) -> bytes:
        return os.read(self._descriptor, most)

    def send(self, data: bytes) -> int:
        return os.write(self._descriptor, data)

    def close(self) -> None:
        # Once: a loop whose closing was interrupted is closed again; the number may be reused by then.
        if not self._is_closed:
            self._is_closed = True
            os.close(self._descriptor)


def _pipe_that_never_blocks() -> tuple[int, int]:
    if hasattr(os, "pipe2"):  # one call in the place of five
        return os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    ends = os.pipe()
    for each in ends:
        os.set_blocking(each, False)
    return ends


class LeanSelectorEventLoop(_Standard):  # type: ignore[misc]  # typeshed shows nothing of what is private
    """Has a pipe instead of the standard loop's pair of sockets, by which other threads and signals wake it.

    The pipe is there from the beginning, so that no descriptor appears in the middle of a test, but it is
    watched only when the loop has to be woken. Creating, watching and closing two sockets takes longer than
    the rest of a loop's life in a short test.
    """

    _ssock: Any
    _csock: Any

    def _make_self_pipe(self) -> None:
        reading, writing = _pipe_that_never_blocks()
        self._ssock, self._csock = _End(reading), _End(writing)
        self._internal_fds += 1
        self._is_self_pipe_watched = False
        self._watching_self_pipe = Lock()

    def _write_to_self(self) -> None:
        if self._is_self_pipe_watched or self._watch_self_pipe():
            super()._write_to_self()

    def _watch_self_pipe(self) -> bool:
        """Has the selector watch the pipe, if it does not yet; called in any thread, and by signal handlers.

        Returns False if another call is about to do that: that call writes to the pipe, and once is enough. A
        selector that waits notices a descriptor that is registered meanwhile.
        """
        if not self._watching_self_pipe.acquire(blocking=False):
            return False
        try:
            if not self._is_self_pipe_watched:
                self._add_reader(self._ssock.fileno(), self._read_from_self)
                self._is_self_pipe_watched = True
        finally:
            self._watching_self_pipe.release()
        return True

    def _close_self_pipe(self) -> None:
        # Never released: a late thread must not watch the pipe any more. With a timeout: if the process ends,
        # or an interrupt comes at the wrong moment, a thread may hold the lock for ever.
        self._watching_self_pipe.acquire(timeout=_PATIENCE)
        if self._is_self_pipe_watched:
            self._remove_reader(self._ssock.fileno())
        self._ssock.close()
        self._csock.close()
        self._ssock = self._csock = None
        self._internal_fds -= 1

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:
        """As the standard loop's, which gives the self-pipe to `signal.set_wakeup_fd`."""
        self._watch_self_pipe()
        super().add_signal_handler(sig, callback, *args)
