"""The private names behind what belongs to the process: children, sockets, and what warns when it dies.

`tests/cpython/test_process_internals.py` has a canary for each function. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import functools
import sys
import warnings
from asyncio import base_subprocess
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from . import interpreter
from .changes import Undo, replace
from .originals import asyncio, os, socket, subprocess

__all__ = [
    "SOCK_ACCEPT",
    "SUBPROCESS_TRANSPORT",
    "WarningHook",
    "has_ended",
    "helpers_of_multiprocessing",
    "hook_children",
    "hook_resource_warnings",
    "hook_sockets",
    "popen_of",
    "started_by_multiprocessing",
]


# -- children ------------------------------------------------------------------------------------------------

SUBPROCESS_TRANSPORT: type[asyncio.SubprocessTransport] = base_subprocess.BaseSubprocessTransport
"""What `loop.subprocess_exec` makes: Lib/asyncio/base_subprocess.py."""


def hook_children(hook: Callable[[subprocess.Popen[Any], FrameType], None]) -> Undo:
    """Shows `hook`, from now on and for good, each child that was started, and the frame that starts it.

    `Popen._execute_child`, Lib/subprocess.py, through which asyncio's children go as well.
    """
    original = subprocess.Popen._execute_child  # type: ignore[attr-defined]  # not in typeshed

    @functools.wraps(original)
    def _execute_child(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        hook(self, sys._getframe(1))

    return replace(subprocess.Popen, "_execute_child", _execute_child)


def popen_of(transport: asyncio.SubprocessTransport) -> subprocess.Popen[Any] | None:
    """The Popen below a transport, None once it is closed: `_proc`, Lib/asyncio/base_subprocess.py."""
    return getattr(transport, "_proc", None)


def helpers_of_multiprocessing() -> set[int]:
    """The children that it keeps for itself, until the end of this process, once it has needed them.

    `_pid`, Lib/multiprocessing/resource_tracker.py; `_forkserver_pid`, Lib/multiprocessing/forkserver.py.
    """
    helpers: set[int | None] = set()
    for name, keeper, attribute in _KEEPERS:
        if name in sys.modules:
            # It may be there in part, as another thread imports it.
            helpers.add(getattr(getattr(sys.modules[name], keeper, None), attribute, None))
    return {pid for pid in helpers if pid is not None}


def started_by_multiprocessing() -> set[int]:
    """The processes that were started and not joined, some of them no children: forked by its server.

    `_children`, Lib/multiprocessing/process.py, which is not imported for this: that takes a while.
    """
    module = sys.modules.get("multiprocessing.process")
    # Another thread may be importing it, and have come no further than its first lines.
    return {process.pid for process in tuple(getattr(module, "_children", ()))}


_KEEPERS = (
    ("multiprocessing.resource_tracker", "_resource_tracker", "_pid"),
    ("multiprocessing.forkserver", "_forkserver", "_forkserver_pid"),
)


def has_ended(pid: int) -> bool:
    """Whether a child of ours has ended, without reaping it: `waitid`, Modules/posixmodule.c.

    One that somebody else has reaped has. Without `waitid`, as on Windows, it is not known.
    """
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


# -- sockets -------------------------------------------------------------------------------------------------


def hook_sockets(hook: Callable[[socket.socket, FrameType], None]) -> Undo:
    """Shows `hook`, from now on and for good, each socket that is made, and the frame that makes it.

    `socket.__init__`, Lib/socket.py. There are audit events for sockets, children and (from 3.12) threads;
    but a hook of those is called for every event of the process, one of which comes with each task, as our
    loop looks where it is created. That makes a task dearer by a quarter.
    """
    original = socket.socket.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        hook(self, sys._getframe(1))

    return replace(socket.socket, "__init__", __init__)  # the only place that all of them pass


SOCK_ACCEPT = "_sock_accept"
"""Where `loop.sock_accept()` makes a socket for its caller: Lib/asyncio/selector_events.py."""

# -- warnings of what was not closed -------------------------------------------------------------------------


class WarningHook(NamedTuple):
    """Who listens to ResourceWarnings."""

    wants_any: Callable[[], bool]
    """Whether it listens just now."""
    takes: Callable[[str, object], bool]
    """Whether it takes a warning, given its text and the thing, so that nobody else hears of it."""


def hook_resource_warnings(hook: WarningHook) -> Callable[[], None]:
    """Shows `hook` each ResourceWarning, whatever the filters say; returns the undoing.

    With it comes the thing that has died unclosed: the warning's `source`, or whose `__del__` warns; None for
    what is neither. What is not taken goes its way.

    The first of the filters asks: Python/_warnings.c matches a filter's pattern against the text. What that
    then calls, `_showwarnmsg` of Lib/warnings.py, gets the thing.
    """
    filters: Any = interpreter.warning_filters()
    filters.insert(0, _FILTER)  # without telling `warnings`, which would have every warning shown once more
    _warning_hooks.append(hook)
    if len(_warning_hooks) == 1:
        warnings._showwarnmsg = _show_unless_taken  # type: ignore[attr-defined]  # not in typeshed

    def undo() -> None:
        # Blocks that overlap do not end in the order in which they began.
        _warning_hooks.remove(hook)
        current = interpreter.warning_filters()
        for each in (filters, current) if current is not filters else (filters,):
            index = next((i for i, entry in enumerate(each) if entry is _FILTER), None)
            if index is not None:
                del each[index]
        if not _warning_hooks:
            warnings._showwarnmsg = _SHOW  # type: ignore[attr-defined]  # not in typeshed

    return undo


class _Asking:
    """In the place of a filter's pattern."""

    is_asking = True

    def match(self, _: str) -> bool:
        return self.is_asking and bool(_warning_hooks) and _warning_hooks[-1].wants_any()


_asking = _Asking()
_FILTER: Any = ("always", _asking, ResourceWarning, None, 0)
_SHOW = warnings._showwarnmsg  # type: ignore[attr-defined]  # not in typeshed
_warning_hooks: list[WarningHook] = []
_told: dict[str | None, dict[str | tuple[str, type[Warning], int], int]] = {}
"""What has been warned of, by module. In a module's own registry, it would not come to the filters again."""


def _show_unless_taken(message: Any) -> None:
    text = str(message.message)
    if message.category is not ResourceWarning or not _asking.match(text):
        _SHOW(message)
        return
    frames = _frames_from(sys._getframe(1))
    thing = message.source if message.source is not None else _dying_in(frames)
    if not _warning_hooks[-1].takes(text, thing):
        _warn_as_before(message, frames)


def _warn_as_before(message: Any, frames: list[FrameType]) -> None:
    """Warns again, of the same line, and leaves it to the other filters what comes of that."""
    place = (message.filename, message.lineno)
    frame = next((f for f in frames if (f.f_code.co_filename, f.f_lineno) == place), None)
    module = frame.f_globals.get("__name__") if frame is not None else None
    _asking.is_asking = False
    try:
        warnings.warn_explicit(
            message.message,
            message.category,
            *place,
            module=module,
            registry=_told.setdefault(module, {}),
            source=message.source,
        )
    finally:
        _asking.is_asking = True


def _frames_from(innermost: FrameType | None) -> list[FrameType]:
    frames: list[FrameType] = []
    while innermost is not None and len(frames) < _NEAR:
        frames.append(innermost)
        innermost = innermost.f_back
    return frames


_NEAR = 8
"""Frames among which the one is that warns."""


def _dying_in(frames: list[FrameType]) -> object:
    """Whose finalizer runs in one of these frames, the innermost."""
    for frame in frames:
        code = frame.f_code
        if code.co_name == "__del__" and code.co_argcount:
            return frame.f_locals.get(code.co_varnames[0])
    return None
