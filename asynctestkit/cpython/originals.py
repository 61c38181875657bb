"""The standard library as it was when this package was imported, whatever tests have replaced in it since.

A test patches `asyncio.sleep`, `socket.socket` or `gc.collect` for the code under test; the package has to
use the real ones all the same. Every other module of the package takes these modules from here.

They are copies of modules, not names imported one by one: freezegun replaces the functions of `time` in every
module that has them, and so would reach `from time import monotonic`. The copies have other names, as
pyfakefs replaces every module named `os` in the same way.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .definitions import module_of, qualname_of

if TYPE_CHECKING:
    import asyncio as asyncio
    import gc as gc
    import os as os
    import random as random
    import signal as signal
    import socket as socket
    import subprocess as subprocess
    import threading as threading
    import time as time
    from concurrent import futures as futures

__all__ = [
    "asyncio",
    "futures",
    "gc",
    "os",
    "random",
    "signal",
    "socket",
    "subprocess",
    "threading",
    "time",
]


def _copy_of(name: str, *classes: str) -> Any:
    """A copy of a module. The named classes are the module's own, even if they have been replaced already.

    pytest-socket can be asked to replace `socket.socket` before any test module is imported.
    """
    original = importlib.import_module(name)
    copy = ModuleType(f"{__name__}.{name}", original.__doc__)
    own = vars(copy).copy()
    vars(copy).update(vars(original))
    vars(copy).update(own)
    for each in classes:
        setattr(copy, each, _genuine(name, each, getattr(original, each)))
    return copy


def _genuine(module: str, name: str, current: Any) -> Any:
    """The class that the module itself defines under that name, found from `current` or among all classes."""
    left = [current, object]
    for each in left:
        if not isinstance(each, type):
            continue
        if (module_of(each), qualname_of(each)) == (module, name):
            return each
        left += type.__subclasses__(each)
    return current


if not TYPE_CHECKING:  # pragma: no branch  # at run time it never is
    asyncio = _copy_of("asyncio")
    importlib.import_module("concurrent.futures.thread")  # from here on it is `futures.thread`
    futures = _copy_of("concurrent.futures")
    gc = _copy_of("gc")
    os = _copy_of("os")
    random = _copy_of("random")
    signal = _copy_of("signal")
    socket = _copy_of("socket", "socket")
    subprocess = _copy_of("subprocess", "Popen")
    threading = _copy_of("threading", "Thread")
    time = _copy_of("time")
