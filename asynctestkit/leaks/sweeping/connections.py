"""Which tasks belong to a connection that was left open: those in which a server handles it."""

from __future__ import annotations

import inspect
from typing import Any

from ...cpython import loop_internals, task_internals
from ...cpython.originals import asyncio
from ..kinds.transports import other_ends

__all__ = ["connection_handled_by"]


def connection_handled_by(task: asyncio.Task[Any]) -> Any:
    """The end of a connection that the test has opened itself, and for whose other end the task was started.

    Or the server that has accepted it, if that is open and the other end is somebody else's. None for a task
    that handles no connection. It is known by its arguments: the streams that a server gives to its handler,
    or the protocol whose method it is.
    """
    given = _arguments(task_internals.coroutine_of(task))
    loop = task_internals.loop_of(task)
    if not given or loop is None:
        return None
    for accepted in loop_internals.connections_of(loop):
        server = loop_internals.server_of(accepted)
        top = loop_internals.carried_by(accepted) or accepted
        if server is not None and _is_given(top, given):
            opened = [end for end in other_ends(top) if loop_internals.server_of(end) is None]
            return opened[0] if opened else (server if server.sockets else None)
    return None


def _arguments(coroutine: object) -> list[object]:
    """The arguments of a coroutine that is suspended, as they are now."""
    if not inspect.iscoroutine(coroutine) or coroutine.cr_frame is None:
        return []
    code, variables = coroutine.cr_code, coroutine.cr_frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    return [variables[name] for name in code.co_varnames[:count] if name in variables]


def _is_given(transport: Any, given: list[object]) -> bool:
    protocol = transport.get_protocol()
    return any(
        each is transport
        or each is protocol
        or (isinstance(each, asyncio.StreamWriter) and each.transport is transport)
        for each in given
    )
