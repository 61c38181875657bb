"""Mocks of asynchronous context managers, such as connections, transactions and locks."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from types import TracebackType
from typing import Any

from ..cpython.mock_internals import is_overridden
from ..stacks.places import Place
from .calls import calling_line
from .faces import Shown, face
from .faults import connection_lost, explored_faults, injected_error, may_fail
from .outcomes import after, error_of, is_error, never, perform

__all__ = ["async_context"]

__unittest = True


class _Context(Shown, contextlib.AbstractAsyncContextManager[Any]):
    def __init__(
        self,
        value: Any,
        enter_raises: BaseException | type[BaseException] | None,
        exit_raises: BaseException | type[BaseException] | None,
        suppresses: bool,
    ) -> None:
        self._value = value
        self._enter_raises = enter_raises
        self._exit_raises = exit_raises
        self._suppresses = suppresses
        self._entered_at: list[Place | None] = []

    async def __aenter__(self) -> Any:
        line = calling_line()
        value = await self._enter()
        self._entered_at.append(line)
        if (faults := explored_faults()) is not None:
            faults.enter(self)
        return value

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool:
        if (faults := explored_faults()) is not None:
            faults.leave(self)
        if self._entered_at:  # it may have been entered through a return_value of the test's own
            self._entered_at.pop()
        if error_of(self._exit_raises) is None:
            injected = injected_error(self, _NAME, connection_lost, "__aexit__")
            if injected is not None:
                raise injected  # a call that was made: nobody leaves a context twice
        await perform(self._exit_raises)
        return self._suppresses

    async def _enter(self) -> Any:
        if error_of(self._enter_raises) is None:
            may_fail(self, _NAME, connection_lost)
        await perform(self._enter_raises)
        return self._value

    def _asynctestkit_unfinished(self) -> list[str]:
        if is_overridden(self._asynctestkit_face.__aexit__):
            return []  # the test has replaced it, so whether it was left is unknown
        return [f"entered and never left{f' at {line}' if line else ''}" for line in self._entered_at]


_NAME = "context"
"""What the calls are called in schedules."""


class _AwaitableContext(_Context):
    def __await__(self) -> Generator[Any, Any, Any]:
        # Not through `__aenter__`, which would expect an `__aexit__`: none follows an await.
        return self._enter().__await__()


def async_context(
    value: Any = None,
    *,
    enter_raises: BaseException | type[BaseException] | None = None,
    exit_raises: BaseException | type[BaseException] | None = None,
    suppresses: bool = False,
    awaitable: bool = False,
) -> Any:
    """A mock for `async with … as value`; its `__aenter__` and `__aexit__` are AsyncMocks.

    `__aexit__` raises `exit_raises` however the body ends; with `suppresses` it swallows the body's
    exception. With `awaitable`, `await` returns the value as well, as with aiohttp and asyncpg. The mock can
    be entered repeatedly and concurrently. `__aexit__.await_args` shows how the body ended.
    """
    for name, step in (("enter_raises", enter_raises), ("exit_raises", exit_raises)):
        if step is not None and not is_error(step) and not isinstance(step, after | never):
            raise TypeError(f"{name} is {step!r}, expected an exception, after(seconds, …) or never()")
    kind = _AwaitableContext if awaitable else _Context
    return face(kind(value, enter_raises, exit_raises, suppresses), "context")
