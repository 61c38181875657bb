"""The private names of transports and servers.

The rules are those of `task_internals.py`. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import functools
from asyncio import base_subprocess, sslproto
from collections.abc import Callable
from typing import Any

from .changes import Undo, all_of, install_once, replace
from .loop_internals import watches
from .originals import asyncio
from .task_internals import Loop

__all__ = [
    "TRANSPORTS",
    "Transport",
    "carried_by",
    "carrier_of",
    "carries_tls",
    "connections_of",
    "holds_resource",
    "hook_unclosed_transports",
    "is_open",
    "is_watched",
    "protocol_above",
    "server_of",
    "serves_subprocess",
    "silence",
]
Transport = asyncio.BaseTransport
_TLS: type[Any] = sslproto._SSLProtocolTransport
_SELECTOR: type[Any] = asyncio.selector_events._SelectorTransport  # type: ignore[attr-defined]  # not in typeshed
_UNIX = getattr(asyncio, "unix_events", None)
_PIPES: tuple[type[Any], ...] = (
    () if _UNIX is None else (_UNIX._UnixReadPipeTransport, _UNIX._UnixWritePipeTransport)
)

TRANSPORTS: tuple[type[Any], ...] = (_SELECTOR, _TLS, *_PIPES)
"""The transports of the selector loop; the proactor's and other libraries' are not judged."""


def is_open(transport: Any) -> bool:
    """Whether a transport is neither closed nor closing.

    `_closing` and `_sock` or `_pipe`, Lib/asyncio/selector_events.py and unix_events.py; for TLS `_closed`,
    Lib/asyncio/sslproto.py, and whether its carrier is open: `_closed` alone stays False on 3.10 when the
    peer has closed.
    """
    if isinstance(transport, _TLS):
        carrier = carrier_of(transport)
        return not transport._closed and carrier is not None and is_open(carrier)
    return holds_resource(transport) and not getattr(transport, "_closing", True)


def holds_resource(transport: Any) -> bool:
    """Whether the socket or pipe is still there: `_sock`, Lib/asyncio/selector_events.py, or `_pipe`.

    A transport that is closing has it until everything is written.
    """
    return getattr(transport, "_sock", None) is not None or getattr(transport, "_pipe", None) is not None


def carrier_of(transport: Any) -> Any:
    """What a TLS transport writes to, None when that is gone: `_ssl_protocol`, Lib/asyncio/sslproto.py.

    Any other transport is its own carrier.
    """
    if not isinstance(transport, _TLS):
        return transport
    return getattr(transport._ssl_protocol, "_transport", None)


def carried_by(transport: Any) -> Any:
    """The TLS transport that runs on top of this one, or None: `_app_transport`, Lib/asyncio/sslproto.py."""
    protocol = getattr(transport, "_protocol", None)
    return getattr(protocol, "_app_transport", None) if carries_tls(transport) else None


def carries_tls(transport: Any) -> bool:
    """Whether TLS runs on top of this transport: `_protocol`, Lib/asyncio/selector_events.py."""
    is_tls = isinstance(transport, _TLS)
    protocol = transport.get_protocol() if is_tls else getattr(transport, "_protocol", None)
    return isinstance(protocol, sslproto.SSLProtocol)


def protocol_above(protocol: Any) -> Any:
    """The protocol that TLS serves: `_app_protocol`, Lib/asyncio/sslproto.py; any other protocol as it is."""
    is_tls = isinstance(protocol, sslproto.SSLProtocol)
    return protocol._app_protocol if is_tls else protocol


def serves_subprocess(transport: Any) -> bool:
    """Whether this is a pipe of a child process: its protocol is of Lib/asyncio/base_subprocess.py.

    A ReadSubprocessPipeProto is a WriteSubprocessPipeProto.
    """
    protocol = getattr(transport, "_protocol", None)
    return isinstance(protocol, base_subprocess.WriteSubprocessPipeProto)


def server_of(transport: Any) -> asyncio.Server | None:
    """The server that accepted a connection: `_server`, Lib/asyncio/selector_events.py."""
    while isinstance(transport, _TLS):
        transport = carrier_of(transport)
    return getattr(transport, "_server", None)


def connections_of(loop: Loop) -> list[Any]:
    """The open socket transports of a loop: `_transports`, Lib/asyncio/selector_events.py."""
    transports = getattr(loop, "_transports", None)
    return [each for each in transports.values() if is_open(each)] if transports else []


def is_watched(transport: Any) -> bool:
    """Whether the loop reads from a transport, and so notices when the peer closes.

    `_paused` and the registration in the selector, Lib/asyncio/selector_events.py: after an end of file, if
    the protocol keeps the transport open, there is none.
    """
    loop, fd = transport._loop, getattr(transport, "_sock_fd", None)
    return loop is not None and fd is not None and bool(watches(loop, fd))


class _SilencedWarnings:
    """Stands in for `warnings.warn`, or for the module `warnings`."""

    def __call__(self, *_: object, **__: object) -> None: ...

    warn = __call__


_WRITERS_WITH_FINALIZER: tuple[type[Any], ...] = tuple(
    writer for writer in (asyncio.StreamWriter,) if hasattr(writer, "__del__")
)
_unclosed_hooks: list[Callable[[Any], bool]] = []
_SPARED = "_asynctestkit_spared"


def hook_unclosed_transports(hook: Callable[[Any], bool]) -> Callable[[], None]:
    """Calls `hook` with each transport that is dropped open; returns the undo function.

    If the hook returns True, Python's own ResourceWarning is left out. Transports are finalized by `__del__`,
    Lib/asyncio/selector_events.py, unix_events.py and sslproto.py; from 3.11.5 also by that of their
    StreamWriter, Lib/asyncio/streams.py, which closes them. Those methods are wrapped once, for good:
    wrapping them for each test would cost a tenth of a test.
    """
    install_once("asyncio: __del__ of the transports", _wrap_finalizers)
    _unclosed_hooks.append(hook)
    return functools.partial(_unclosed_hooks.remove, hook)


def silence(transport: Any) -> None:
    """Suppresses the ResourceWarning of a transport: see `__del__`, Lib/asyncio/selector_events.py."""
    setattr(transport, _SPARED, True)


def _wrap_finalizers() -> Undo:
    undos = [replace(owner, "__del__", _wrapped_finalizer(owner.__del__)) for owner in TRANSPORTS]
    undos += [
        replace(writer, "__del__", _wrapped_writer_finalizer(writer.__del__))
        for writer in _WRITERS_WITH_FINALIZER
    ]
    return all_of(undos)


def _wrapped_finalizer(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __del__(self: Any, *args: Any) -> None:
        original(self, *((_SilencedWarnings(),) if _is_reported(self) else args))

    return __del__


def _wrapped_writer_finalizer(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __del__(self: Any, *args: Any) -> None:
        transport = getattr(self, "_transport", None)
        if not (isinstance(transport, TRANSPORTS) and _is_reported(transport)):
            original(self, *args)
        elif not self._loop.is_closed():
            self.close()  # as the original does

    return __del__


def _is_reported(transport: Any) -> bool:
    if hasattr(transport, _SPARED):
        return True
    return is_open(transport) and any(hook(transport) for hook in reversed(_unclosed_hooks))
