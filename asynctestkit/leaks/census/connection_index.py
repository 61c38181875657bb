"""The connections of a loop, indexed: searching all of them for each connection would be quadratic."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ...cpython import transport_internals
from ...cpython.originals import asyncio

__all__ = ["ConnectionIndex", "ends_of", "index_of", "indexing"]


class ConnectionIndex:
    """The connections that are open when the index is created; once closed, they are no longer found."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._by_ends: dict[object, list[Any]] = {}
        self._accepted: dict[int, Any] = {}
        for each in transport_internals.connections_of(loop):
            self._by_ends.setdefault(ends_of(each), []).append(each)
            if transport_internals.server_of(each) is not None:
                top = transport_internals.carried_by(each) or each
                self._accepted.setdefault(id(top), each)
                self._accepted.setdefault(id(top.get_protocol()), each)

    def has_accepted(self) -> bool:
        """Whether a server has accepted any of them."""
        return bool(self._accepted)

    def between(self, ends: tuple[object, object]) -> list[Any]:
        """The open connections with these addresses of their own end and of the other."""
        known = self._by_ends.get(ends, [])
        known[:] = [each for each in known if transport_internals.is_open(each)]  # none is ever reopened
        return list(known)

    def accepted_as(self, part: object) -> Any:
        """The open accepted connection whose top transport, or that one's protocol, is `part`; or None."""
        found = self._accepted.get(id(part))
        return found if found is not None and transport_internals.is_open(found) else None


def ends_of(transport: Any) -> tuple[object, object]:
    """The addresses of a transport's own end and of the other end."""
    return transport.get_extra_info("sockname"), transport.get_extra_info("peername")


@contextlib.contextmanager
def indexing(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Within it one index serves all look-ups, as no connection is opened meanwhile.

    The index holds the connections: meanwhile, their holders must not be searched for.
    """
    _indices[id(loop)] = None
    try:
        yield
    finally:
        del _indices[id(loop)]


def index_of(loop: asyncio.AbstractEventLoop) -> ConnectionIndex:
    """The index that is in use, or a new one."""
    index = _indices.get(id(loop)) or ConnectionIndex(loop)
    if id(loop) in _indices:
        _indices[id(loop)] = index
    return index


_indices: dict[int, ConnectionIndex | None] = {}
"""By the id of a loop, which lives as long as its index is in use; None until the first look-up."""
