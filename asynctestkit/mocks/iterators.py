"""Asynchronous iterators: cursors, subscriptions, streams of messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sized
from typing import Any

from ..cpython.originals import asyncio
from .faces import Shown, face
from .outcomes import perform

__all__ = ["async_iterator"]

__unittest = True


class _Iterator(Shown, AsyncIterator[Any]):
    def __init__(self, items: Iterable[Any]) -> None:
        self._suspends = not isinstance(items, Sized)
        self._items = iter(items)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        for step in self._items:
            if self._suspends:
                await asyncio.sleep(0)
            return await perform(step)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._items = iter(())


def async_iterator(items: Iterable[Any]) -> Any:
    """A mock for `async for`; its `__anext__` and `aclose` are AsyncMocks, and `aclose` brings it to its end.

    An exception among the items (instance or class) is raised at that point, and the items after it come
    when asked for; `after(seconds, item)` and `never()` take their time. A generator, even one without end,
    is asked item by item, and then each takes a turn of the loop, so that the consumer can be cancelled.
    """
    return face(_Iterator(items), "iterator")
