"""The private names of `unittest.mock` that the package uses; as in `task_internals.py`.

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
"""What every asynchronous mock is, `MagicMock(spec=some_coroutine_function)` included."""

CALL: type[Any] = mock._Call
"""What a mock notes of a call: `_Call`, Lib/unittest/mock.py."""


def is_mock_call(code: CodeType) -> bool:
    """Whether a coroutine is the call of an asynchronous mock: `_execute_mock_call`, Lib/unittest/mock.py."""
    return code is ASYNC_MOCK._execute_mock_call.__code__


def mock_call_in(frame: FrameType) -> tuple[Any, tuple[Any, ...], dict[str, Any]] | None:
    """The mock that is being awaited in a frame, and the arguments; None where none is.

    The variables of `_execute_mock_call`, Lib/unittest/mock.py.
    """
    if not is_mock_call(frame.f_code):
        return None
    variables = frame.f_locals
    return variables["self"], variables["args"], variables["kwargs"]


def mock_name(double: Any) -> str:
    """What a mock is called, "session.get" or else "mock": `_extract_mock_name`, Lib/unittest/mock.py."""
    return str(double._extract_mock_name())


def mocks_below(double: Any) -> list[Any]:
    """The children of a mock and its return value: `_mock_children`, Lib/unittest/mock.py.

    None is made by looking; the public `return_value` makes one, which then is what calls return.
    """
    inner = [*double._mock_children.values(), double._mock_return_value]
    return [each for each in inner if isinstance(each, mock.NonCallableMock)]


def is_overridden(double: Any) -> bool:
    """Whether somebody has scripted a wrapping mock: `_mock_return_value`, Lib/unittest/mock.py."""
    return double.side_effect is not None or double._mock_return_value is not mock.DEFAULT


def delegate_mock(double: Any, function: Callable[..., Any]) -> None:
    """Has a mock keep its state on a function, as autospec does: `_mock_delegate`, Lib/unittest/mock.py."""
    double._mock_delegate = function


def forget_call(double: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Takes the latest call with those very arguments out of all records, as if it had not been made.

    What `_increment_mock_call` and `_execute_mock_call`, Lib/unittest/mock.py, have noted, on the parents
    as well: `_mock_new_parent`, `_mock_new_name`; the latest call and await are kept by `_mock_delegate`.
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
    """Takes out the latest record of that call; whether there was one. No `==` of the user's is run."""
    for place in range(len(records) - 1, -1, -1):
        *named, its_args, its_kwargs = records[place]
        is_it = [*map(id, its_args)] == [*map(id, args)] and [*its_kwargs] == [*kwargs]
        if is_it and all(its_kwargs[key] is kwargs[key] for key in kwargs) and "".join(named).endswith(name):
            del records[place]
            return True
    return False


def _set_latest(double: Any, name: str, records: list[Any]) -> None:
    """Past the properties, which take what they are given for a new call."""
    latest = records[-1] if records else None
    if double._mock_delegate is None:
        vars(double)[f"_mock_{name}"] = latest
    else:
        setattr(double._mock_delegate, name, latest)


def stamp_mock_calls(on_call: Callable[[Any], None], on_await: Callable[[Any, Any], None]) -> Undo:
    """Shows each record of a call to `on_call`, and of an await, with its mock, to `on_await`; for good.

    `_increment_mock_call` and `_execute_mock_call`, Lib/unittest/mock.py, assign the new record to
    `call_args` and `await_args`, properties that asynchronous mocks get a setter for here. What they record
    says neither when nor where. Replacing the methods would do as well, and would show in every traceback.
    """
    undo_calls = _watch_assignment("call_args", lambda double, record: on_call(record))
    return all_of([undo_calls, _watch_assignment("await_args", on_await)])


def _watch_assignment(name: str, hook: Callable[[Any, Any], None]) -> Undo:
    original: Any = getattr(ASYNC_MOCK, name, None) or getattr(mock.NonCallableMock, name)

    def assign(double: Any, record: Any) -> None:
        if record is not None:  # a reset
            hook(double, record)
        original.fset(double, record)

    return replace(ASYNC_MOCK, name, property(original.fget, assign))
