"""Asynchronous generators whose clean-up did not end, or failed."""

from __future__ import annotations

from types import AsyncGeneratorType
from typing import Any

from ...cpython import loop_internals, task_internals
from ...cpython.originals import asyncio
from ...loops.shutdown import CutOff
from ...stacks.await_chain import chain_of_task, coroutine_name, definition
from ...stacks.places import resolve
from ..census.dropped_generators import generator_notes
from ..census.loop_error import LoopError
from ..detector import LeakDetector
from ..leak import Leak
from .async_generators import remedy_for
from .exceptions import one_line, raised_at

__all__ = ["GeneratorCleanupLeaks", "leak_of_cut_off"]


class GeneratorCleanupLeaks(LeakDetector):
    """Generators that were left open, and whose clean-up still runs in a task of the loop's, or has failed.

    That task is not the user's, and is not reported as a task. A generator whose clean-up ends by itself is
    no leak by default; AsyncGeneratorLeaks reports that as well.
    """

    kind = "async_generator"
    types = (*task_internals.TASK_TYPES, LoopError)

    def examine(self, obj: asyncio.Task[Any] | LoopError) -> Leak | None:
        if isinstance(obj, LoopError):
            generator = obj.context.get("asyncgen") or loop_internals.generator_closed_by(obj.future)
            if generator is None or generator_notes.is_reported(generator) or obj.exception is None:
                return None
            return _failed(generator, obj.exception)
        generator = loop_internals.generator_closed_by(obj)
        if generator is None or generator_notes.is_reported(generator):
            return None
        if not obj.done():
            chain = chain_of_task(obj)
            return _leak(generator, "its clean-up still runs", chain.places, chain.waits_on)
        error = obj.exception() if task_internals.is_exception_unretrieved(obj) else None
        return _failed(generator, error) if error is not None else None


def leak_of_cut_off(cut_off: CutOff, seconds: float) -> Leak:
    """The leak for a generator whose clean-up had to be cut off when its loop was closed."""
    description = f"its clean-up was still running {seconds:g} s after the test, and was cut off"
    return _leak(cut_off.generator, description, *cut_off.chain)


def _failed(generator: AsyncGeneratorType[Any, Any], error: BaseException) -> Leak:
    return _leak(generator, f"its clean-up raised {one_line(error)}", raised_at(error))


def _leak(generator: AsyncGeneratorType[Any, Any], description: str, places: Any, waits_on: str = "") -> Leak:
    name = coroutine_name(generator)
    site = generator_notes.site_of(generator)
    return Leak(
        kind=GeneratorCleanupLeaks.kind,
        name=name,
        description=f"left open, and {description}; defined at {definition(generator)}",
        phase=site[0] if site is not None else "",
        created_at=resolve(site) if site is not None else (),
        waiting_at=places,
        coroutine=name,
        waits_on=waits_on,
        remedy=remedy_for(name),
    )
