"""Assertions about asynchronous mocks: `MockAssertions`."""

from __future__ import annotations

import math
import unittest
from typing import TYPE_CHECKING, Any

from ..cpython.mock_internals import mock_name
from ..cpython.originals import asyncio
from ..mocks.calls import await_order, forgotten_calls, is_async_mock, listen_for_awaits
from ..mocks.leftovers import forgotten, mock_of, rendered_unfinished, unfinished
from ..mocks.outcomes import require_seconds

__all__ = ["MockAssertions"]

__unittest = True


class MockAssertions(unittest.TestCase if TYPE_CHECKING else object):  # type: ignore[misc]  # a mixin
    """For any mocks of `unittest.mock` and autospecced functions, wherever they were created."""

    def assertAllAwaited(self, *mocks: Any, msg: object = None) -> None:
        """Asserts that every call of every asynchronous mock among these, and of all below them, was awaited.

        Children of children, return values and mocks set as attributes count. Names the calls that were not,
        with their arguments and lines. A call that was given to a task counts when the task has begun it.
        """
        _require_mocks(mocks)
        calls = forgotten(mocks)
        if calls:
            lines = [f"- {call}" for call in calls]
            many = "1 call was" if len(calls) == 1 else f"{len(calls)} calls were"
            self._fail_on_mocks(
                f"{many} never awaited:\n" + "\n".join([*lines, "remedy: add the missing `await`"]), msg
            )

    def assertNothingForgotten(self, *mocks: Any, msg: object = None) -> None:
        """Asserts that nothing is left over on these mocks and all below them.

        Calls never awaited, contexts entered and never left, responses never released, scripted outcomes
        never used, requests without a route. MockBuilders asserts this when a test ends.
        """
        _require_mocks(mocks)
        lines = unfinished(mocks)
        if lines:
            self._fail_on_mocks(rendered_unfinished(lines), msg)

    def assertAwaitedInOrder(self, *mocks: Any, msg: object = None) -> None:
        """Asserts that the mocks were awaited in this order; other awaits may lie in between.

        A mock that is given twice has to have been awaited twice. What counts is when each await began.
        """
        doubles = _require_async_mocks("assertAwaitedInOrder", mocks)
        actual = sorted({(number, mock_name(double)) for double in doubles for number in await_order(double)})
        last = -1
        for place, double in enumerate(doubles, 1):
            later = [number for number in await_order(double) if number > last]
            if not later:
                expected = ", ".join(map(mock_name, doubles))
                what = "not awaited after the ones before" if await_order(double) else "never awaited"
                self._fail_on_mocks(
                    f"expected the awaits of {expected}, in this order; number {place}, {mock_name(double)}, "
                    f"was {what}.\n"
                    f"They were awaited in the order {', '.join(name for _, name in actual) or '(none)'}\n"
                    "remedy: correct the order in the code under test, or in this assertion",
                    msg,
                )
            last = min(later, default=last)

    async def assertMockAwaitedWithin(
        self, mock: Any, seconds: float, count: int = 1, *, msg: object = None
    ) -> None:
        """Waits until the mock was awaited `count` times in all, for at most `seconds` of the loop's clock.

        Awaits before this call count, and each counts when it begins. Nothing is polled.
        """
        (double,) = _require_async_mocks("assertMockAwaitedWithin", (mock,))
        require_seconds("assertMockAwaitedWithin", seconds)
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"count is {count!r}, expected a number of awaits")
        if count < 1:
            raise ValueError(f"count is {count!r}, expected at least 1; for none, use assert_not_awaited()")
        changed = asyncio.Event()
        timers = [asyncio.get_running_loop().call_later(seconds, changed.set)] if seconds < math.inf else []
        try:
            with listen_for_awaits(double, lambda: changed.set() if double.await_count >= count else None):
                if double.await_count < count:
                    await changed.wait()
        finally:
            for timer in timers:
                timer.cancel()
        if double.await_count < count:
            forgotten_here = "".join(f"\n- called, never awaited: {call}" for call in forgotten_calls(double))
            self._fail_on_mocks(
                f"{mock_name(double)} was awaited {_times(double.await_count)} within {seconds:g} s, "
                f"expected {_times(count)}{forgotten_here}\n"
                f"remedy: find out why it is not awaited, or allow more than {seconds:g} s",
                msg,
            )

    def _fail_on_mocks(self, text: str, msg: object) -> None:
        raise self.failureException(self._formatMessage(msg, text)) from None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _require_mocks(mocks: tuple[Any, ...]) -> list[Any]:
    if not mocks:
        raise TypeError("expected at least one mock")
    for each in mocks:
        if mock_of(each) is None:
            raise TypeError(f"{each!r} is not a mock, nor a function made by create_autospec or patchAsync")
    return [mock_of(each) for each in mocks]


def _require_async_mocks(asked: str, mocks: tuple[Any, ...]) -> list[Any]:
    doubles = _require_mocks(mocks)
    for double in doubles:
        if not is_async_mock(double):
            raise TypeError(f"{asked} needs asynchronous mocks, and {double!r} is none")
    return doubles
