"""The end of a loop: what is left on it is ended, each kind within bounds of wall time."""

from __future__ import annotations

import math
import sys
from concurrent.futures import Executor

from .. import _cpython, _cpython_threads
from ..cpython.originals import asyncio, threading
from ..places import render_stack, stack_of
from .cancellation import cancel_and_wait, detach

__all__ = ["end_everything", "end_jobs"]


async def end_everything(seconds: float) -> None:
    """Ends the other tasks of the running loop, then its open generators; each may take `seconds`."""
    loop = asyncio.get_running_loop()

    def others() -> set[asyncio.Task[None]]:
        return _cpython.all_tasks(loop) - {_cpython.current_task()}

    for task in await cancel_and_wait(loop, others, seconds):
        detach(task)
    ending = loop.create_task(loop.shutdown_asyncgens())
    await asyncio.wait((ending,), timeout=seconds)
    if not ending.done():
        detach(ending)


async def end_jobs(executor: Executor, seconds: float) -> list[str]:
    """Waits for the executor's jobs, for at most `seconds`; returns the stacks of those that go on.

    `loop.shutdown_default_executor` does so as well, but before 3.13 cannot be given up on: cancelled, it
    blocks the loop until the last job is done (Lib/asyncio/base_events.py).
    """
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def end() -> None:
        executor.shutdown(wait=True)
        try:
            loop.call_soon_threadsafe(ended.set_result, None)
        except RuntimeError:  # the loop has not waited for it, and is closed
            pass

    threading.Thread(target=end, daemon=True).start()
    await asyncio.wait((ended,), timeout=None if seconds == math.inf else seconds)
    if ended.done():
        return []
    frames = sys._current_frames()
    workers = (frames.get(thread.ident or 0) for thread in _cpython_threads.executor_threads(executor))
    return [
        render_stack(stack_of(each))
        for each in workers
        if each is not None and not _cpython_threads.is_idle_worker(each)
    ]
