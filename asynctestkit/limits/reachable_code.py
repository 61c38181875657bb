"""What code can be reached from a loop, as text: who calls what is not known before it happens."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Collection, Iterator
from types import FunctionType, ModuleType
from typing import Any

from ..cpython import loop_internals, task_internals
from ..cpython.originals import asyncio
from ..stacks.await_chain import links
from ..stacks.code_owners import library
from ..stacks.handles import callback_function

__all__ = ["may_call"]

_MOST_MODULES = 2000
_module_of_class: Any = vars(type)["__module__"].__get__  # no metaclass is asked


def may_call(loop: asyncio.AbstractEventLoop, names: Collection[str]) -> bool:
    """Whether code that runs on a loop, or anything that its modules refer to, mentions one of these names.

    The standard library's own does not count. Also True if a source is missing, or there are too many.
    """
    files, namespaces = _running(loop)
    known = {id(namespace): namespace for namespace in namespaces}
    level = list(known.values())
    while level:
        found = {id(each): each for namespace in level for each in _namespaces_behind(namespace)}
        level = [each for identity, each in found.items() if identity not in known]
        known.update(found)
        if len(known) > _MOST_MODULES:
            return True
    files.update(file for each in known.values() if isinstance(file := each.get("__file__"), str))
    sources = ("".join(linecache.getlines(file)) for file in files if not library[file])
    return any(not source or any(name in source for name in names) for source in sources)


def _running(loop: asyncio.AbstractEventLoop) -> tuple[set[str], list[dict[str, Any]]]:
    """The files and global names of the code that is suspended on a loop, or that a timer of it calls."""
    chains = map(links, map(task_internals.coroutine_of, task_internals.all_tasks(loop)))
    frames = [frame for chain in chains for _, frame in chain if frame is not None]
    functions = [each for each in map(callback_function, loop_internals.timers(loop)) if each is not None]
    files = {each.f_code.co_filename for each in frames} | {each.__code__.co_filename for each in functions}
    return files, [each.f_globals for each in frames] + [each.__globals__ for each in functions]


def _namespaces_behind(namespace: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The global names of the modules that a module has, or that define what it has."""
    file = namespace.get("__file__")
    if isinstance(file, str) and library[file]:
        return
    for value in tuple(namespace.values()):
        module = value if issubclass(type(value), ModuleType) else sys.modules.get(_module_of(value))
        if issubclass(type(module), ModuleType):
            yield vars(module)


def _module_of(value: Any) -> str:
    """The module of a class or function, or of an object's class, without asking user-defined code."""
    if type(value) is FunctionType:
        name = value.__module__
    else:
        cls = value if issubclass(type(value), type) else type(value)
        name = _module_of_class(cls)
    return name if isinstance(name, str) else ""
