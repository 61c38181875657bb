"""Errors in callbacks, protocols and transports that ended in the loop's log."""

from __future__ import annotations

from ...cpython import transport_internals
from ...cpython.originals import asyncio
from ...stacks.handles import is_written_in_asyncio
from ..census.loop_error import LoopError
from ..detector import LeakDetector
from ..leak import Leak
from .exceptions import one_line, raised_at

__all__ = ["CallbackLeaks"]


class CallbackLeaks(LeakDetector):
    """Errors that reached the loop's default exception handler, and that the test does not observe."""

    kind = "callback"
    types = (LoopError,)

    def examine(self, obj: LoopError) -> Leak | None:
        if obj.future is not None or any(is_exempt(obj) for is_exempt in _EXEMPTIONS):
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


def _is_passed_to_connection_lost(error: LoopError) -> bool:
    """Exempt: an error that the protocol gets by `connection_lost(exc)` as well, if it overrides that.

    `_fatal_error` in Lib/asyncio/selector_events.py, unix_events.py and sslproto.py. A protocol that fails in
    `pause_writing` or `resume_writing` gets no such call.
    """
    protocol = error.context.get("protocol")
    if error.exception is None or protocol is None or error.message.endswith("_writing() failed"):
        return False
    owner = transport_internals.protocol_above(protocol)
    return type(owner).connection_lost is not asyncio.BaseProtocol.connection_lost


def _is_asyncios_own_fault(error: LoopError) -> bool:
    """Exempt: an error that a callback of asyncio's own makes by itself.

    On 3.11.7 and 3.12.1 `StreamReaderProtocol`, Lib/asyncio/streams.py, asks a handler task that was
    cancelled for its exception, which is then the cancellation, with the lines of the handler.
    """
    handle = error.context.get("handle")
    if handle is None or error.exception is None or not is_written_in_asyncio(handle):
        return False
    return isinstance(error.exception, asyncio.CancelledError) or not raised_at(error.exception)


def _is_logged_in_debug_mode_only(error: LoopError) -> bool:
    """Exempt: a client's connection that failed while it was set up, which a server logs in debug mode only.

    `_accept_connection2` in Lib/asyncio/selector_events.py; without debug mode it is not reported at all.
    """
    return error.message == "Error on transport creation for incoming connection"


def _is_of_a_generator(error: LoopError) -> bool:
    """Exempt: a generator whose clean-up failed, which is a leak of its own kind."""
    return "asyncgen" in error.context


_EXEMPTIONS = (
    _is_passed_to_connection_lost,
    _is_asyncios_own_fault,
    _is_logged_in_debug_mode_only,
    _is_of_a_generator,
)
