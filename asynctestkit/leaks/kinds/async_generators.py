"""Asynchronous generators that were left open."""

from __future__ import annotations

from types import AsyncGeneratorType
from typing import Any

from ...stacks.await_chain import chain_of_coroutine, coroutine_name, definition
from ..census.dropped_generators import generator_notes
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["AsyncGeneratorLeaks", "remedy_for"]


class AsyncGeneratorLeaks(LeakDetector):
    """Asynchronous generators that were started and neither exhausted nor closed by the user's code.

    A dropped generator is a leak as well: its `finally` ran whenever the loop's finalizer happened to run.
    """

    kind = "async_generator"
    types = (AsyncGeneratorType,)

    def examine(self, obj: AsyncGeneratorType[Any, Any]) -> Leak | None:
        if obj.ag_frame is None:
            return None
        generator_notes.note_reported(obj)
        name = coroutine_name(obj)
        return Leak(
            kind=self.kind,
            name=name,
            description=f"started, neither exhausted nor closed; defined at {definition(obj)}",
            waiting_at=chain_of_coroutine(obj).places,
            coroutine=name,
            remedy=remedy_for(name),
        )


def remedy_for(name: str) -> str:
    """The code that reliably closes a generator of that name."""
    return f"async with contextlib.aclosing({name.rpartition('.')[2]}(…)) as items: …"
