"""Leaked transports: connections, datagram endpoints and pipes."""

from __future__ import annotations

from typing import Any

from ...cpython import task_internals, transport_internals
from ...cpython.originals import asyncio, socket
from ...stacks.places import CreationSite, creation_site, resolve
from ..addresses import address
from ..census.connection_index import ends_of, index_of
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["TransportLeaks", "name_of_transport", "other_ends"]


class TransportLeaks(LeakDetector):
    """Transports of the test's loop that are open, still referenced or dropped; a closing one is no leak."""

    kind = "transport"
    types = transport_internals.TRANSPORTS
    dies_with_loop = True

    def examine(self, obj: Any) -> Leak | None:
        if (
            not transport_internals.is_open(obj)
            or _is_of_a_subprocess(obj)
            or _is_below_tls(obj)
            or _is_of_an_open_server(obj)
            or _is_the_accepted_end(obj)
        ):
            return None
        server = transport_internals.server_of(obj)
        site = _site_of(obj)
        return Leak(
            kind=self.kind,
            name=name_of_transport(obj),
            description=f"{_what(obj)} still open, with protocol {type(obj.get_protocol()).__qualname__}"
            + ("" if server is None else "; its server, created there, is closed, which leaves it open"),
            phase=site[0] if site is not None else "",
            created_at=resolve(site) if site is not None else (),
            remedy=_remedy(obj, server),
        )

    def release(self, obj: Any) -> None:
        """Aborts it and the accepted end of the same connection, without waiting for anything to be sent."""
        others = (transport_internals.carried_by(other) or other for other in other_ends(obj))
        for each in (obj, *others):
            loop = task_internals.loop_of(each)
            if loop is None or loop.is_closed():
                transport_internals.silence(each)
            elif isinstance(each, asyncio.WriteTransport):
                each.abort()
            else:
                each.close()

    def is_ending(self, obj: Any) -> bool:
        """While it has data to send, or ends TLS; and once the peer has closed, if that closes it as well."""
        if not transport_internals.is_open(obj):
            return transport_internals.holds_resource(obj)
        carried = transport_internals.carried_by(obj)
        if carried is not None and not transport_internals.is_open(carried):
            return True
        if transport_internals.server_of(obj) is None or _is_of_an_open_server(obj):
            return False
        return not other_ends(obj) and transport_internals.is_watched(obj)


def _is_of_a_subprocess(transport: Any) -> bool:
    """Exempt: the pipes of a child process are reported, and closed, with it."""
    return transport_internals.serves_subprocess(transport)


def _is_below_tls(transport: Any) -> bool:
    """Exempt: the carrier of a TLS transport is reported with that transport, which the user holds."""
    return transport_internals.carries_tls(transport)


def _is_of_an_open_server(transport: Any) -> bool:
    """Exempt: a server that was not closed is reported itself; its connections end with it.

    A properly closed server leaves the connections that it has accepted open: those are leaks of their own.
    """
    server = transport_internals.server_of(transport)
    return server is not None and bool(server.sockets)


def _is_the_accepted_end(transport: Any) -> bool:
    """Exempt: an accepted end has no reason to close while the end that the test has opened is open."""
    return transport_internals.server_of(transport) is not None and bool(other_ends(transport))


def other_ends(transport: Any) -> list[Any]:
    """The open transports of the same loop at the other end of the connection.

    Unix sockets that have connected to one path cannot be told apart: any of them may be the other end.
    """
    carrier, ends = transport_internals.carrier_of(transport), ends_of(transport)
    loop = task_internals.loop_of(transport)
    if ends[1] is None or loop is None:
        return []
    return [each for each in index_of(loop).between(ends[::-1]) if each is not carrier]


def _site_of(transport: Any) -> CreationSite | None:
    """The creation site of a transport; an accepted connection's includes that of its server."""
    site = creation_site(transport) or creation_site(transport_internals.carrier_of(transport))
    server = creation_site(transport_internals.server_of(transport))
    return site + server[1:] if site is not None and server is not None else site


def name_of_transport(transport: Any) -> str:
    """The addresses of both ends, with an arrow from the one that connected; the descriptor of a pipe."""
    pipe = transport.get_extra_info("pipe")
    if pipe is not None:
        return f"fd {pipe.fileno()}"
    local, peer = map(address, ends_of(transport))
    arrow = "->" if transport_internals.server_of(transport) is None else "<-"
    connected = ends_of(transport)[1] is not None and (local or peer)
    return (f"{local} {arrow} {peer}".strip() if connected else local) or (
        f"fd {transport.get_extra_info('socket').fileno()}"
    )


def _what(transport: Any) -> str:
    if transport.get_extra_info("pipe") is not None:
        return "pipe for writing" if isinstance(transport, asyncio.WriteTransport) else "pipe for reading"
    if transport.get_extra_info("socket").type == socket.SOCK_DGRAM:
        return "datagram endpoint"
    secure = "TLS " if transport_internals.carrier_of(transport) is not transport else ""
    accepted = "" if transport_internals.server_of(transport) is None else "accepted "
    return f"{accepted}{secure}connection"


def _remedy(transport: Any, server: asyncio.Server | None) -> str:
    is_stream = isinstance(transport.get_protocol(), asyncio.StreamReaderProtocol)
    if transport.get_extra_info("pipe") is not None or not is_stream:
        close = "transport.close()"
    else:
        close = "writer.close(); await writer.wait_closed()"
    if server is None:
        return close
    where = "the handler" if is_stream else "the protocol"
    return f"{close} in {where}, whatever ends it; or server.close_clients() (3.13+)"
