"""Sockets that were left open."""

from __future__ import annotations

from typing import Any

from ...cpython.originals import asyncio, os, socket
from ...stacks.places import resolve
from ..census.holders import owned_by
from ..census.origins import is_of_the_library, origins
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["SocketLeaks"]


class SocketLeaks(LeakDetector):
    """Sockets that the test has created and not closed, held or dropped, TLS sockets included."""

    kind = "socket"
    types = (socket.socket,)
    may_outlive_tests = True

    def __init__(self) -> None:
        self._owned: set[int] = set()

    def prepare(self, objects: list[socket.socket]) -> None:
        """Exempt: a socket that a transport, a server or a loop has; that is the leak, if it is open."""
        own = (each for each in objects if origins.of(each) is not None)
        self._owned = owned_by(_OWNERS, own, depth=3)

    def examine(self, obj: socket.socket) -> Leak | None:
        origin = origins.of(obj)
        if (
            origin is None
            or socket.socket.fileno(obj) == -1
            or origin.is_of_a_module
            or is_of_the_library(origin)
            or id(obj) in self._owned
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
        """Closes the descriptor, whatever else refers to it: a file of `makefile()` would keep it open."""
        socket.close(socket.socket.detach(obj))


_INTERNET_PROTOCOLS: dict[int, str] = {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}
_OWNERS = (asyncio.BaseTransport, asyncio.AbstractServer, asyncio.AbstractEventLoop)


def _protocol(sock: socket.socket) -> str:
    plain: Any = super(socket.socket, sock)  # has numbers; to make members of enums of them takes longer
    if plain.family in (socket.AF_INET, socket.AF_INET6):
        return _INTERNET_PROTOCOLS.get(plain.type, "ip")
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
        address = getattr(socket.socket, end)(sock)  # a subclass may override it
    except OSError:  # it has none
        return ""
    if isinstance(address, tuple) and len(address) >= 2:
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
    return os.fsdecode(address) if isinstance(address, str | bytes) and address else "unnamed"
