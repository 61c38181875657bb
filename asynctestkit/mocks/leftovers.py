"""What was forgotten on mocks: calls to await, contexts to leave, responses to release, scripts to use up."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from types import CoroutineType
from typing import Any
from unittest.mock import NonCallableMock

from ..cpython.mock_internals import mock_name, mocks_below
from ..cpython.originals import gc
from .calls import MockCall, forgotten_calls, is_async_mock, signature_text
from .faces import object_behind
from .outcomes import Script

__all__ = ["forgotten", "mock_of", "not_given_back", "rendered_unfinished", "unfinished"]


def mock_of(obj: Any) -> Any:
    """The mock itself, or that of a function made by `create_autospec` or `patchAsync`; None for others."""
    if issubclass(type(obj), NonCallableMock):
        return obj
    inner = vars(obj).get("mock") if inspect.isroutine(obj) and hasattr(obj, "__dict__") else None
    return inner if issubclass(type(inner), NonCallableMock) else None


def forgotten(doubles: Iterable[Any], *, close: bool = False) -> list[MockCall]:
    """The calls never awaited on these mocks and all below them; `close` closes their coroutines."""
    calls: list[MockCall] = []
    for double in _with_all_below(doubles):
        if is_async_mock(double):
            calls += forgotten_calls(double, close=close)
        if (of := object_behind(double)) is not None:
            calls += of._asynctestkit_forgotten(close=close)
    return calls + [call for double in doubles for call in _never_recorded(double)]


def unfinished(doubles: Iterable[Any], *, close: bool = False, spares_scripts: bool = False) -> list[str]:
    """Everything that was forgotten on these mocks and on all below them, a line or more each.

    `spares_scripts` leaves out the deviations from what the test scripted.
    """
    lines = [f"called, never awaited: {call}" for call in forgotten(doubles, close=close)]
    for double in _with_all_below(doubles):
        name = mock_name(double)
        script = getattr(getattr(double, "side_effect", None), "__self__", None)
        found = script.unfinished() if isinstance(script, Script) and not spares_scripts else []
        if (of := object_behind(double)) is not None:
            found += of._asynctestkit_unfinished()
            found += [] if spares_scripts else of._asynctestkit_off_script()
        lines += [f"{name}: {line}" for line in found]
    return lines


def not_given_back(doubles: Iterable[Any]) -> list[str]:
    """The contexts not left and the responses not released on these mocks and all below them, a line each."""
    behind = ((mock_name(double), object_behind(double)) for double in _with_all_below(doubles))
    return [
        f"{name}: {line}" for name, of in behind if of is not None for line in of._asynctestkit_unfinished()
    ]


def rendered_unfinished(lines: Iterable[str]) -> str:
    """The message that reports these lines."""
    remedy = "remedy: have the code under test do what is listed, or script no more than it uses"
    return "\n".join(["left over on mocks:", *(f"- {line}" for line in lines), remedy])


def _with_all_below(doubles: Iterable[Any]) -> Iterator[Any]:
    """These and all mocks below them, each once: children, return values, attributes, mocks handed out."""
    left = [mock_of(each) for each in reversed(list(doubles))]
    seen: set[int] = set()
    while left:
        double = left.pop()
        if double is None or id(double) in seen:
            continue
        seen.add(id(double))
        yield double
        # Private attributes lead up to the parent.
        held = [value for name, value in vars(double).items() if not name.startswith("_")]
        held += mocks_below(double)
        if (of := object_behind(double)) is not None:
            held += [*vars(of).values(), *of._asynctestkit_responses]
        left += [inner for inner in map(mock_of, reversed(held)) if inner is not None]


def _never_recorded(function: Any) -> list[MockCall]:
    """The calls of an autospecced coroutine function that are still to be awaited.

    From 3.13 these record a call only when it is awaited. A call whose coroutine was dropped is not found
    here: the sweep reports the coroutine.
    """
    if mock_of(function) is function or not inspect.iscoroutinefunction(function):
        return []
    held = [each for each in gc.get_referrers(function) if isinstance(each, CoroutineType)]
    waiting = [each for each in held if inspect.getcoroutinestate(each) == inspect.CORO_CREATED]
    arguments = [inspect.getcoroutinelocals(each) for each in waiting]
    return [MockCall(function.__name__, signature_text(a["args"], a["kwargs"]), None) for a in arguments]
