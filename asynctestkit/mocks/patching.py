"""Patching asynchronous functions where they are used, with a check of their signature."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import sys
import types
import unittest
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any
from unittest import mock

from ..cpython.definitions import names_in
from ..cpython.mock_internals import delegate_mock, mock_name
from ..cpython.versions import mark_coroutine_function
from ..exceptions import MissingTargetError, NotAsyncError, ScriptError
from .absent import ABSENT
from .calls import BEFORE_AWAIT, is_async_mock, keep_coroutine
from .faults import connection_lost, may_fail
from .leftovers import mock_of
from .outcomes import Script, after, is_error, never, perform

__all__ = ["patch_async"]

__unittest = True

_WRAP_NOTHING = (
    *(types.NoneType, str, bytes, int, float, tuple, list, dict, set, frozenset, CodeType, ModuleType),
    *(types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType),
    *(types.GetSetDescriptorType, types.MemberDescriptorType),
)
"""Types without `__wrapped__`. Most values in modules and classes are of these, and are skipped fast."""


def patch_async(
    target: str, *, returns: Any = ABSENT, raises: Any = ABSENT, outcomes: Any = ABSENT
) -> tuple[Any, Callable[[], None]]:
    """Replaces a coroutine function by an autospecced stand-in; returns that, and a function to undo it.

    Raises MissingTargetError if the target is missing, NotAsyncError if it is not asynchronous, and
    ScriptError if other modules imported it by name, so that the stand-in would never be called.
    """
    effect = _effect(target, {"returns": returns, "raises": raises, "outcomes": outcomes})
    owner, name, label = _resolved(target)
    original = getattr(owner, name)
    function = _coroutine_function(target, original)
    _require_use(target, owner, name, original)
    stand_in = _stand_in(function, label)
    if effect is not None:
        stand_in.side_effect = effect
    elif returns is not ABSENT:
        stand_in.return_value = returns
    if raises is ABSENT:
        vars(stand_in.mock)[BEFORE_AWAIT] = _may_fail
    # A plain function in a class would be bound where the original was not, or was bound to the class.
    is_unbound = isinstance(inspect.getattr_static(owner, name), staticmethod | classmethod)
    patcher = mock.patch.object(owner, name, staticmethod(stand_in) if is_unbound else stand_in)
    patcher.start()
    return stand_in, patcher.stop


def _effect(target: str, given: Mapping[str, Any]) -> Any:
    """The `side_effect` for the arguments given; None if a return value, or nothing, was given."""
    ways = [name for name, value in given.items() if value is not ABSENT]
    if len(ways) > 1:
        got = " and ".join(ways)
        raise TypeError(f"patchAsync({target!r}) takes one of returns, raises, outcomes; it got {got}")
    way = ways[0] if ways else ""
    value = given.get(way)
    if way == "outcomes":
        if isinstance(value, list | tuple):
            return Script(value).play
        if isinstance(value, str) or not (callable(value) or is_error(value) or isinstance(value, Iterable)):
            raise TypeError(f"patchAsync({target!r}, outcomes={value!r}): expected a list of steps")
        return value
    if isinstance(value, after | never):

        async def play(*args: Any, **kwargs: Any) -> Any:
            return await perform(value)

        return play
    if way == "raises" and not is_error(value):
        raise TypeError(f"patchAsync({target!r}, raises={value!r}): expected an exception")
    return value if way == "raises" else None


def _stand_in(function: Callable[..., Any], label: str) -> Any:
    """An autospecced function that records every call when it is made.

    From 3.13 a function made by `create_autospec` records a call only when it is awaited, so that a forgotten
    await would leave no trace.
    """
    signature = inspect.signature(function)

    async def specified() -> None: ...

    name = label.rpartition(".")[2]
    specified.__name__, specified.__signature__ = name, signature  # type: ignore[attr-defined]  # PEP 362
    autospecced: Any = mock.create_autospec(specified, _name=label)
    double = autospecced.mock

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        signature.bind(*args, **kwargs)
        coroutine = double(*args, **kwargs)
        keep_coroutine(double, coroutine)
        return coroutine

    vars(stand_in).update(vars(autospecced))  # the mock's methods, and its records
    for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(stand_in, attribute, getattr(function, attribute, getattr(specified, attribute)))
    delegate_mock(double, stand_in)
    return mark_coroutine_function(stand_in)


def _may_fail(double: Any) -> None:
    effect = double.side_effect
    if not is_error(effect) and not isinstance(getattr(effect, "__self__", None), Script):
        may_fail(double, mock_name(double), connection_lost)


def _resolved(target: str) -> tuple[Any, str, str]:
    """The owner of the target, the target's name, and its name with that of its class."""
    parts = target.split(".") if isinstance(target, str) else []
    if len(parts) < 2 or not all(parts):
        raise MissingTargetError(f"patchAsync({target!r}): expected 'package.module.name' or '….Class.name'")
    owner: Any = None
    for depth in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:depth])
        try:
            owner = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise  # the module exists, but imports one that does not
            continue
        break
    else:
        raise MissingTargetError(f"patchAsync({target!r}): there is no module {parts[0]!r}")
    for done, part in enumerate(parts[depth:], depth):
        if not hasattr(owner, part):
            near = difflib.get_close_matches(part, dir(owner), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise MissingTargetError(
                f"patchAsync({target!r}): {'.'.join(parts[:done])} has no {part!r}{hint}"
            )
        if done < len(parts) - 1:
            owner = getattr(owner, part)
    return owner, parts[-1], ".".join(parts[depth:])


def _coroutine_function(target: str, original: Any) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(original) or is_async_mock(mock_of(original)):
        function: Callable[..., Any] = original
        return function
    call: Any = None if isinstance(original, type) else getattr(type(original), "__call__", None)  # noqa: B004  # it is looked at
    if inspect.iscoroutinefunction(call):
        return functools.partial(call, original)
    hint = "use mock.patch"
    if inspect.isasyncgenfunction(original):
        hint = "it is an asynchronous generator: use mock.patch with return_value=makeAsyncIterator(…)"
    elif inspect.isasyncgenfunction(inspect.unwrap(original)):
        hint = "it makes a context: use mock.patch with return_value=makeAsyncContext(…)"
    raise NotAsyncError(f"patchAsync({target!r}): {original!r} is not a coroutine function; {hint}")


def _require_use(target: str, owner: Any, name: str, original: Any) -> None:
    """Raises ScriptError if other modules imported the name, and no code looks it up in its own module."""
    if not isinstance(owner, ModuleType) or getattr(original, "__module__", None) != owner.__name__:
        return
    modules = [module for module in list(sys.modules.values()) if issubclass(type(module), ModuleType)]
    places = [
        f"{module.__name__}.{alias}"
        for module in modules
        for alias, value in list(names_in(module).items())
        if value is original and module is not owner and _mention(module, {alias})
    ]
    if not places or _mention(owner, {name}):
        return
    for module in modules:
        aliases = {alias for alias, value in list(names_in(module).items()) if value is owner}
        if _mention(module, {name}, aliases | {owner.__name__, owner.__name__.rpartition(".")[2]}):
            return  # it looks the name up there, as in `api.fetch()`
    instead = " and ".join(f"patchAsync({place!r})" for place in sorted(places))
    raise ScriptError(
        f"patchAsync({target!r}) would have no effect: the name was imported from there, and the importing "
        f"code has the original. Patch where it is used: {instead}"
    )


def _mention(module: ModuleType, *names: set[str]) -> bool:
    """Whether one code object of the module mentions a name of each set."""
    return any(all(_are_in(code, each) for each in names) for code in _code_in(module))


def _are_in(code: CodeType, names: set[str]) -> bool:
    return not names.isdisjoint(code.co_names) or any(
        isinstance(constant, str) and constant in names for constant in code.co_consts
    )


def _code_in(module: ModuleType) -> Iterator[CodeType]:
    """The code objects of a module, except those of test cases."""
    values = [
        each
        for each in list(names_in(module).values())
        if isinstance(each, FunctionType | type) or _wrapped(each)
    ]
    left: list[Any] = [each for each in values if each.__module__ == module.__name__]
    seen: set[int] = set()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, type):
            if not issubclass(each, unittest.TestCase):
                left += [inner for inner in vars(each).values() if not isinstance(inner, type)]
        elif isinstance(each, staticmethod | classmethod):
            left.append(each.__func__)
        elif isinstance(each, property):
            left += [each.fget, each.fset, each.fdel]
        elif isinstance(each, FunctionType):
            left.append(each.__code__)
        elif isinstance(each, CodeType):
            yield each
            left += [constant for constant in each.co_consts if isinstance(constant, CodeType)]
            continue
        left.append(_wrapped(each))


def _wrapped(obj: object) -> Any:
    if isinstance(obj, FunctionType | type):
        return vars(obj).get("__wrapped__")
    if issubclass(type(obj), _WRAP_NOTHING):
        return None
    # Statically, as some objects return something for every name.
    return inspect.getattr_static(obj, "__wrapped__", None)
