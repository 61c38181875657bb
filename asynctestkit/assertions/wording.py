"""How the messages of assertions name things: values, awaitables, places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from unittest.util import safe_repr

from ..cpython import task_internals
from ..cpython.originals import asyncio
from ..stacks.await_chain import AwaitChain, coroutine_name, definition
from ..stacks.places import Place
from ..stacks.rendering import render_chain

__all__ = ["LET_THROUGH", "NOT_IN_LOOP", "Subject", "after", "counted", "shown", "standing_lines"]

_LONGEST_TEXT = 200

LET_THROUGH = "let CancelledError through: re-raise it, and catch Exception rather than BaseException"
"""The remedy for code that refuses to be cancelled."""

NOT_IN_LOOP = "move what blocks into asyncio.to_thread(…)"
"""The remedy for code that holds the loop."""


class Subject:
    """What an assertion is about: its `name` begins the message, `place` is its definition, if known."""

    def __init__(self, awaitable: Any) -> None:
        coroutine = awaitable
        if isinstance(awaitable, task_internals.TASK_TYPES):
            self.name = f"task {awaitable.get_name()!r}"
            coroutine = task_internals.coroutine_of(awaitable)
        elif isinstance(awaitable, asyncio.Future):
            self.name = f"the {type(awaitable).__name__}"
        elif definition(awaitable) is not None:
            self.name = f"{coroutine_name(awaitable)}()"
        else:
            self.name = f"the awaitable {type(awaitable).__qualname__}"
        self.place: Place | None = definition(coroutine)

    def __str__(self) -> str:
        """The name, and where its code is: for messages that show no await chain."""
        return self.name if self.place is None else f"{self.name}, defined at {self.place},"


def shown(value: object) -> str:
    """A value's repr, cut to a readable length."""
    text = safe_repr(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({len(text)} characters)"


def after(seconds: float) -> str:
    """A measured duration; "at once" if it is too short to matter."""
    return f"after {seconds:.3g} s" if seconds >= 0.001 else "at once"


def counted(number: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def standing_lines(chain: AwaitChain, indent: str = "  ") -> Iterable[str]:
    """The lines on where something stood; none if that is not known."""
    lines = render_chain(chain.places, chain.waits_on, indent)
    return lines and [f"{indent[2:]}it stood at:", *lines]
