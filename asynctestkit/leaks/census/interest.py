"""Which objects on the heap are of interest to a test's sweep, by their types."""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Iterator
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType
from typing import Any

from ...cpython import interpreter, task_internals
from ...cpython.definitions import is_immutable, module_of
from ...cpython.originals import asyncio, gc
from ...stacks.code_owners import is_machinery, library
from .finalizers import Announcing
from .per_type import PerType, is_any_of

__all__ = ["Interest", "interest_in", "is_over", "may_want_what_is_over", "without_those_over"]

_WANTED = 2
"""A detector wants to see it. 1: it only matters what may happen when it is destroyed; 0: nothing does."""


class Interest(dict[type, int]):
    """The interest in objects of a type, computed by type, not by `isinstance`, which asks proxies.

    One for all tests with the same detectors. Only classes that live as long as the process stay in it: a
    test may check that one of its own is gone.
    """

    def __init__(self, wanted: tuple[type, ...]) -> None:
        super().__init__()
        self._types = wanted
        self._types_without_finalizer = tuple(each for each in wanted if each is not Announcing)
        self._by_id = PerType(self._interest_of)
        """The same for classes whose metaclass overrides or forbids how they are hashed or compared."""
        self._passing: list[type] = []

    def is_wanted(self, kind: type) -> bool:
        """Whether a detector wants to see objects of that type."""
        try:
            return self[kind] == _WANTED
        except Exception:  # of a metaclass that does not let its classes be hashed or compared
            return self._by_id(kind) == _WANTED
        finally:
            self._forget_passing()

    def wanted(self, objects: list[Any]) -> list[Any]:
        """The objects that a detector wants to see."""
        try:
            return [obj for obj in self._interesting(objects) if self[type(obj)] == _WANTED]
        except Exception:  # as above
            return [obj for obj in self._by_id.select(objects) if self._by_id(type(obj)) == _WANTED]
        finally:
            self._forget_passing()

    def any(self, objects: list[Any]) -> list[Any]:
        """The objects that are of any interest."""
        try:
            return list(self._interesting(objects))
        except Exception:  # as above
            return self._by_id.select(objects)
        finally:
            self._forget_passing()

    def _interesting(self, objects: list[Any]) -> Iterator[Any]:
        return itertools.compress(objects, map(self.__getitem__, map(type, objects)))

    def _interest_of(self, kind: type) -> int:
        has_finalizer = _has_own_finalizer(kind)
        types = self._types if has_finalizer else self._types_without_finalizer
        return _WANTED if is_any_of(kind, types) else int(has_finalizer or issubclass(kind, _WATCHING))

    def __missing__(self, asked: type) -> int:
        if _has_ways_of_its_own(asked):
            return self._by_id(asked)
        answer = self[asked] = self._interest_of(asked)
        if not (is_immutable(asked) or f"{module_of(asked)}.".startswith(_LASTING)):
            self._passing.append(asked)
        return answer

    def _forget_passing(self) -> None:
        """Forgets the classes that may not live on, or may get a finalizer."""
        if self._by_id.known:
            self._by_id.known.clear()
        if self._passing:
            passing, self._passing = self._passing, []  # tests may run in several threads
            for cls in passing:
                self.pop(cls, None)


def _has_ways_of_its_own(cls: type) -> bool:
    """Whether a metaclass overrides how its classes are hashed or compared."""
    kind = type(cls)
    return kind is not type and any(_attribute(kind, name) is not _attribute(type, name) for name in _WAYS)


_WAYS = ("__hash__", "__eq__")
_attribute: Any = type.__getattribute__


def _has_own_finalizer(cls: type) -> bool:
    if type(cls) is type:
        return hasattr(cls, "__del__")
    try:
        _attribute(cls, "__del__")  # without asking its metaclass, which may return anything
    except AttributeError:
        return False
    return True


_WATCHING: tuple[type[Any], ...] = (weakref.ref, *weakref.ProxyTypes, interpreter.FINALIZE_RECORD)
"""When what a weak reference stands for is collected, its callback runs."""


def is_over(obj: Any, loop: asyncio.AbstractEventLoop) -> bool:
    """Whether an object of interest has ended: it is no leak, and nothing happens when it is collected.

    That cannot be told of subclasses, which may have a `__del__` of their own.
    """
    kind = type(obj)
    if id(kind) in _FUTURES_AND_TASKS:
        if task_internals.loop_of(obj) is not loop:
            return True  # it is another loop's
        is_pending = kind in task_internals.TASK_TYPES and not obj.done()
        return not is_pending and not task_internals.is_exception_unretrieved(obj)
    if kind is CoroutineType:
        return obj.cr_frame is None
    if kind is GeneratorType:
        return obj.gi_frame is None or is_machinery(obj.gi_code.co_filename)
    if kind is AsyncGeneratorType:
        return obj.ag_frame is None
    if issubclass(kind, weakref.ref):
        return not _has_own_finalizer(kind) and _is_of_the_library(_callback_of(obj))
    if id(kind) in _PROXIES:
        return not gc.get_referents(obj)  # its callback: asked for it, it would ask what it stands for
    return obj is loop


def without_those_over(objects: list[Any], loop: asyncio.AbstractEventLoop) -> list[Any]:
    """The objects that may be leaks, as they are not known to have ended."""
    return [obj for obj in objects if id(type(obj)) not in _ENDING or not is_over(obj, loop)]


def may_want_what_is_over(types: tuple[type, ...]) -> bool:
    """Whether any of these types has instances that `is_over` decides about."""
    return any(issubclass(kind, types) for kind in _DECIDED) or any(issubclass(t, weakref.ref) for t in types)


def _is_of_the_library(callback: Any) -> bool:
    """Whether a weak reference's callback only tidies up: there is none, or it is the standard library's.

    That of abstract base classes is a function in C, bound to a weak reference: Modules/_abc.c. A function
    with a closure may call what is in it, as that of `WeakMethod` does.
    """
    if callback is None or isinstance(getattr(callback, "__self__", None), weakref.ref):
        return True
    is_plain = isinstance(callback, FunctionType) and callback.__closure__ is None
    return is_plain and library[callback.__code__.co_filename]


_callback_of: Any = vars(weakref.ref)["__callback__"].__get__  # which no subclass hides
# By their ids, as comparing classes asks their metaclasses.
_FUTURES_AND_TASKS = {*map(id, task_internals.FUTURE_TYPES), *map(id, task_internals.TASK_TYPES)}
_PROXIES = {*map(id, weakref.ProxyTypes)}
_ENDING = {*_FUTURES_AND_TASKS, id(CoroutineType)}
"""Of what a detector may want to see, the types most of whose objects have ended when a sweep looks."""
_DECIDED: tuple[type[Any], ...] = (
    *task_internals.FUTURE_TYPES,
    *task_internals.TASK_TYPES,
    CoroutineType,
    GeneratorType,
    AsyncGeneratorType,
    weakref.ref,
)


_LASTING = ("asyncio.", "contextlib.", __name__.partition(".")[0] + ".")
"""The modules whose classes live as long as the process, though they are written in Python."""


def interest_in(wanted: tuple[type, ...]) -> Interest:
    """The interest of tests whose detectors want these types."""
    try:
        return _interest_in(wanted)
    except Exception:  # of a metaclass that does not let its classes be hashed or compared
        return Interest(wanted)


_interest_in = functools.lru_cache(maxsize=32)(Interest)
