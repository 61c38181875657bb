"""Mocks of asynchronous iterators, such as cursors, subscriptions and streams of messages."""

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
    """A mock for `async for`; its `__anext__` and `aclose` are AsyncMocks, and `aclose` ends it.

    An exception among the items (instance or class) is raised at that point; the items after it can still be
    requested. `after(seconds, item)` delays an item, and `never()` never gives one. A generator, even an
    endless one, is consumed item by item, and each item takes a turn of the loop, so that the consumer can be
    cancelled.
    """
    return face(_Iterator(items), "iterator")
