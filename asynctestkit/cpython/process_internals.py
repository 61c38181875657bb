"""The private names behind child processes, sockets, and the ResourceWarnings of unclosed objects.

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
"""The class of the transports that `loop.subprocess_exec` creates: Lib/asyncio/base_subprocess.py."""


def hook_children(hook: Callable[[subprocess.Popen[Any], FrameType], None]) -> Undo:
    """Calls `hook`, from now on, with each child process that was started, and the frame that started it.

    `Popen._execute_child`, Lib/subprocess.py, which starts asyncio's children as well.
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
    """The child processes that multiprocessing starts for its own use, and keeps until this process ends.

    `_pid`, Lib/multiprocessing/resource_tracker.py; `_forkserver_pid`, Lib/multiprocessing/forkserver.py.
    """
    helpers: set[int | None] = set()
    for name, keeper, attribute in _KEEPERS:
        if name in sys.modules:
            # The module may be incomplete while another thread imports it.
            helpers.add(getattr(getattr(sys.modules[name], keeper, None), attribute, None))
    return {pid for pid in helpers if pid is not None}


def started_by_multiprocessing() -> set[int]:
    """The processes that were started and not joined, including those that the fork server has forked.

    `_children`, Lib/multiprocessing/process.py, which is not imported for this, as that is slow.
    """
    module = sys.modules.get("multiprocessing.process")
    # The module may be incomplete while another thread imports it.
    return {process.pid for process in tuple(getattr(module, "_children", ()))}


_KEEPERS = (
    ("multiprocessing.resource_tracker", "_resource_tracker", "_pid"),
    ("multiprocessing.forkserver", "_forkserver", "_forkserver_pid"),
)


def has_ended(pid: int) -> bool:
    """Whether a child of ours has ended, without reaping it: `waitid`, Modules/posixmodule.c.

    True if other code has reaped it. False without `waitid`, as on Windows.
    """
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


# -- sockets -------------------------------------------------------------------------------------------------


def hook_sockets(hook: Callable[[socket.socket, FrameType], None]) -> Undo:
    """Calls `hook`, from now on, with each socket that is created, and the frame that creates it.

    `socket.__init__`, Lib/socket.py. There are audit events for sockets, children and (from 3.12) threads;
    but an audit hook is called for every event of the process, and each task causes one, as our loop looks up
    where the task is created. That would make a task cost a quarter more.
    """
    original = socket.socket.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        hook(self, sys._getframe(1))

    return replace(socket.socket, "__init__", __init__)  # the only place that all of them pass


SOCK_ACCEPT = "_sock_accept"
"""The function in which `loop.sock_accept()` creates its socket: Lib/asyncio/selector_events.py."""

# -- warnings of what was not closed -------------------------------------------------------------------------


class WarningHook(NamedTuple):
    """A listener for ResourceWarnings."""

    wants_any: Callable[[], bool]
    """Whether it is listening at this moment."""
    takes: Callable[[str, object], bool]
    """Whether it takes a warning, given its text and the unclosed object; a warning taken goes no further."""


def hook_resource_warnings(hook: WarningHook) -> Callable[[], None]:
    """Calls `hook` with each ResourceWarning, whatever the filters say; returns the undo function.

    The hook also gets the unclosed object: the warning's `source`, or the object whose `__del__` warns, or
    None. Warnings that it does not take are handled as if there were no hook.

    The first filter asks the hook: Python/_warnings.c matches a filter's pattern against the text, and then
    calls `_showwarnmsg` of Lib/warnings.py, which gets the object.
    """
    filters: Any = interpreter.warning_filters()
    filters.insert(0, _FILTER)  # not by a function of `warnings`: each warning would be shown again
    _warning_hooks.append(hook)
    if len(_warning_hooks) == 1:
        warnings._showwarnmsg = _show_unless_taken  # type: ignore[attr-defined]  # not in typeshed

    def undo() -> None:
        # Blocks that overlap do not end in the order in which they began.
        _warning_hooks.remove(hook)
        current = interpreter.warning_filters()
        for each in (filters, current) if current is not filters else (filters,):
            if _FILTER in each:
                each.remove(_FILTER)
        if not _warning_hooks:
            warnings._showwarnmsg = _SHOW  # type: ignore[attr-defined]  # not in typeshed

    return undo


class _HookPattern:
    """Stands in for a filter's pattern, and asks the hook."""

    is_enabled = True

    def match(self, _: str) -> bool:
        return self.is_enabled and bool(_warning_hooks) and _warning_hooks[-1].wants_any()


_hook_pattern = _HookPattern()
_FILTER: Any = ("always", _hook_pattern, ResourceWarning, None, 0)
_SHOW = warnings._showwarnmsg  # type: ignore[attr-defined]  # not in typeshed
_warning_hooks: list[WarningHook] = []
_warning_registries: dict[str | None, dict[str | tuple[str, type[Warning], int], int]] = {}
"""Warnings already shown, by module: a module's own registry would hide a repetition from the filters."""


def _show_unless_taken(message: Any) -> None:
    text = str(message.message)
    if message.category is not ResourceWarning or not _hook_pattern.match(text):
        _SHOW(message)
        return
    frames = _frames_from(sys._getframe(1))
    thing = message.source if message.source is not None else _object_being_finalized(frames)
    if not _warning_hooks[-1].takes(text, thing):
        _warn_as_before(message, frames)


def _warn_as_before(message: Any, frames: list[FrameType]) -> None:
    """Issues the warning again, for the same line, and lets the other filters decide."""
    place = (message.filename, message.lineno)
    frame = next((f for f in frames if (f.f_code.co_filename, f.f_lineno) == place), None)
    module = frame.f_globals.get("__name__") if frame is not None else None
    _hook_pattern.is_enabled = False
    try:
        warnings.warn_explicit(
            message.message,
            message.category,
            *place,
            module=module,
            registry=_warning_registries.setdefault(module, {}),
            source=message.source,
        )
    finally:
        _hook_pattern.is_enabled = True


def _frames_from(innermost: FrameType | None) -> list[FrameType]:
    frames: list[FrameType] = []
    while innermost is not None and len(frames) < _MOST_FRAMES:
        frames.append(innermost)
        innermost = innermost.f_back
    return frames


_MOST_FRAMES = 8
"""How many frames are searched for the one that warns."""


def _object_being_finalized(frames: list[FrameType]) -> object:
    """The object whose finalizer runs in one of these frames, the innermost; None if there is none."""
    for frame in frames:
        code = frame.f_code
        if code.co_name == "__del__" and code.co_argcount:
            return frame.f_locals.get(code.co_varnames[0])
    return None
