"""What was forgotten on mocks: to await calls, leave contexts, release responses, use up scripts."""

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

__all__ = ["forgotten", "mock_of", "rendered_unfinished", "unfinished"]


def mock_of(obj: Any) -> Any:
    """A mock itself; that of a function made by `create_autospec` or `patchAsync`; None for anything else."""
    if issubclass(type(obj), NonCallableMock):
        return obj
    inner = vars(obj).get("mock") if inspect.isroutine(obj) and hasattr(obj, "__dict__") else None
    return inner if issubclass(type(inner), NonCallableMock) else None


def forgotten(doubles: Iterable[Any], *, close: bool = False) -> list[MockCall]:
    """Every call that nothing has awaited, on these mocks and all below them; `close` ends what is left."""
    calls: list[MockCall] = []
    for double in _with_all_below(doubles):
        if is_async_mock(double):
            calls += forgotten_calls(double, close=close)
        if (of := object_behind(double)) is not None:
            calls += of._asynctestkit_forgotten(close=close)
    return calls + [call for double in doubles for call in _never_recorded(double)]


def unfinished(doubles: Iterable[Any], *, close: bool = False, spares_scripts: bool = False) -> list[str]:
    """Everything that was forgotten on these mocks and on all below them, a line or more each.

    Without what has gone otherwise than scripted, where that is spared.
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


def rendered_unfinished(lines: Iterable[str]) -> str:
    """The failure that reports these."""
    remedy = "remedy: have the code under test do what is listed, or script no more than it uses"
    return "\n".join(["left over on mocks:", *(f"- {line}" for line in lines), remedy])


def _with_all_below(doubles: Iterable[Any]) -> Iterator[Any]:
    """Mocks, each once: children, return values, attributes, what a face shows or has given out."""
    left = [mock_of(each) for each in reversed(list(doubles))]
    seen: set[int] = set()
    while left:
        double = left.pop()
        if double is None or id(double) in seen:
            continue
        seen.add(id(double))
        yield double
        # Private ones lead up, to the parent.
        held = [value for name, value in vars(double).items() if not name.startswith("_")]
        held += mocks_below(double)
        if (of := object_behind(double)) is not None:
            held += [*vars(of).values(), *of._asynctestkit_responses]
        left += [inner for inner in map(mock_of, reversed(held)) if inner is not None]


def _never_recorded(function: Any) -> list[MockCall]:
    """The calls of an autospecced coroutine function that wait to be awaited.

    From 3.13 these record a call only when it is awaited. One that was dropped meanwhile is not found here:
    it is a leak of a coroutine.
    """
    if mock_of(function) is function or not inspect.iscoroutinefunction(function):
        return []
    held = [each for each in gc.get_referrers(function) if isinstance(each, CoroutineType)]
    waiting = [each for each in held if inspect.getcoroutinestate(each) == inspect.CORO_CREATED]
    arguments = [inspect.getcoroutinelocals(each) for each in waiting]
    return [MockCall(function.__name__, signature_text(a["args"], a["kwargs"]), None) for a in arguments]
