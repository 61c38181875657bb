"""The kind of the descriptors that a loop watches, and where their other ends are."""

from __future__ import annotations

import errno
import ipaddress
import stat
import sys
from collections.abc import Collection, Iterable

from ...cpython.originals import os, socket

__all__ = ["has_unsent", "only_listens", "stays_within"]


def only_listens(descriptor: int) -> bool:
    """Whether this is a listening socket: only a client wakes it, which shows in other ways."""
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return False
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            return bool(copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # closed while the loop still watches it
        return False


def stays_within(descriptors: Collection[int]) -> bool:
    """Whether all of them are sockets connected with each other, or within this process or host.

    Datagrams to a socket that is bound to a loopback address arrive at once.
    """
    ends = [each for each in map(_ends, descriptors) if each[1] is not _NOBODY]
    names = {own for own, _ in ends}
    return all(peer is not None and (peer in names or peer in (os.getpid(), _LOOPBACK)) for _, peer in ends)


def has_unsent(descriptors: Iterable[int]) -> bool:
    """Whether sent data may not have arrived at the other end yet; True if that is not known.

    See SIOCOUTQ in tcp(7): the data that the other end's system has not acknowledged.
    """
    return any(map(_has_unsent, descriptors))


def _has_unsent(descriptor: int) -> bool:
    if sys.platform != "linux":  # pragma: no cover  # the number is Linux's
        return True
    import fcntl  # Windows has none

    try:
        return any(fcntl.ioctl(descriptor, _SIOCOUTQ, bytes(4)))
    except OSError as error:
        return error.errno != errno.EINVAL  # EINVAL: a listening socket


_SIOCOUTQ = 0x5411
_LOOPBACK, _NOBODY = "loopback", "nobody"


def _ends(descriptor: int) -> tuple[object, object]:
    """The addresses of a socket and of its peer.

    Instead of the peer's address: its process for a Unix socket, _LOOPBACK for a datagram socket on a
    loopback address, _NOBODY for a listening socket.
    """
    try:
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            if copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return None, _NOBODY
            if copy.family == getattr(socket, "AF_UNIX", None):
                credentials = copy.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                return None, int.from_bytes(credentials[:4], sys.byteorder)
            own = copy.getsockname()
            if copy.type == socket.SOCK_DGRAM and ipaddress.ip_address(own[0]).is_loopback:
                return own, _LOOPBACK
            return own, copy.getpeername()
    except (OSError, AttributeError):  # a pipe, not connected, closed; no SO_PEERCRED
        return None, None
