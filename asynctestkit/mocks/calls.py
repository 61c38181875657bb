"""The calls of asynchronous mocks: where each was made, whether it was awaited, and in which order.

`unittest.mock` records arguments only. This module adds to its records the user's line of each call and of
each await, and the order of the awaits.
"""

from __future__ import annotations

import builtins
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NamedTuple
from unittest import mock

from ..cpython import loop_internals
from ..cpython.changes import install_once
from ..cpython.mock_internals import ASYNC_MOCK, is_mock_call, mock_call_in, mock_name, stamp_mock_calls
from ..cpython.originals import asyncio, gc
from ..stacks.code_owners import is_machinery
from ..stacks.places import Place

__all__ = [
    "BEFORE_AWAIT",
    "MockCall",
    "await_order",
    "awaited_name",
    "call_of",
    "calling_line",
    "forgotten_calls",
    "is_async_mock",
    "keep_coroutine",
    "listen_for_awaits",
    "signature_text",
]

BEFORE_AWAIT = "_asynctestkit_before_await"
"""The attribute of a mock that holds a function to call as each await of the mock begins; it may raise."""

_SITE = "_asynctestkit_site"
_ORDER = "_asynctestkit_order"
_COROUTINE = "_asynctestkit_coroutine"


class MockCall(NamedTuple):
    """One call of a mock: the mock's name, the arguments, and the user's line (None if unknown)."""

    name: str
    arguments: str
    site: Place | None

    def __str__(self) -> str:
        return f"{self.name}{self.arguments}" + (f" at {self.site}" if self.site else "")


def is_async_mock(obj: object) -> bool:
    """Whether calls of a mock have to be awaited. Its type decides: a `spec` changes `isinstance`."""
    return issubclass(type(obj), ASYNC_MOCK)


def calling_line() -> Place | None:
    """The innermost line of the user's code on the stack; None if the loop called us directly."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not loop_internals.RUN_CALLBACK:
        code = frame.f_code
        # What autospec generates has no file.
        if not is_machinery(code.co_filename) and code.co_filename != "<string>":
            return Place(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return None


def signature_text(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The arguments as they are written in a call; long ones are cut."""
    shown = [_shown(value) for value in args]
    shown += [f"{name}={_shown(value)}" for name, value in kwargs.items()]
    return f"({', '.join(shown)})"


def keep_coroutine(double: Any, coroutine: Any) -> None:
    """Records the coroutine of a mock's latest call: its state shows whether the call was forgotten.

    A coroutine that was closed, or cancelled with its task before it began, was not forgotten. The mock's own
    records do not show that.
    """
    vars(double.call_args)[_COROUTINE] = coroutine


def forgotten_calls(double: Any, *, close: bool = False) -> list[MockCall]:
    """The calls of one asynchronous mock that were never awaited; `close` closes their coroutines."""
    waiting: dict[Any, list[Any]] = {}
    for record in double.call_args_list:
        waiting.setdefault(_identity(record), []).append(record)
    for record in double.await_args_list:
        same = waiting.get(_identity(record))
        if same:  # a reset between call and await forgets the call
            line = vars(record).get(_SITE)
            here = [each for each in same if vars(each).get(_SITE) == line]
            _remove(same, here[0] if here else same[0])
    left = {id(record) for same in waiting.values() for record in same}
    forgotten = []
    for record in double.call_args_list:
        coroutine = vars(record).get(_COROUTINE)
        settled = coroutine is not None and inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED
        if id(record) in left and not settled:
            forgotten.append(_described(double, record))
            if close and coroutine is not None:
                coroutine.close()
    return forgotten


def call_of(coroutine: Any) -> MockCall | None:
    """The mock call that made a coroutine, which has not begun; None for other coroutines.

    Found by the collector's references: on 3.10 `cr_frame.f_locals` resurrects a coroutine in its finalizer.
    """
    held = gc.get_referents(coroutine)
    held += [deeper for frame in held if isinstance(frame, FrameType) for deeper in gc.get_referents(frame)]
    for each in held:
        if isinstance(each, MockCall):  # the coroutine of a session's request has it as an argument
            return each
    if not is_mock_call(coroutine.cr_code):
        return None
    double = next(each for each in held if is_async_mock(each))
    args = next(each for each in held if isinstance(each, tuple) and each is not coroutine.cr_origin)
    dicts = (each for each in held if isinstance(each, dict))
    kwargs = next(each for each in dicts if each is not _globals and each is not _builtins)
    wanted = _identity((args, kwargs))
    records = [record for record in double.call_args_list if _identity(record) == wanted]
    if not records:  # the mock was reset since
        return MockCall(mock_name(double), signature_text(args, kwargs), None)
    kept = [record for record in records if vars(record).get(_COROUTINE) is coroutine]
    return _described(double, (kept or records)[-1])


def awaited_name(frame: FrameType | None) -> str:
    """The name of the mock whose side effect is called from this frame; "" if there is none."""
    call = mock_call_in(frame) if frame is not None else None
    return mock_name(call[0]) if call is not None else ""


def await_order(double: Any) -> list[int]:
    """The position of each await of a mock in the order in which the awaits of all mocks began."""
    return [vars(record)[_ORDER] for record in double.await_args_list]


class listen_for_awaits:  # lower case: it is used like contextlib's functions
    """`with`: calls `wake`, in the loop that entered the block, whenever the mock is awaited."""

    def __init__(self, double: Any, wake: Callable[[], None]) -> None:
        self.double = double
        self.wake = wake
        self.loop = asyncio.get_running_loop()

    def __enter__(self) -> None:
        _listeners.append(self)

    def __exit__(self, *_: object) -> None:
        _listeners.remove(self)


_globals, _builtins = vars(mock), vars(builtins)
_listeners: list[listen_for_awaits] = []
_numbers: Iterator[int] = itertools.count()


def _on_call(record: Any) -> None:
    vars(record)[_SITE] = calling_line()


def _on_await(double: Any, record: Any) -> None:
    before = vars(double).get(BEFORE_AWAIT)
    if before is not None:
        before(double)
    vars(record)[_SITE] = calling_line()
    vars(record)[_ORDER] = next(_numbers)
    for listener in tuple(_listeners):
        if listener.double is double:
            listener.loop.call_soon_threadsafe(listener.wake)


install_once("unittest.mock: call_args and await_args", stamp_mock_calls, _on_call, _on_await)


def _described(double: Any, record: Any) -> MockCall:
    args, kwargs = record
    return MockCall(mock_name(double), signature_text(args, kwargs), vars(record).get(_SITE))


def _identity(record: Any) -> Any:
    """A key that is equal for the records of one call and its await: they hold the same objects.

    Comparing the records themselves would run the `__eq__` of the user's arguments.
    """
    args, kwargs = record
    return tuple(map(id, args)), tuple((name, id(value)) for name, value in kwargs.items())


def _remove(records: list[Any], record: Any) -> None:
    del records[next(index for index, each in enumerate(records) if each is record)]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


_LONGEST_TEXT = 80
