"""Which names the code on a loop may come to use: an estimate of what it may call.

A function counts as called if running code, or another such function, mentions its name: that is class
hierarchy analysis without the hierarchy (Bacon and Sweeney, "Fast Static Analysis of C++ Virtual Function
Calls", OOPSLA 1996). What is called by way of a string, or was stored when a module was imported, is missed.
"""

from __future__ import annotations

import collections
import functools
import sys
from collections.abc import Collection, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..cpython import loop_internals, task_internals
from ..cpython.definitions import module_of, names_in, namespace_of
from ..cpython.originals import asyncio
from ..stacks.await_chain import links
from ..stacks.code_owners import library
from ..stacks.handles import callback_function

__all__ = ["may_use"]

_MOST_MODULES = 500


def may_use(loop: asyncio.AbstractEventLoop, names: Collection[str]) -> bool:
    """Whether code that runs on a loop, or that it may call, uses one of these names.

    Code of the standard library does not count. Also True if there are too many modules to look at.
    """
    left, namespaces = _running(loop)
    modules = _reachable(namespaces)
    if len(modules) > _MOST_MODULES:
        return True
    functions = _functions_by_name(modules)
    for name in [each for each in functions if each in _CALLED_BY_OTHERS or each.startswith("__")]:
        left += functions.pop(name)
    used: set[str] = set()
    while left:
        fresh = set(_names_in(left.pop())) - used
        used |= fresh
        left += [code for name in fresh for code in functions.pop(name, ())]
    return not used.isdisjoint(names)


def _running(loop: asyncio.AbstractEventLoop) -> tuple[list[CodeType], list[dict[str, Any]]]:
    """The code that is suspended on a loop, or that a timer of it calls, and its global names."""
    chains = map(links, map(task_internals.coroutine_of, task_internals.all_tasks(loop)))
    frames = [frame for chain in chains for _, frame in chain if frame is not None]
    functions = [each for each in map(callback_function, loop_internals.timers(loop)) if each is not None]
    running = [(each.f_code, each.f_globals) for each in frames]
    running += [(each.__code__, each.__globals__) for each in functions]
    users = [(code, names) for code, names in running if not library[code.co_filename]]
    return [code for code, _ in users], [names for _, names in users]


def _reachable(namespaces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """These global names, and those of all modules behind them; no more than a little too many."""
    known = {id(namespace): namespace for namespace in namespaces}
    level = namespaces
    while level and len(known) <= _MOST_MODULES:
        found = {id(each): each for namespace in level for each in _modules_behind(namespace)}
        level = [each for identity, each in found.items() if identity not in known]
        known.update(found)
    return list(known.values())


def _modules_behind(namespace: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The global names of the user's modules that a module has, or that define what it has."""
    for value in tuple(namespace.values()):
        module = value if issubclass(type(value), ModuleType) else sys.modules.get(_module_of(value))
        names = names_in(module)
        file = names.get("__file__")
        if isinstance(file, str) and not library[file]:
            yield names


def _module_of(value: Any) -> str:
    """The module of a class or function, or of an object's class, without asking user-defined code."""
    if type(value) is FunctionType:
        return value.__module__ if isinstance(value.__module__, str) else ""
    return module_of(value if issubclass(type(value), type) else type(value))


def _functions_by_name(namespaces: list[dict[str, Any]]) -> dict[str, list[CodeType]]:
    """The code of all functions and methods in these, by the names that they have there."""
    found: dict[str, list[CodeType]] = collections.defaultdict(list)
    left: list[Mapping[str, Any]] = list(namespaces)
    classes: set[int] = set()
    while left:
        for name, value in tuple(left.pop().items()):
            for code in _codes_of(value):
                found[str(name)].append(code)
                for within in _functions_within(code):
                    found[within.co_name].append(within)
            if issubclass(type(value), type) and id(value) not in classes:
                classes.add(id(value))
                left.append(namespace_of(value))
    return found


def _codes_of(value: Any) -> Iterator[CodeType]:
    """The code of a function, in whatever it is wrapped; nothing for other objects."""
    left = [getattr(value, part) for kind, *parts in _WRAPPING if type(value) is kind for part in parts]
    left.append(value)
    seen: set[int] = set()
    while left:
        function = left.pop()
        if type(function) is FunctionType and id(function) not in seen:
            seen.add(id(function))
            if not library[function.__code__.co_filename]:
                yield function.__code__
            left.append(vars(function).get("__wrapped__"))


_WRAPPING = (
    (staticmethod, "__func__"),
    (classmethod, "__func__"),
    (property, "fget", "fset", "fdel"),
    (functools.cached_property, "func"),
    (functools.partial, "func"),
    (type(functools.lru_cache(int)), "__wrapped__"),
)
"""What wraps functions, and its attributes that have them."""


def _functions_within(code: CodeType) -> Iterator[CodeType]:
    """The functions that code defines, at any depth."""
    for constant in code.co_consts:
        if type(constant) is CodeType:
            yield constant
            yield from _functions_within(constant)


def _names_in(code: CodeType) -> Iterator[str]:
    """The names that code uses, for variables and attributes, its lambdas and comprehensions included."""
    yield from (*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars)
    for within in _functions_within(code):
        if within.co_name.startswith("<"):
            yield from _names_in(within)


_PROTOCOLS = (
    asyncio.Protocol,
    asyncio.BufferedProtocol,
    asyncio.DatagramProtocol,
    asyncio.SubprocessProtocol,
)
_CALLED_BY_OTHERS = {name for each in _PROTOCOLS for name in dir(each)} | {
    "setUp",
    "asyncSetUp",
    "setUpClass",
    "setUpModule",
}
"""The names of methods that asyncio calls, or that unittest has called before."""
