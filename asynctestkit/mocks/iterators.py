"""Asynchronous iterators: cursors, subscriptions, streams of messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence, Sized
from functools import partial
from itertools import chain
from typing import Any

from ..cpython.originals import asyncio
from .faces import Shown, face
from .faults import Raisable, connection_lost, may_fail
from .outcomes import error_of, errors_like, perform

__all__ = ["async_iterator"]

__unittest = True


class _Iterator(Shown, AsyncIterator[Any]):
    def __init__(self, items: Iterable[Any]) -> None:
        self._suspends = not isinstance(items, Sized)
        self._known = items if isinstance(items, Sized) else ()
        self._items: Iterator[Any] = iter(items)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        for step in self._items:
            if self._suspends:
                await asyncio.sleep(0)
            if error_of(step) is None:
                may_fail(self, "iterator", self._errors, partial(self._take_back, step))
            return await perform(step)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._items = iter(())

    def _take_back(self, step: Any) -> None:
        self._items = chain((step,), self._items)

    def _errors(self) -> Sequence[Raisable]:
        return errors_like(self._known, connection_lost)


def async_iterator(items: Iterable[Any]) -> Any:
    """A mock for `async for`; its `__anext__` and `aclose` are AsyncMocks, and `aclose` brings it to its end.

    An exception among the items (instance or class) is raised at that point, and the items after it come
    when asked for; `after(seconds, item)` and `never()` take their time. A generator, even one without end,
    is asked item by item, and then each takes a turn of the loop, so that the consumer can be cancelled.
    """
    return face(_Iterator(items), "iterator")
