"""The connection that a task handles for a server."""

from __future__ import annotations

import inspect
from typing import Any

from ...cpython import task_internals, transport_internals
from ...cpython.originals import asyncio
from ..census.connection_index import index_of
from ..kinds.transports import other_ends

__all__ = ["connection_handled_by"]


def connection_handled_by(task: asyncio.Task[Any]) -> Any:
    """The end, opened by the test itself, of the connection whose accepted end this task handles.

    Or the server that has accepted it, if that is open and the other end is not the test's. None for a task
    that handles no connection. Such a task is recognized by its arguments: the streams that a server gives to
    its handler, or the protocol whose method it is.
    """
    index = index_of(task.get_loop())
    if not index.has_accepted():
        return None
    for each in _arguments(task_internals.coroutine_of(task)):
        accepted = index.accepted_as(each.transport if isinstance(each, asyncio.StreamWriter) else each)
        if accepted is not None:
            server = transport_internals.server_of(accepted)
            top = transport_internals.carried_by(accepted) or accepted
            opened = [end for end in other_ends(top) if transport_internals.server_of(end) is None]
            return opened[0] if opened else (server if server is not None and server.sockets else None)
    return None


def _arguments(coroutine: object) -> list[object]:
    """The arguments of a coroutine that is suspended, as they are now."""
    if not inspect.iscoroutine(coroutine) or coroutine.cr_frame is None:
        return []
    code, variables = coroutine.cr_code, coroutine.cr_frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    return [variables[name] for name in code.co_varnames[:count] if name in variables]
