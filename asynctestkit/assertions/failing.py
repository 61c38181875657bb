"""The base of every assertion mixin: how it fails, and which settings apply."""

from __future__ import annotations

import inspect
import math
import re
import unittest
from collections.abc import Awaitable
from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn

from ..cpython.originals import asyncio
from ..loops.virtual.clock import VirtualClock
from ..settings import Settings

__all__ = ["Failing", "check_awaitable", "check_seconds", "close"]

__unittest = True

_SECONDS = re.compile(r"\d s\b")


class Failing(unittest.TestCase if TYPE_CHECKING else object):  # type: ignore[misc]  # a mixin
    """A mixin for a test case, with HygieneMixin or plain."""

    def _failWith(self, msg: object, text: str, cause: BaseException | None = None) -> NoReturn:
        """Raises `failureException` itself: of a subclass, unittest would print our frames."""
        raise self._failure(msg, text) from cause

    def _failure(self, msg: object, text: str) -> AssertionError:
        clock = getattr(getattr(self, "_hygieneGuard", None), "clock", None)
        if isinstance(clock, VirtualClock) and _SECONDS.search(text):
            text += "\n(seconds of virtual time)"
        failure: AssertionError = self.failureException(self._formatMessage(msg, text))
        return failure

    def _hygieneSettings(self) -> Settings:
        """The settings of this test; without HygieneMixin, those two that the class may have."""
        guard = getattr(self, "_hygieneGuard", None)
        if guard is not None:
            settings: Settings = guard.settings
            return settings
        return Settings(
            grace_period=getattr(self, "grace_period", Settings.grace_period),
            deadline=getattr(self, "deadline", Settings.deadline),
        )


def check_seconds(value: object, name: str, *awaitables: object) -> float:
    """A time in seconds; raises for anything else, and closes those `awaitables` that are coroutines."""
    wrong: Exception | None = None
    if isinstance(value, bool) or not isinstance(value, Real):
        wrong = TypeError(f"{name} must be a number of seconds, not {value!r}")
    elif math.isnan(value) or value < 0:
        wrong = ValueError(f"{name} must be a number of seconds, 0 or more, not {value!r}")
    if wrong is None:
        return float(value)  # type: ignore[arg-type]  # a Real, as was checked
    for awaitable in awaitables:
        close(awaitable)
    raise wrong


def close(awaitable: object) -> None:
    """Closes a coroutine that will not be awaited, so that no warning follows."""
    if asyncio.iscoroutine(awaitable):
        awaitable.close()


def check_awaitable(value: object, taker: str) -> None:
    """Raises TypeError for a value that cannot be awaited, with a hint for a function that was not called."""
    if not isinstance(value, Awaitable) and not inspect.isawaitable(value):
        name: Any = getattr(value, "__name__", "it")
        hint = f"; call it: {taker}({name}(…), …)" if inspect.iscoroutinefunction(value) else ""
        raise TypeError(f"{taker} takes something that can be awaited, not {value!r}{hint}")
