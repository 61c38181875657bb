"""Faces: mocks with the public attributes of a plain object, which does the work.

The object is of an ordinary class and behaves like the real thing. Its face lets a test inspect and script
it: each method is a mock that wraps the object's, and what a test scripts there takes precedence.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any
from unittest import mock

from .calls import MockCall, keep_coroutine

__all__ = ["Shown", "face", "object_behind"]

__unittest = True

_BEHIND = "_asynctestkit_behind"
_SIGNATURE = "_asynctestkit_signature"
_SPECIAL = ("__aenter__", "__aexit__", "__aiter__", "__anext__", "__await__")


def face(of: Shown, name: str, *, spec: Any = None) -> Any:
    """Makes the mock that shows `of`, with its attributes and its methods, special methods included.

    With a class as `spec` it passes for an instance of that class: it has the methods of that class and no
    others, with the same signatures. Methods that the object lacks are plain mocks, to be scripted.
    """
    model = type(of) if spec is None else spec
    shown: Any = mock.NonCallableMock(spec=model, name=name)
    vars(shown)[_BEHIND] = of
    of._asynctestkit_face = shown
    for part in {*dir(of), *dir(model)}:
        if part.startswith("_") and part not in _SPECIAL:
            continue
        if inspect.isroutine(getattr(model, part, None)):
            setattr(type(shown), part, _Part(of, part, model))
        elif part in vars(of) or isinstance(getattr(type(of), part, None), property):
            setattr(type(shown), part, _attribute(of, part))
    if "__repr__" in vars(type(of)):
        setattr(type(shown), "__repr__", lambda _: repr(of))  # noqa: B010  # it is a method of another class to mypy
    return shown


def object_behind(shown: Any) -> Shown | None:
    """The object behind a face; None for other mocks."""
    of: Shown | None = vars(shown).get(_BEHIND)
    return of


class Shown:
    """The base class of objects that have a face."""

    _asynctestkit_face: Any
    _asynctestkit_responses: Sequence[Any] = ()
    """Mocks that it has handed out; they are verified together with it."""

    def _asynctestkit_unfinished(self) -> list[str]:
        """The faults to report at the end of a test, each of one or more lines."""
        return []

    def _asynctestkit_off_script(self) -> list[str]:
        """The deviations from what the test scripted, each of one or more lines."""
        return []

    def _asynctestkit_forgotten(self, *, close: bool) -> list[MockCall]:
        """Calls that were never awaited and that its mocks do not record; `close` closes their coroutines."""
        return []


class _Part:
    """A descriptor for a method of a face: makes its mock on first access, as making a mock is slow.

    It stays on the type, where special methods are looked up. A mock there would not be bound, as it is not a
    function: `async with` would call it without the object, while AsyncExitStack and enterAsyncContext, which
    call `type(cm).__aenter__(cm)`, would call it with the object.
    """

    def __init__(self, of: Any, name: str, model: type) -> None:
        self._make = functools.partial(_method, of, name, model)
        self._is_async = inspect.iscoroutinefunction(getattr(model, name))
        self._name = name
        self._method: Any = None

    def __get__(self, shown: Any, owner: type) -> Any:
        if shown is None:

            def call(each: Any, *args: Any) -> Any:
                return self.__get__(each, owner)(*args)

            async def call_async(each: Any, *args: Any) -> Any:  # unittest checks for coroutine functions
                return await call(each, *args)

            return call_async if self._is_async else call
        if self._method is None:
            self._method = self._make()
            setattr(shown, self._name, self._method)  # makes it a child; a special method on the type
            if self._name in _SPECIAL:
                setattr(owner, self._name, self)
        return self._method


class _Checked:
    """A mixin for mock classes: a call with arguments that the method does not take fails at once."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        signature = vars(self).get(_SIGNATURE)
        if signature is not None:  # children, such as the mock that a call returned, take anything
            signature.bind(*args, **kwargs)
        return super().__call__(*args, **kwargs)  # type: ignore[misc]  # a mixin in front of a mock class


class _PlainMethod(_Checked, mock.Mock):
    pass


class _AsyncMethod(_Checked, mock.AsyncMock):
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        coroutine = super().__call__(*args, **kwargs)
        keep_coroutine(self, coroutine)
        return coroutine


def _method(of: Any, name: str, model: type) -> Any:
    specified = getattr(model, name)
    bound: Any = getattr(of, name, None)

    def outside(result: Any) -> Any:
        return of._asynctestkit_face if result is of else result

    async def call_async(*args: Any, **kwargs: Any) -> Any:
        return outside(await bound(*args, **kwargs))

    def call(*args: Any, **kwargs: Any) -> Any:
        return outside(bound(*args, **kwargs))

    method: Any
    if inspect.iscoroutinefunction(specified):
        method = _AsyncMethod(wraps=call_async if bound else None)
    else:
        method = _PlainMethod(wraps=call if bound else None)
    signature = inspect.signature(specified)
    if inspect.isfunction(inspect.getattr_static(model, name)):  # neither a static nor a class method
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
    vars(method)[_SIGNATURE] = signature
    return method


def _attribute(of: Any, name: str) -> property:
    return property(lambda _: getattr(of, name), lambda _, value: setattr(of, name, value))
