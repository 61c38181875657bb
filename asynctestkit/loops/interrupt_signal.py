"""The handler of Ctrl-C while a loop runs, which is set and taken back."""

from __future__ import annotations

from collections.abc import Callable

from ..cpython import interpreter
from ..cpython.originals import signal, threading

__all__ = ["Handler", "return_sigint", "take_sigint"]

Handler = Callable[..., None]


def take_sigint(handler: Handler) -> Handler | None:
    """Sets the handler of SIGINT and returns it; None outside the main thread, or if another was set."""
    if (
        threading.current_thread() is not threading.main_thread()
        or interpreter.signal_handler(signal.SIGINT) is not signal.default_int_handler
    ):
        return None
    interpreter.set_signal_handler(signal.SIGINT, handler)
    return handler


def return_sigint(handler: Handler | None) -> None:
    """Undoes `take_sigint`, which returned this, unless the handler has been replaced meanwhile."""
    if handler is not None and interpreter.signal_handler(signal.SIGINT) is handler:
        interpreter.set_signal_handler(signal.SIGINT, signal.default_int_handler)
