"""Whether the test observes what Python reports by itself: errors in the log, and warnings.

A problem that a test has observed is no leak: it was provoked on purpose.
"""

from __future__ import annotations

import io
import logging
import sys

from ...cpython import interpreter
from ...cpython.originals import asyncio

__all__ = ["Attention"]


class Attention:
    """Records, when created, which listeners exist; a listener that is added later is the test's."""

    def __init__(self) -> None:
        self._listeners = _log_listeners()
        self._error_method = interpreter.ASYNCIO_LOGGER.error
        self._sink = interpreter.warnings_sink()
        self._unraisable_hook = sys.unraisablehook

    def sees_errors(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether the user sees the loop's errors: by a handler of theirs, `assertLogs` or a patch."""
        if loop.get_exception_handler() is not None or interpreter.asyncio_logger_is_replaced():
            return True
        logger = interpreter.ASYNCIO_LOGGER
        if logger.error != self._error_method:
            return True
        return logger.isEnabledFor(logging.ERROR) and not _log_listeners() <= self._listeners

    def sees_warnings(self, category: type[Warning]) -> bool:
        """Whether the test sees what finalizers warn of: it records warnings, or has a hook for errors.

        What a finalizer raises is passed to `sys.unraisablehook`, as is a warning that is an error.
        """
        if interpreter.warnings_sink() != self._sink:
            return True
        return sys.unraisablehook is not self._unraisable_hook and _may_be_error(category)


def _may_be_error(category: type[Warning]) -> bool:
    """Whether the filters make an error of warnings of a category, or of those with some text or place."""
    for action, message, filtered, module, line in interpreter.warning_filters():
        if issubclass(category, filtered):
            if action == "error":
                return True
            if message is None and module is None and not line:
                break
    return False


def _log_listeners() -> set[int]:
    """The handlers that get the asyncio logger's errors, except those that only write them somewhere."""
    found: set[int] = set()
    logger: logging.Logger | None = interpreter.ASYNCIO_LOGGER
    while logger is not None:
        for handler in logger.handlers:
            if handler.level <= logging.ERROR and not _only_writes(handler):
                found.add(id(handler))
        logger = logger.parent if logger.propagate else None
    return found


def _only_writes(handler: logging.Handler) -> bool:
    """Whether this is an ordinary handler, on anything but a buffer that the test can read."""
    if type(handler) is logging.StreamHandler:
        return not isinstance(handler.stream, io.StringIO) or handler.stream in (sys.stdout, sys.stderr)
    return type(handler) is logging.FileHandler
