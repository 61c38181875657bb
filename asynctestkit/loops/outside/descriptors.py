"""What the descriptors that a loop watches are, and how far away the other end is."""

from __future__ import annotations

import ipaddress
import stat
import sys
from collections.abc import Collection

from ...cpython.originals import os, socket

__all__ = ["only_listens", "stays_within"]


def only_listens(descriptor: int) -> bool:
    """Whether it is a listening socket: it wakes for a client, itself a descriptor, thread or child."""
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return False
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            return bool(copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # closed while the loop still watches it
        return False


def stays_within(descriptors: Collection[int]) -> bool:
    """Whether all of them are sockets connected with each other, or within this process or host.

    What is sent to a socket for datagrams that is bound to a loopback address is there at once.
    """
    ends = [_ends(descriptor) for descriptor in descriptors if not only_listens(descriptor)]
    names = {own for own, _ in ends}
    return all(peer is not None and (peer in names or peer in (os.getpid(), _LOOPBACK)) for _, peer in ends)


_LOOPBACK = "loopback"


def _ends(descriptor: int) -> tuple[object, object]:
    """The names of a socket and of what it is connected to.

    For a Unix socket, the peer's process; for one for datagrams from whoever sends some, _LOOPBACK.
    """
    try:
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            if copy.family == getattr(socket, "AF_UNIX", None):
                credentials = copy.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                return None, int.from_bytes(credentials[:4], sys.byteorder)
            own = copy.getsockname()
            if copy.type == socket.SOCK_DGRAM and ipaddress.ip_address(own[0]).is_loopback:
                return own, _LOOPBACK
            return own, copy.getpeername()
    except (OSError, AttributeError):  # a pipe, not connected, closed; no SO_PEERCRED
        return None, None
