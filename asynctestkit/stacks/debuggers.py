"""Whether code is being debugged, and may be stopped for any time."""

from __future__ import annotations

import sys
from types import FrameType

from ..cpython.versions import debugger_is_registered

__all__ = ["is_debugged", "is_traced"]

_DEBUGGERS = frozenset(
    ("bdb", "pdb", "ipdb", "pudb", "pydevd", "_pydevd_bundle", "pydevd_tracing", "debugpy")
)


def is_debugged(frame: FrameType | None) -> bool:
    """Whether a debugger is in that stack, traces it, or is registered for the process."""
    if debugger_is_registered():
        return True
    while frame is not None:
        if _root(frame.f_globals.get("__name__")) in _DEBUGGERS or _is_debuggers(frame.f_trace):
            return True
        frame = frame.f_back
    return False


def is_traced() -> bool:
    """Whether a debugger traces the calling thread; coverage is a tracer, but no debugger."""
    return debugger_is_registered() or _is_debuggers(sys.gettrace())


def _is_debuggers(tracer: object) -> bool:
    owner = type(getattr(tracer, "__self__", tracer))
    modules = [getattr(tracer, "__module__", ""), *(base.__module__ for base in owner.__mro__)]
    return tracer is not None and not _DEBUGGERS.isdisjoint(map(_root, modules))


def _root(module: object) -> str:
    return str(module).partition(".")[0]
