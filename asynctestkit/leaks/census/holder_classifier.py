"""What a holder of an object implies: that the test keeps the object, or that the process does."""

from __future__ import annotations

import enum
import functools
import inspect
import logging
import sys
import unittest
import warnings
from collections.abc import Collection
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FrameType,
    FunctionType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any

from ...cpython import mock_internals, task_internals, thread_internals
from ...cpython.definitions import module_of, names_in, namespace_of, qualname_of
from ...cpython.originals import asyncio, threading
from ...stacks.code_owners import is_machinery
from .origins import is_of_a_package, origins

__all__ = ["HolderClassifier", "Link", "links_of_thread"]


class Link(enum.Enum):
    """What it means for an object to be held by a certain holder."""

    NOTHING = "nothing: it is only mentioned there, or ends with the test"
    TEST = "the test has it"
    PROCESS = "the process has it"
    INDIRECT = "who holds that tells"


class HolderClassifier:
    """Classifies the holders of objects, at the end of a test on `loop`; `failures` are its own, by id.

    A failure of the test only mentions what it refers to, whoever keeps it for a report.

    It asks for their types, and not with `isinstance`: that asks `__class__`, where a lazy object of a user's
    may begin to work, or raise.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, failures: Collection[int] = ()) -> None:
        self._loop = loop
        self._failures = failures
        self._ignored = set(map(id, thread_internals.registries()))

    def ignore(self, *containers: object) -> None:
        """Ignores these containers, which are this package's own, as holders."""
        self._ignored.update(map(id, containers))

    def may_be_held_by_interpreter(self, thing: object) -> bool:
        """Whether the interpreter may hold it: a running thread, what that calls, a handled exception."""
        return issubclass(type(thing), (threading.Thread, BaseException)) or id(thing) in self._called

    @functools.cached_property
    def _called(self) -> set[int]:
        """The functions that threads run, and their arguments, which lie on the interpreter's stack."""
        threads = threading.enumerate()
        targets, arguments = thread_internals.target_of, thread_internals.arguments_of
        return {*map(id, map(targets, threads)), *map(id, map(arguments, threads))}

    def links(self, holder: Any) -> tuple[Link, ...]:
        """What it means to be held by `holder`; a thread of the test's may in turn be kept by the process."""
        if (
            id(holder) in self._ignored
            or _begins_a_thread(holder)
            or (issubclass(type(holder), _MENTIONS) and not _is_of_a_generator(holder))
            or (id(holder) in self._failures and issubclass(type(holder), BaseException))
            or self._ends_with_the_loop(holder)
        ):
            return (Link.NOTHING,)
        if issubclass(type(holder), unittest.TestCase):
            return (Link.TEST,)
        if self._is_namespace(holder) or _is_of_a_module(holder):
            return (Link.PROCESS,)
        if issubclass(type(holder), threading.Thread):
            return links_of_thread(holder)
        return (Link.INDIRECT,)

    def _ends_with_the_loop(self, holder: Any) -> bool:
        if issubclass(type(holder), asyncio.AbstractEventLoop):
            return holder is self._loop or holder.is_closed()
        return issubclass(type(holder), _OF_A_LOOP) and task_internals.loop_of(holder) in (self._loop, None)

    def _is_namespace(self, holder: Any) -> bool:
        if not issubclass(type(holder), dict):
            return False
        has = functools.partial(dict.__contains__, holder)  # a subclass may override it
        return id(holder) in self._namespaces or (has("__builtins__") and has("__name__"))

    @functools.cached_property
    def _namespaces(self) -> set[int]:
        modules = tuple(sys.modules.values())
        return {id(names_in(module)) for module in modules if issubclass(type(module), ModuleType)}


_MENTIONS = (
    FrameType,
    TracebackType,
    CoroutineType,
    AsyncGeneratorType,
    logging.LogRecord,
    unittest.TestResult,
    warnings.WarningMessage,
    mock_internals.CALL,
)
"""Holders that keep nothing: variables of code that has ended, and records of what happened."""
_OF_A_LOOP: tuple[type[Any], ...] = (*task_internals.FUTURE_TYPES, asyncio.Handle)


def links_of_thread(thread: threading.Thread | None) -> tuple[Link, ...]:
    """What it means that a thread holds an object: a thread of the test's, of asyncio's, or of others."""
    origin = origins.of(thread)
    if thread is None or origin is None:
        return (Link.PROCESS,)
    if is_machinery(origin.creator_file):  # pragma: no cover  # before 3.12 such a thread waits for a child
        return (Link.NOTHING,)  # and holds the transport meanwhile
    is_packages = thread.daemon and is_of_a_package(origin, thread)
    return (Link.PROCESS,) if is_packages else (Link.TEST, Link.INDIRECT)


def _begins_a_thread(holder: Any) -> bool:
    return type(holder) is MethodType and thread_internals.begins_a_thread(holder)


def _is_of_a_generator(holder: Any) -> bool:
    """Whether this is the frame of a generator: on 3.10 the variables of a suspended one are held by that."""
    return type(holder) is FrameType and bool(holder.f_code.co_flags & inspect.CO_GENERATOR)


def _is_of_a_module(holder: Any) -> bool:
    """Whether this is a module, or a class, function or cached function that a module has by its name."""
    if not issubclass(type(holder), _NAMED):
        return issubclass(type(holder), ModuleType)
    is_class = issubclass(type(holder), type)
    module = module_of(holder) if is_class else getattr(holder, "__module__", None)
    # A cached partial has no name.
    name = qualname_of(holder) if is_class else getattr(holder, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return False
    found: Any = sys.modules.get(module)
    for each in name.split("."):
        found = (namespace_of(found) if issubclass(type(found), type) else names_in(found)).get(each)
    return found is holder


_NAMED = (type, FunctionType, type(functools.lru_cache(int)))
