"""What created a socket, a thread, a child or an executor, and where: the objects do not record it.

Recorded at their creation, while a test is guarded, in the threads of the test only: the one that runs it,
and those that it has started, transitively. An object without a record is no leak: it is older than the test,
or of a thread that is unrelated to the test, such as one that an earlier test has left.
"""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Callable
from threading import get_ident
from types import FrameType, FunctionType, MethodType
from typing import Any, NamedTuple

from ...cpython import executor_internals, process_internals, thread_internals
from ...cpython.changes import Undo, are_in_force, install_once
from ...cpython.definitions import names_in
from ...cpython.originals import os, socket, threading
from ...stacks.code_owners import innermost_user_frame, is_installed, is_machinery, runs_a_module
from ...stacks.places import CreationSite, capture_in_task
from .mark import Mark

__all__ = ["Origin", "Origins", "is_of_a_package", "is_of_the_library", "origins"]


class Origin(NamedTuple):
    """How an object was created."""

    site: CreationSite
    """The phase, and the user's lines."""
    creator_file: str
    """The file of the code that created it: asyncio's for a transport's socket, the user's, …"""
    function: str
    """The name of the function there."""
    is_of_a_module: bool
    """Whether a module was being run, or imported: then the object is the module's, and not the test's."""


def is_of_the_library(origin: Origin) -> bool:
    """Exempt: what asyncio, multiprocessing, logging or this package has created for itself.

    A loop's self-pipe and its child watchers, the sockets of transports and servers (which are leaks of
    their own), the resource tracker, the listener of a logging queue. What `loop.sock_accept()` creates
    is its caller's.
    """
    if origin.function == process_internals.SOCK_ACCEPT:
        return False
    return is_machinery(origin.creator_file) or origin.creator_file.startswith(_LIBRARY_FOLDERS)


def is_of_a_package(origin: Origin, thread: threading.Thread) -> bool:
    """Whether an installed package has started a thread; for one in C, what the thread runs decides."""
    if is_installed(origin.creator_file):
        return True
    target = thread_internals.target_of(thread)
    names = names_in(sys.modules.get(getattr(target, "__module__", None) or ""))
    is_compiled = target is not None and not isinstance(target, FunctionType | MethodType)
    return is_compiled and is_installed(names.get("__file__") or "")


_LIBRARY_FOLDERS = tuple(
    os.path.join(os.path.dirname(folder), library, "")
    for folder in logging.__path__
    for library in ("logging", "multiprocessing")
)


_Hooks = tuple[tuple[str, Callable[..., Undo]], ...]
_HOOKS: _Hooks = (
    ("threading: what starts a thread", thread_internals.hook_thread_starts),
    ("socket.socket.__init__", process_internals.hook_sockets),
    ("subprocess.Popen._execute_child", process_internals.hook_children),
    ("concurrent.futures.Executor.__new__", executor_internals.hook_executors),
)
"""The code that creates each type of object, and the function that hooks it."""


class _Identity(weakref.ref[Any]):
    """Identifies one object, and does not mistake for it a later one with the same address."""

    __slots__ = ("kind",)
    kind: weakref.ref[type]
    """The object's class, which may be the test's own: not kept alive either."""

    def is_of_finalized(self, other: object) -> bool:
        """Whether it is of this object, which is being finalized: its weak references may be cleared."""
        thing = self()
        return thing is other or (thing is None and type(other) is self.kind())


class _Record(_Identity):
    """Where an object comes from. One object for each, as every search of the heap meets them all."""

    __slots__ = ("census", "origin")
    census: Mark
    origin: Origin


class Origins:
    """The origins of objects that running tests have created, as reported by `hooks` or to `note`."""

    def __init__(self, hooks: _Hooks = ()) -> None:
        self._hooks = hooks
        self._hooked = {what for what, _ in hooks}
        self._censuses: dict[int, list[Mark]] = {}
        self._records: dict[int, _Record] = {}
        self._spared: dict[int, _Identity] = {}

    def enter(self, census: Mark) -> None:
        """Called when the calling thread begins a test."""
        if not are_in_force(self._hooked):
            for what, hook in self._hooks:
                install_once(what, hook, self.note)
        self._censuses.setdefault(census.thread, []).append(census)

    def leave(self, census: Mark) -> None:
        """Called when that test has ended; the records of what it created are dropped."""
        censuses = self._censuses[census.thread]
        censuses.remove(census)
        if not censuses:
            del self._censuses[census.thread]
        if self._records:
            kept = {} if not self._censuses else self._records.copy()
            self._records = {key: record for key, record in kept.items() if record.census is not census}

    def current(self) -> Mark | None:
        """The test that the calling thread belongs to."""
        ident = get_ident()
        censuses = self._censuses.get(ident)
        if censuses:
            return censuses[-1]
        thread = thread_internals.thread_of(ident)
        record = self._records.get(id(thread))
        return record.census if record is not None and record() is thread else None

    def note(self, thing: object, frame: FrameType | None) -> None:
        """Records that `frame` creates an object, in the calling thread."""
        if not self._censuses:
            return
        self._spared.pop(id(thing), None)
        census = self.current()
        if census is None:
            self._records.pop(id(thing), None)  # that of a destroyed one, which had the same address
            return
        while frame is not None and frame.f_code.co_filename in _CREATING_MODULES:
            frame = frame.f_back
        creator = (frame.f_code.co_filename, frame.f_code.co_name) if frame is not None else ("", "")
        site = capture_in_task(innermost_user_frame(frame), census.phase)
        origin = Origin(site, *creator, runs_a_module(frame))
        self._add(thing, census, origin)

    def of(self, thing: object) -> Origin | None:
        """Where an object was created, if a test that the calling thread belongs to has created it."""
        record = self._records.get(id(thing))
        if record is None or record() is not thing:
            return None
        is_open = record.census in self._censuses.get(get_ident(), ()) or record.census is self.current()
        return record.origin if is_open else None

    def of_finalized(self, thing: object) -> Origin | None:
        """As `of`, for an object that is being finalized."""
        record = self._records.get(id(thing))
        if record is not None and record.is_of_finalized(thing):
            self._add(thing, record.census, record.origin)
        return self.of(thing)

    def _add(self, thing: object, census: Mark, origin: Origin) -> None:
        record = _Record(thing)
        record.kind, record.census, record.origin = weakref.ref(type(thing)), census, origin
        self._records[id(thing)] = record

    def forget(self, thing: object) -> None:
        """Drops the record of an object that has been reported."""
        self._records.pop(id(thing), None)

    def spare(self, thing: object) -> None:
        """Lets an object outlive its test; it may then be destroyed without a warning."""
        if self.of(thing) is None:
            return
        self._spared[id(thing)] = identity = _Identity(thing)
        identity.kind = weakref.ref(type(thing))

    def is_spared(self, thing: object) -> bool:
        """Whether an object was spared, in any test."""
        spared = self._spared.get(id(thing))
        return spared is not None and spared.is_of_finalized(thing)


_MODULES = ("socket", "ssl", "subprocess", "threading")
_CREATING_MODULES = frozenset(
    os.path.join(os.path.dirname(socket.__file__), f"{module}.py") for module in _MODULES
)
"""The modules that define such objects: the creator is the code that called them."""

origins = Origins(_HOOKS)
"""The origins of this process."""
