"""Scripts for what an asynchronous call comes to: values, exceptions, delays, and no end at all."""

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


class after:  # a function to its users
    """A step that takes `seconds`, on the loop's clock, and then is another step (None by default)."""

    def __init__(self, seconds: float, step: Any = None) -> None:
        require_seconds("after", seconds)
        self.seconds = seconds
        self.step = step

    def __repr__(self) -> str:
        return f"after({self.seconds!r}, {self.step!r})"


class never:  # a function to its users
    """A step that never comes to an end by itself; its cancellation is let through."""

    def __repr__(self) -> str:
        return "never()"


def require_seconds(whose: str, seconds: object) -> None:
    """TypeError or ValueError for what is no length of time."""
    if isinstance(seconds, bool) or not isinstance(seconds, Real):
        raise TypeError(f"{whose}: seconds is {seconds!r}, expected a number")
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{whose}: seconds is {seconds!r}, expected a number that is not negative")


def is_error(step: object) -> TypeGuard[Raisable]:
    """Whether a step is an exception to raise."""
    return isinstance(step, BaseException) or (isinstance(step, type) and issubclass(step, BaseException))


def error_of(step: Any) -> Raisable | None:
    """What a step raises in the end; None for one that does not."""
    while isinstance(step, after):
        step = step.step
    return step if is_error(step) else None


def errors_like(steps: Iterable[Any], otherwise: Callable[[], Sequence[Raisable]]) -> Sequence[Raisable]:
    """What a call can fail with: as the test has another fail, the first that it has; else otherwise."""
    errors = [error for error in map(error_of, steps) if error is not None]
    for error in errors:
        if issubclass(error if isinstance(error, type) else type(error), Exception):
            return (error,)
    return otherwise()


async def perform(step: Any) -> Any:
    """What a step comes to, in its time. Reports show `step` as what the caller waits on."""
    while isinstance(step, after):
        await asyncio.sleep(step.seconds)
        step = step.step
    if isinstance(step, never):
        await asyncio.get_running_loop().create_future()
    if is_error(step):
        # An instance that is raised again would carry the frames of all the times before.
        raise step.with_traceback(None) if isinstance(step, BaseException) else step
    return step


class Script:
    """Steps that are used up in order; ScriptError when there is none left."""

    def __init__(self, steps: Sequence[Any], what: str = "outcome") -> None:
        self.steps = tuple(steps)
        self.refused: list[str] = []
        """The calls that came when all steps were used."""
        self._left = collections.deque(steps)
        self._what = what

    @property
    def used(self) -> int:
        """How many steps were taken."""
        return len(self.steps) - len(self._left)

    def take(self, call: str) -> Any:
        """The next step, for a call that is described like this."""
        if not self._left:
            text = f"{call} is one call more than scripted: {self}"
            self.refused.append(f"the code under test swallowed an error: {text}")
            remedy = f"remedy: script {self._what}s for all calls, or find out what calls again"
            raise ScriptError(f"{text}\n{remedy}")
        return self._left.popleft()

    def take_back(self, step: Any) -> None:
        """The next call gets it, as the one that did was none."""
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
        """What is wrong with the script at the end: steps never used, calls refused."""
        left = list(self._left)
        unused = f"{len(left)} of {self._count()} never used: {', '.join(map(repr, left))}"
        return [*self.refused, *([unused] if left else [])]

    def _count(self) -> str:
        return f"{len(self.steps)} scripted {self._what}{'' if len(self.steps) == 1 else 's'}"

    def __str__(self) -> str:
        return f"{self._count()} ({', '.join(map(repr, self.steps))})"


def outcomes(*steps: Any) -> Callable[..., Coroutine[Any, Any, Any]]:
    """A `side_effect` for an AsyncMock: each call comes to the next step, begun when it is awaited.

    A step is a value, an exception (instance or class) to raise, `after(seconds, step)`, or `never()`. A call
    more than there are steps fails with ScriptError, which says how many were scripted.

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
