"""Scripts for asynchronous calls: values, exceptions, delays, and calls that never end."""

from __future__ import annotations

import collections
import math
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from numbers import Real
from typing import Any, TypeGuard

from ..cpython.originals import asyncio
from ..exceptions import ScriptError
from .calls import awaited_name, signature_text
from .faults import Raisable, connection_lost, explored_faults, may_fail

__all__ = [
    "Script",
    "after",
    "error_of",
    "errors_like",
    "is_error",
    "never",
    "outcomes",
    "perform",
    "require_seconds",
]

__unittest = True


class after:  # lower case: it is used like a function
    """A step that waits `seconds` on the loop's clock, then performs another (default: returns None)."""

    def __init__(self, seconds: float, step: Any = None) -> None:
        require_seconds("after", seconds)
        self.seconds = seconds
        self.step = step

    def __repr__(self) -> str:
        return f"after({self.seconds!r}, {self.step!r})"


class never:  # lower case: it is used like a function
    """A step that never ends by itself; it can be cancelled."""

    def __repr__(self) -> str:
        return "never()"


def require_seconds(whose: str, seconds: object) -> None:
    """Raises TypeError or ValueError for a value that is not a number of seconds, 0 or more."""
    if isinstance(seconds, bool) or not isinstance(seconds, Real):
        raise TypeError(f"{whose}: seconds is {seconds!r}, expected a number")
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{whose}: seconds is {seconds!r}, expected a number that is not negative")


def is_error(step: object) -> TypeGuard[Raisable]:
    """Whether a step is an exception to raise."""
    return isinstance(step, BaseException) or (isinstance(step, type) and issubclass(step, BaseException))


def error_of(step: Any) -> Raisable | None:
    """The exception that a step raises, after its delays; None if it raises none."""
    while isinstance(step, after):
        step = step.step
    return step if is_error(step) else None


def errors_like(steps: Iterable[Any], otherwise: Callable[[], Sequence[Raisable]]) -> Sequence[Raisable]:
    """The errors to inject: the first that the test has among these steps, else those of `otherwise`."""
    errors = [error for error in map(error_of, steps) if error is not None]
    for error in errors:
        if issubclass(error if isinstance(error, type) else type(error), Exception):
            return (error,)
    return otherwise()


async def perform(step: Any) -> Any:
    """Performs a step and returns its value. Reports show `step` as what the caller waits on."""
    while isinstance(step, after):
        await asyncio.sleep(step.seconds)
        step = step.step
    if isinstance(step, never):
        await asyncio.get_running_loop().create_future()
    if is_error(step):
        # An instance that is raised again would keep the frames of every time before.
        raise step.with_traceback(None) if isinstance(step, BaseException) else step
    return step


class Script:
    """Steps that are used in order; raises ScriptError when none is left."""

    def __init__(self, steps: Sequence[Any], what: str = "outcome") -> None:
        self.steps = tuple(steps)
        self.refused: list[str] = []
        """Lines on the calls that came when all steps were used."""
        self._left = collections.deque(steps)
        self._what = what

    @property
    def used(self) -> int:
        """The number of steps taken."""
        return len(self.steps) - len(self._left)

    def take(self, call: str) -> Any:
        """Takes the next step; `call` describes the call in messages."""
        if not self._left:
            text = f"{call} is one call more than scripted: {self}"
            self.refused.append(f"the code under test swallowed an error: {text}")
            remedy = f"remedy: script {self._what}s for all calls, or find out what calls again"
            raise ScriptError(f"{text}\n{remedy}")
        return self._left.popleft()

    def take_back(self, step: Any) -> None:
        """Puts a step back for the next call, as the call that took it counts as not made."""
        self._left.appendleft(step)

    async def play(self, *args: Any, **kwargs: Any) -> Any:
        """Performs the next step, whatever the arguments."""
        number = self.used + len(self.refused) + 1
        step = self.take(f"call {number}, {signature_text(args, kwargs)},")
        if explored_faults() is not None and error_of(step) is None:
            name = awaited_name(sys._getframe(1)) or "outcomes"
            may_fail(self, name, self._errors, lambda: self.take_back(step))
        return await perform(step)

    def _errors(self) -> Sequence[Raisable]:
        return errors_like(self.steps, connection_lost)

    def unfinished(self) -> list[str]:
        """The faults at the end: steps never used, calls refused."""
        left = list(self._left)
        unused = f"{len(left)} of {self._count()} never used: {', '.join(map(repr, left))}"
        return [*self.refused, *([unused] if left else [])]

    def _count(self) -> str:
        return f"{len(self.steps)} scripted {self._what}{'' if len(self.steps) == 1 else 's'}"

    def __str__(self) -> str:
        return f"{self._count()} ({', '.join(map(repr, self.steps))})"


def outcomes(*steps: Any) -> Callable[..., Coroutine[Any, Any, Any]]:
    """A `side_effect` for an AsyncMock: each call performs the next step when it is awaited.

    A step is a value, an exception (instance or class) to raise, `after(seconds, step)`, or `never()`. A call
    beyond the last step fails with ScriptError, which says how many were scripted.

    >>> from unittest.mock import AsyncMock
    >>> fetch = AsyncMock(side_effect=outcomes("one", OSError("down"), after(0.01, "late")))
    >>> asyncio.run(fetch())
    'one'
    >>> asyncio.run(fetch())
    Traceback (most recent call last):
    OSError: down
    >>> asyncio.run(fetch())
    'late'
    """
    return Script(steps).play
