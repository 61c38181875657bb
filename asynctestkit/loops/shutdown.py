"""Ending what is left on a loop, each kind within bounds of wall time."""

from __future__ import annotations

from types import AsyncGeneratorType
from typing import Any, NamedTuple

from ..cpython import loop_internals, task_internals
from ..cpython.originals import asyncio, futures, threading
from ..stacks.await_chain import AwaitChain, chain_of_coroutine
from .cancellation import cancel_and_wait, detach
from .quiescence import pause

__all__ = ["CutOff", "end_everything", "end_jobs"]


class CutOff(NamedTuple):
    """A generator whose clean-up did not end in time, and where it stood."""

    generator: AsyncGeneratorType[Any, Any]
    chain: AwaitChain


async def end_everything(seconds: float) -> list[CutOff]:
    """Ends the other tasks of the running loop, then its open generators; each may take `seconds`.

    Returns the generators that did not end, and were cut off.
    """
    loop = asyncio.get_running_loop()
    await _end_tasks(loop, seconds)
    generators = loop_internals.started_generators(loop)
    ending = loop.create_task(loop.shutdown_asyncgens())
    await pause(loop, (ending,), seconds)
    if ending.done():
        return []
    cut_off = [CutOff(each, chain_of_coroutine(each)) for each in generators if each.ag_frame is not None]
    await _end_tasks(loop, seconds)
    return cut_off


async def _end_tasks(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    def others() -> set[asyncio.Task[None]]:
        return task_internals.all_tasks(loop) - {task_internals.current_task()}

    for task in await cancel_and_wait(loop, others, seconds):
        detach(task)


async def end_jobs(executor: futures.Executor, seconds: float) -> None:
    """Waits for the executor's jobs, for at most `seconds`; then they are abandoned.

    `loop.shutdown_default_executor` waits as well, but before 3.13 that cannot be abandoned: cancelled, it
    blocks the loop until the last job is done (Lib/asyncio/base_events.py).
    """
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def end() -> None:
        executor.shutdown(wait=True)
        try:
            loop.call_soon_threadsafe(_set, ended)
        except RuntimeError:  # the loop has given up waiting, and is closed
            pass

    threading.Thread(target=end, daemon=True).start()
    await pause(loop, (ended,), seconds)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():  # pragma: no branch  # the wait may have ended just now
        future.set_result(None)
