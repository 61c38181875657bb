"""The private names of `unittest.mock` that the package uses; the rules are those of `task_internals.py`.

`tests/cpython/test_mock_internals.py` has their canaries. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any
from unittest import mock

from .changes import Undo, all_of, replace

__all__ = [
    "ASYNC_MOCK",
    "CALL",
    "delegate_mock",
    "forget_call",
    "is_mock_call",
    "is_overridden",
    "mock_call_in",
    "mock_name",
    "mocks_below",
    "stamp_mock_calls",
]


ASYNC_MOCK: Any = mock.AsyncMockMixin
"""A base of every asynchronous mock, `MagicMock(spec=some_coroutine_function)` included."""

CALL: type[Any] = mock._Call
"""A mock's record of a call: `_Call`, Lib/unittest/mock.py."""


def is_mock_call(code: CodeType) -> bool:
    """Whether this is the code of an asynchronous mock's call: `_execute_mock_call`, Lib/unittest/mock.py."""
    return code is ASYNC_MOCK._execute_mock_call.__code__


def mock_call_in(frame: FrameType) -> tuple[Any, tuple[Any, ...], dict[str, Any]] | None:
    """The mock that is being awaited in a frame, and its arguments; None if there is none.

    The variables of `_execute_mock_call`, Lib/unittest/mock.py.
    """
    if not is_mock_call(frame.f_code):
        return None
    variables = frame.f_locals
    return variables["self"], variables["args"], variables["kwargs"]


def mock_name(double: Any) -> str:
    """The name of a mock, "session.get" or else "mock": `_extract_mock_name`, Lib/unittest/mock.py."""
    return str(double._extract_mock_name())


def mocks_below(double: Any) -> list[Any]:
    """The children of a mock and its return value: `_mock_children`, Lib/unittest/mock.py.

    This creates no mock; the public `return_value` would create one, which calls would then return.
    """
    inner = [*double._mock_children.values(), double._mock_return_value]
    return [each for each in inner if isinstance(each, mock.NonCallableMock)]


def is_overridden(double: Any) -> bool:
    """Whether a wrapping mock has an effect or value set: `_mock_return_value`, Lib/unittest/mock.py."""
    return double.side_effect is not None or double._mock_return_value is not mock.DEFAULT


def delegate_mock(double: Any, function: Callable[..., Any]) -> None:
    """Has a mock keep its state on a function, as autospec does: `_mock_delegate`, Lib/unittest/mock.py."""
    double._mock_delegate = function


def forget_call(double: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Removes the latest call with those very arguments from all records, as if it had not been made.

    Undoes what `_increment_mock_call` and `_execute_mock_call`, Lib/unittest/mock.py, recorded, also on the
    parents (`_mock_new_parent`, `_mock_new_name`); `_mock_delegate` may keep the latest call and await.
    """
    if not _drop(double.call_args_list, "", args, kwargs):
        return
    double.call_count -= 1
    double.called = bool(double.call_count)
    _set_latest(double, "call_args", double.call_args_list)
    _drop(double.mock_calls, "", args, kwargs)
    if isinstance(double, ASYNC_MOCK):
        double.await_count -= 1
        _drop(double.await_args_list, "", args, kwargs)
        _set_latest(double, "await_args", double.await_args_list)
    parent, name = double._mock_new_parent, double._mock_new_name
    while parent is not None:
        for records in (parent.mock_calls, parent.method_calls):
            _drop(records, name, args, kwargs)
        parent = parent._mock_new_parent


def _drop(records: list[Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Removes the latest record of that call; returns whether there was one. Runs no `==` of the user's."""
    for place in range(len(records) - 1, -1, -1):
        *named, its_args, its_kwargs = records[place]
        is_it = [*map(id, its_args)] == [*map(id, args)] and [*its_kwargs] == [*kwargs]
        if is_it and all(its_kwargs[key] is kwargs[key] for key in kwargs) and "".join(named).endswith(name):
            del records[place]
            return True
    return False


def _set_latest(double: Any, name: str, records: list[Any]) -> None:
    """Bypasses the properties, which treat what they are given as a new call."""
    latest = records[-1] if records else None
    if double._mock_delegate is None:
        vars(double)[f"_mock_{name}"] = latest
    else:
        setattr(double._mock_delegate, name, latest)


def stamp_mock_calls(on_call: Callable[[Any], None], on_await: Callable[[Any, Any], None]) -> Undo:
    """Calls `on_call` with each record of a call, and `on_await` with each mock and record of an await.

    `_increment_mock_call` and `_execute_mock_call`, Lib/unittest/mock.py, assign the new record to
    `call_args` and `await_args`, properties that asynchronous mocks get a setter for here. The records
    hold neither time nor place. Replacing the methods would work too, but would show in every traceback.
    """
    undo_calls = _watch_assignment("call_args", lambda double, record: on_call(record))
    return all_of([undo_calls, _watch_assignment("await_args", on_await)])


def _watch_assignment(name: str, hook: Callable[[Any, Any], None]) -> Undo:
    original: Any = getattr(ASYNC_MOCK, name, None) or getattr(mock.NonCallableMock, name)

    def assign(double: Any, record: Any) -> None:
        if record is not None:  # None is a reset
            hook(double, record)
        original.fset(double, record)

    return replace(ASYNC_MOCK, name, property(original.fget, assign))
