"""A mock with the public face of a plain object, which does the work.

The object is of an ordinary class and behaves as the real thing; its face lets a test look and interfere.
Each method is a mock that wraps the object's: what a test scripts there goes first.
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
    """The mock that shows `of`, with its methods, special ones included, and its attributes.

    With a class as `spec` it passes for an instance of that: it has the methods of that class, no others, and
    they take the same arguments. Those that the object does not know are mocks to be scripted.
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
    """An object that has a face."""

    _asynctestkit_face: Any
    _asynctestkit_responses: Sequence[Any] = ()
    """Mocks that it has given out, to be looked through with it."""

    def _asynctestkit_unfinished(self) -> list[str]:
        """What is wrong with it at the end of a test, a line or more each."""
        return []

    def _asynctestkit_off_script(self) -> list[str]:
        """What has gone otherwise than scripted."""
        return []

    def _asynctestkit_forgotten(self, *, close: bool) -> list[MockCall]:
        """Calls that nothing has awaited, and that its mocks do not record; `close` ends them."""
        return []


class _Part:
    """A method of a face, made when it is first looked at, as a mock takes its time to make.

    It stays on the type, where special methods are looked up. A mock is no function, so that there it would
    not be bound: `async with` would call it without the object, AsyncExitStack and enterAsyncContext, which
    call `type(cm).__aenter__(cm)`, with it.
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

            async def call_async(each: Any, *args: Any) -> Any:  # unittest asks what a cleanup is
                return await call(each, *args)

            return call_async if self._is_async else call
        if self._method is None:
            self._method = self._make()
            setattr(shown, self._name, self._method)  # makes it a child; of special ones, on the type
            if self._name in _SPECIAL:
                setattr(owner, self._name, self)
        return self._method


class _Checked:
    """Of the mock classes: a call with arguments that the method does not take fails when it is made."""

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
    if inspect.isfunction(inspect.getattr_static(model, name)):  # neither static nor of the class
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
    vars(method)[_SIGNATURE] = signature
    return method


def _attribute(of: Any, name: str) -> property:
    return property(lambda _: getattr(of, name), lambda _, value: setattr(of, name, value))
