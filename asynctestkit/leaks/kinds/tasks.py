"""Leaked tasks: still pending when the loop has settled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...cpython import loop_internals, task_internals
from ...cpython.originals import asyncio
from ...stacks.await_chain import chain_of_task, coroutine_name, definition
from ...stacks.places import Place, creation_site, creators, resolve
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["TaskLeaks", "created_at", "created_in", "places_from_debug_mode"]


class TaskLeaks(LeakDetector):
    """Tasks of the test's loop that are pending, whatever holds them.

    Finished tasks are no leaks, retrieved or not, nor are tasks in which the loop closes a dropped generator:
    GeneratorCleanupLeaks reports those. The sweep itself cancels the leaked tasks and waits for them.
    """

    kind = "task"
    types = task_internals.TASK_TYPES

    def examine(self, obj: asyncio.Task[Any]) -> Leak | None:
        if obj.done() or loop_internals.generator_closed_by(obj) is not None:
            return None
        coroutine = obj.get_coro()
        chain = chain_of_task(obj)
        name, defined = coroutine_name(coroutine), definition(coroutine)
        return Leak(
            kind=self.kind,
            name=obj.get_name(),
            description=f"still pending: {name}()" + (f", defined at {defined}" if defined else ""),
            phase=created_in(obj),
            created_at=created_at(obj),
            waiting_at=chain.places,
            waits_on=chain.waits_on,
            coroutine=name,
            remedy=_remedy(chain.waits_on),
        )


def created_at(future: asyncio.Future[Any]) -> tuple[Place, ...]:
    """The user's lines that created a future, from our loop, debug mode, or else its coroutine's origin."""
    site = creation_site(future)
    if site is not None:
        return resolve(site)
    if isinstance(future, task_internals.TASK_TYPES):
        origin: Iterable[Any] = getattr(task_internals.coroutine_of(future), "cr_origin", None) or ()
        return places_from_debug_mode(future) or creators(origin)
    return places_from_debug_mode(future)


def created_in(future: asyncio.Future[Any]) -> str:
    """The phase that a future was created in, as our loop recorded it; "" if it did not."""
    site = creation_site(future)
    return site[0] if site is not None else ""


def places_from_debug_mode(created: asyncio.Future[Any] | asyncio.Handle) -> tuple[Place, ...]:
    """The user's lines that created a future or a timer, if asyncio's debug mode was on."""
    frames = task_internals.source_traceback(created) or ()
    return creators((frame.filename, frame.lineno, frame.name) for frame in reversed(tuple(frames)))


def _remedy(waits_on: str) -> str:
    if waits_on.startswith("Queue.get"):
        return "end the consumer: task.cancel(), then await it (or queue.shutdown() on 3.13+, or a sentinel)"
    return "await it, or cancel it and await it: self.startBackground(…) does both at tear-down"
