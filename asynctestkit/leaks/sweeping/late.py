"""Errors that are found after a test has ended: a warning reports them, and names the test."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from ...cpython.alarms import PhaseInterrupt
from ...exceptions import LeakWarning
from ..allowances import Allowance, apply
from ..census.announcement import Announcement
from ..census.loop_relations import is_related_to_asyncio
from ..kinds.exceptions import one_line, raised_at
from ..kinds.unclosed import leak_of
from ..leak import Leak
from ..listeners import notify_listeners
from ..report import render

__all__ = ["LateErrors", "ignore_late_errors", "thing_in", "warn_of"]

_STANDARD_KEYS = {
    "message",
    "exception",
    "future",
    "task",
    "handle",
    "protocol",
    "transport",
    "socket",
    "asyncgen",
    "source_traceback",
    "handle_traceback",
}
"""The keys that asyncio itself puts into the context of an error."""


class LateErrors:
    """Handles the errors that reach the exception handler of a loop that was closed with its test.

    It refers to neither: both may be destroyed before the objects that the test has left. `reported` has the
    classes, by id, of objects reported already; leaks that `allowances` tolerate are not reported. With
    `is_silent` only listeners get a leak, and no warning is issued.
    """

    def __init__(
        self,
        subject: str,
        source: tuple[str, int],
        reported: Mapping[int, type],
        allowances: Iterable[Allowance],
        *,
        is_silent: bool = False,
    ) -> None:
        self._subject = subject
        self._source = source
        self._reported = reported
        self._allowances = tuple(allowances)
        self._is_silent = is_silent

    def __call__(self, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), PhaseInterrupt):
            return
        thing = thing_in(context)
        leak = _leak_in(context, thing)
        if self._reported.get(id(thing)) is not type(thing) and not apply(self._allowances, leak, set()):
            leaks = notify_listeners(self._subject, (leak,))
            if leaks and not self._is_silent:
                warn_of(render(f"{self._subject}, already over,", leaks), self._source, is_late=True)


def ignore_late_errors(context: dict[str, Any]) -> None:
    """Ignores late errors, for tests whose leaks are ignored."""


def _leak_in(context: dict[str, Any], thing: object) -> Leak:
    error = context.get("exception")
    message = str(context.get("message") or "unhandled exception in event loop")
    if thing is not None and error is None:
        return leak_of(Announcement(message, thing, context.get("source_traceback")))
    return Leak(
        kind="callback",
        name=message,
        description=one_line(error) if error is not None else "reported to a loop that is closed",
        waiting_at=raised_at(error) if error is not None else (),
    )


def thing_in(context: Mapping[str, Any]) -> object:
    """The object that announces itself in an error's context: one related to loops, under a custom key."""
    added = (value for key, value in context.items() if key not in _STANDARD_KEYS)
    return next((value for value in added if is_related_to_asyncio(value)), None)


def warn_of(text: str, source: tuple[str, int], *, is_late: bool) -> None:
    """Issues a LeakWarning for the test that is defined at `source`, a file and a line.

    A late warning must not raise under `-W error`: the test has its outcome, or another one runs.
    """
    warning = LeakWarning(text)
    try:
        warnings.warn_explicit(warning, None, *source)
    except LeakWarning:
        if not is_late:
            raise
        warnings.showwarning(warning, LeakWarning, *source)
