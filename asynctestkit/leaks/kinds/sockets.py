"""Sockets that were left open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...cpython.originals import asyncio, gc, os, socket
from ...stacks.places import resolve
from ..census.origins import is_of_the_library, origins
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["SocketLeaks"]


class SocketLeaks(LeakDetector):
    """Sockets that the test has made and not closed, held or dropped, TLS ones among them."""

    kind = "socket"
    types = (socket.socket,)
    may_outlive_tests = True

    def examine(self, obj: socket.socket) -> Leak | None:
        origin = origins.of(obj)
        if (
            origin is None
            or socket.socket.fileno(obj) == -1
            or origin.is_of_a_module
            or is_of_the_library(origin)
            or _has_an_owner(obj)
        ):
            return None
        return Leak(
            kind=self.kind,
            name=f"{_protocol(obj)} {_address(obj, 'getsockname')}",
            description=f"still open, {_state(obj)}",
            phase=origin.site[0],
            created_at=resolve(origin.site),
            remedy="close it: sock.close(), or with socket.socket(…) as sock: …",
        )

    def release(self, obj: socket.socket) -> None:
        """Closes it, whatever else refers to it: a file of `makefile()` would keep it open."""
        socket.close(socket.socket.detach(obj))


def _has_an_owner(sock: socket.socket) -> bool:
    """Exempt: what was handed to a transport, a server or a loop; that is the leak, if it is open."""
    return any(isinstance(owner, _OWNERS) for owner in _owners(sock, 3))


_OWNERS = (asyncio.BaseTransport, asyncio.AbstractServer, asyncio.AbstractEventLoop)


def _owners(held: object, depth: int) -> Iterator[Any]:
    """Who refers to it, if through its attributes, or a list or tuple among them."""
    for owner in gc.get_referrers(held):
        if not isinstance(owner, dict | list | tuple):
            yield owner
        elif depth:
            yield from _owners(owner, depth - 1)


def _protocol(sock: socket.socket) -> str:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        return {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}.get(sock.type, "ip")
    return getattr(sock.family, "name", "AF").removeprefix("AF_").lower()


def _state(sock: socket.socket) -> str:
    peer = _address(sock, "getpeername")
    if peer:
        return f"connected to {peer}"
    try:
        listens = socket.socket.getsockopt(sock, socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:  # not on every platform, nor for every kind of socket
        listens = 0
    return "listening" if listens else "not connected"


def _address(sock: socket.socket, end: str) -> str:
    try:
        address = getattr(socket.socket, end)(sock)  # a subclass may answer otherwise, or not at all
    except OSError:  # it has none, for one
        return ""
    if isinstance(address, tuple) and len(address) >= 2:
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
    return os.fsdecode(address) if isinstance(address, str | bytes) and address else "unnamed"
