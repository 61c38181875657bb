"""Leaked servers."""

from __future__ import annotations

from ...cpython import transport_internals
from ...cpython.originals import asyncio
from ...stacks.places import creation_site, resolve
from ..addresses import address
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["ServerLeaks"]


class ServerLeaks(LeakDetector):
    """Servers of the test's loop that still have their sockets, serving or not, whatever holds them.

    The connections that a server has accepted are reported, and ended, with it.
    """

    kind = "server"
    types = (asyncio.Server,)
    dies_with_loop = True

    def examine(self, obj: asyncio.Server) -> Leak | None:
        if not obj.sockets:
            return None
        site = creation_site(obj)
        return Leak(
            kind=self.kind,
            name=", ".join(address(socket.getsockname()) for socket in obj.sockets),
            description="still serving" if obj.is_serving() else "never started, and its socket is open",
            phase=site[0] if site is not None else "",
            created_at=resolve(site) if site is not None else (),
            remedy="server.close(); await server.wait_closed() (or `async with server:`)",
        )

    def release(self, obj: asyncio.Server) -> None:
        """Closes the server, and aborts its connections."""
        loop = obj.get_loop()
        connections = transport_internals.connections_of(loop)
        accepted = [each for each in connections if transport_internals.server_of(each) is obj]
        obj.close()
        if not loop.is_closed():
            for connection in accepted:
                (transport_internals.carried_by(connection) or connection).abort()
