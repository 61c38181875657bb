"""Errors in callbacks, protocols and transports that ended in the loop's log."""

from __future__ import annotations

from .detector import LeakDetector
from .exceptions import one_line, raised_at
from .leak import Leak
from .loop_error import LoopError

__all__ = ["CallbackLeaks"]


class CallbackLeaks(LeakDetector):
    """Errors that reached the loop's default exception handler, and that nobody looked at."""

    kind = "callback"
    types = (LoopError,)

    def examine(self, obj: LoopError) -> Leak | None:
        if obj.future is not None or _is_told_in_debug_mode_only(obj):
            return None
        error = obj.exception
        places = raised_at(error) if error is not None else ()
        return Leak(
            kind=self.kind,
            name=obj.message,
            description=one_line(error) if error is not None else "reported to the loop's exception handler",
            waiting_at=places,
            remedy=(
                "catch it in the callback; a test that provokes it on purpose uses self.assertLogs('asyncio')"
            ),
        )


def _is_told_in_debug_mode_only(error: LoopError) -> bool:
    """Exempt: a client whose connection failed while it was made, which a server mentions in debug mode only.

    `_accept_connection2` in Lib/asyncio/selector_events.py; otherwise nobody hears of it.
    """
    return error.message == "Error on transport creation for incoming connection"
