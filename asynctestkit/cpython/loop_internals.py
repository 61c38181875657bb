"""Every private name of CPython behind what stands on a loop: transports, servers, handles.

The rules are those of `task_internals.py`: one small function each, that names its file and has a canary, in
`tests/cpython/test_loop_internals.py`. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import functools
import heapq
from asyncio import base_subprocess, sslproto
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .changes import Undo, all_of, install_once, replace
from .originals import asyncio

__all__ = [
    "TRANSPORTS",
    "Loop",
    "Transport",
    "Watch",
    "callback_of",
    "carried_by",
    "carrier_of",
    "carries_tls",
    "connections_of",
    "holds_resource",
    "hook_callbacks",
    "hook_unclosed_transports",
    "is_open",
    "is_watched",
    "loop_of_handle",
    "protocol_above",
    "schedule",
    "server_of",
    "serves_subprocess",
    "signal_handles",
    "silence",
    "timers",
    "watches",
]


Loop = asyncio.AbstractEventLoop
Transport = asyncio.BaseTransport
_TLS: type[Any] = sslproto._SSLProtocolTransport
_SELECTOR: type[Any] = asyncio.selector_events._SelectorTransport  # type: ignore[attr-defined]  # not in typeshed
_UNIX = getattr(asyncio, "unix_events", None)
_PIPES: tuple[type[Any], ...] = (
    () if _UNIX is None else (_UNIX._UnixReadPipeTransport, _UNIX._UnixWritePipeTransport)
)

TRANSPORTS: tuple[type[Any], ...] = (_SELECTOR, _TLS, *_PIPES)
"""The transports of the selector loop; the proactor's and other libraries' are none of ours to judge."""


# -- transports ----------------------------------------------------------------------------------------------


def is_open(transport: Any) -> bool:
    """Whether a transport is neither closed nor closing.

    `_closing` and `_sock` or `_pipe`, Lib/asyncio/selector_events.py and unix_events.py; for TLS `_closed`,
    Lib/asyncio/sslproto.py, and whether what carries it is open: `_closed` alone stays False on 3.10 when the
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

    Any other transport carries itself.
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
    """That which TLS serves: `_app_protocol`, Lib/asyncio/sslproto.py; any other serves nobody but itself."""
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
    """Whether the loop listens for more, so that the peer's closing is heard of.

    `_paused` and the registration in the selector, Lib/asyncio/selector_events.py: after an end of file that
    the protocol chose to survive, there is none.
    """
    loop, fd = transport._loop, getattr(transport, "_sock_fd", None)
    return loop is not None and any(watch.fd == fd for watch in watches(loop))


# -- the end of those that nobody closed ---------------------------------------------------------------------


class _Silent:
    """In place of `warnings.warn`, or of the module."""

    def __call__(self, *_: object, **__: object) -> None: ...

    warn = __call__


_DYING_WRITERS: tuple[type[Any], ...] = tuple(
    writer for writer in (asyncio.StreamWriter,) if hasattr(writer, "__del__")
)
_unclosed_hooks: list[Callable[[Any], bool]] = []
_SPARED = "_asynctestkit_spared"


def hook_unclosed_transports(hook: Callable[[Any], bool]) -> Callable[[], None]:
    """Shows `hook` each transport that is dropped open; returns the undoing.

    Where the hook says True, Python's own ResourceWarning is left out. Transports die by `__del__`,
    Lib/asyncio/selector_events.py, unix_events.py and sslproto.py; from 3.11.5 also by that of their
    StreamWriter, Lib/asyncio/streams.py, which closes them. Those methods are wrapped once, for good: to set
    them anew for each test costs as much as a tenth of a test.
    """
    install_once("asyncio: __del__ of the transports", _wrap_finalizers)
    _unclosed_hooks.append(hook)
    return lambda: _unclosed_hooks.remove(hook)


def silence(transport: Any) -> None:
    """Has a transport die without a ResourceWarning: see `__del__`, Lib/asyncio/selector_events.py."""
    setattr(transport, _SPARED, True)


def _wrap_finalizers() -> Undo:
    undos = [replace(owner, "__del__", _telling(owner.__del__)) for owner in TRANSPORTS]
    undos += [replace(writer, "__del__", _telling_writer(writer.__del__)) for writer in _DYING_WRITERS]
    return all_of(undos)


def _telling(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __del__(self: Any, *args: Any) -> None:
        original(self, *((_Silent(),) if _is_told_of(self) else args))

    return __del__


def _telling_writer(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __del__(self: Any, *args: Any) -> None:
        transport = getattr(self, "_transport", None)
        if not (isinstance(transport, TRANSPORTS) and _is_told_of(transport)):
            original(self, *args)
        elif not self._loop.is_closed():
            self.close()  # as the original does

    return __del__


def _is_told_of(transport: Any) -> bool:
    if hasattr(transport, _SPARED):
        return True
    return is_open(transport) and any(hook(transport) for hook in reversed(_unclosed_hooks))


# -- handles -------------------------------------------------------------------------------------------------


class Watch(NamedTuple):
    """A handle that the loop calls when a descriptor is ready."""

    fd: int
    is_writer: bool
    handle: asyncio.Handle


def watches(loop: Loop) -> list[Watch]:
    """What `add_reader` and `add_writer` have registered, and asyncio itself: Lib/asyncio/selector_events.py.

    The data of a key in `_selector` is the handle for reading, and that for writing.
    """
    selector = getattr(loop, "_selector", None)
    watched = {} if selector is None else selector.get_map() or {}
    keys = [watched[fd] for fd in tuple(watched)]  # at once: another thread may wake the loop meanwhile
    return [
        Watch(key.fd, bool(is_writer), handle)
        for key in keys
        for is_writer, handle in enumerate(key.data)
        if handle is not None
    ]  # fmt: skip


def signal_handles(loop: Loop) -> dict[int, asyncio.Handle]:
    """What `add_signal_handler` has installed: `_signal_handlers`, Lib/asyncio/unix_events.py."""
    found: dict[int, asyncio.Handle] = getattr(loop, "_signal_handlers", None) or {}
    return found


def timers(loop: Loop) -> Iterable[asyncio.TimerHandle]:
    """Those that `call_later` and `call_at` have scheduled: `_scheduled`, Lib/asyncio/base_events.py."""
    return [timer for timer in getattr(loop, "_scheduled", ()) if not timer.cancelled()]


def schedule(loop: Any, timer: Any) -> None:
    """Enters a timer as `call_at` does: `_scheduled`, of loop and timer, Lib/asyncio/base_events.py."""
    heapq.heappush(loop._scheduled, timer)
    timer._scheduled = True


def loop_of_handle(handle: asyncio.Handle) -> Loop:
    """The loop that a handle is of: `_loop`, Lib/asyncio/events.py."""
    loop: Loop = handle._loop  # type: ignore[attr-defined]  # not in typeshed
    return loop


def callback_of(handle: asyncio.Handle) -> Any:
    """What a handle calls, None when it was cancelled: `_callback`, Lib/asyncio/events.py."""
    return getattr(handle, "_callback", None)


# -- callbacks -----------------------------------------------------------------------------------------------


def hook_callbacks(
    around: Callable[[asyncio.Handle, Callable[[asyncio.Handle], Any]], None],
) -> Callable[[], None]:
    """Has each callback of all loops run by `around(handle, run)`; returns the undoing.

    `Handle._run`, Lib/asyncio/events.py, which is where the loops that are written in Python run them.
    """
    before = asyncio.Handle._run
    _arounds.append(around)
    if len(_arounds) == 1:
        _arounds.insert(0, before)

        def _run(self: asyncio.Handle) -> None:
            _arounds[-1](self, before)

        asyncio.Handle._run = _run  # type: ignore[method-assign]  # the one place that all pass

    def undo() -> None:
        # Blocks that overlap do not end in the order in which they began.
        _arounds.remove(around)
        if len(_arounds) == 1:
            asyncio.Handle._run = _arounds.pop()  # type: ignore[method-assign]  # the one place that all pass

    return undo


_Run = Callable[[asyncio.Handle], Any]
_arounds: list[Any] = []
