"""Stopping tasks, with sentinels or by cancelling them, in bounded time, however they react."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..cpython.originals import asyncio
from ..leaks.kinds.exceptions import one_line
from ..loops.cancellation import detach
from ..stacks.await_chain import chain_of_task
from .limit import run_within
from .wording import LET_THROUGH, shown, standing_lines

__all__ = ["Stopped", "end", "stop_by_cancelling", "stop_by_sentinels", "wait_for_all"]

__unittest = True

_Task = asyncio.Task[Any]

_SURVIVE = "catch in the consumer what its handler raises, except CancelledError"
_RETURN = "return from the consumer when it takes the sentinel"
_SHUT_DOWN: Any = getattr(asyncio, "QueueShutDown", ())  # of 3.13


@dataclass
class Stopped:
    """The result of stopping tasks: some lines on each task that did not stop as it should."""

    faults: list[list[str]] = field(default_factory=list)
    remedy: str = ""
    """The remedy for the first fault."""
    cause: BaseException | None = None
    """The first exception that a task raised."""

    def add(self, task: _Task, what: str, remedy: str, lines: Iterable[str] = ()) -> None:
        """Adds a task that did not stop as it should."""
        self.faults.append([f"  task {task.get_name()!r} {what}", *lines])
        self.remedy = self.remedy or remedy

    def add_if_failed(self, task: _Task, words: str) -> bool:
        """Adds a finished task if it has raised; returns whether it has."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            return False
        self.cause = self.cause or error
        self.add(task, f"{words} {one_line(error)}", _SURVIVE)
        return True


async def stop_by_cancelling(tasks: Collection[_Task], within: float) -> Stopped:
    """Cancels the tasks, each of which has to end in CancelledError; detaches those that do not end."""
    stopped, running = _split_stopped(tasks)
    for task in running:
        task.cancel()
    await wait_for_all(running, within)
    for task in running:
        if not task.done():
            what = f"was cancelled, did not end in {within:g} s, and was abandoned"
            stopped.add(task, what, LET_THROUGH, standing_lines(chain_of_task(task), "    "))
            detach(task)
        elif not task.cancelled() and not stopped.add_if_failed(task, "was cancelled and raised"):
            stopped.add(task, f"was cancelled and returned {shown(task.result())}", LET_THROUGH)
    return stopped


async def stop_by_sentinels(
    tasks: Collection[_Task], queue: asyncio.Queue[Any], sentinel: object, within: float, grace_period: float
) -> Stopped:
    """Sends sentinels; tasks that do not return by themselves are cancelled, and detached if stubborn."""
    stopped, running = _split_stopped(tasks)
    left = await _feed(queue, sentinel, running, within, grace_period)
    late = [task for task in running if not task.done()]
    for task in running:
        if task in late:
            what = f"did not end in {within:g} s, though it was sent a sentinel"
            if left:
                what = f"did not end in {within:g} s, with {left} of {len(running)} sentinels still to be put"
            stopped.add(task, what, _RETURN, standing_lines(chain_of_task(task), "    "))
        else:
            stopped.add_if_failed(task, "raised")
    for task in await end(late, grace_period):
        stopped.add(task, "then refused to be cancelled, and was abandoned", LET_THROUGH)
    return stopped


async def wait_for_all(tasks: Collection[asyncio.Future[Any]], within: float) -> None:
    """Waits until all are done, for at most `within` seconds of the loop's clock."""
    pending = [task for task in tasks if not task.done()]
    if pending:
        await run_within(asyncio.wait(pending), within, 0)


async def end(tasks: Collection[_Task], within: float) -> list[_Task]:
    """Cancels all and waits for them; detaches the stubborn ones, and returns them."""
    for task in tasks:
        task.cancel()
    await wait_for_all(tasks, within)
    refused = [task for task in tasks if not task.done()]
    for task in refused:
        detach(task)
    return refused


def _split_stopped(tasks: Collection[_Task]) -> tuple[Stopped, list[_Task]]:
    """The tasks that still run, and the faults of the others: they may have finished, but not failed."""
    stopped = Stopped()
    for task in tasks:
        if task.done():
            stopped.add_if_failed(task, "had already failed with")
    return stopped, [task for task in tasks if not task.done()]


async def _feed(
    queue: asyncio.Queue[Any], sentinel: object, running: list[_Task], within: float, grace_period: float
) -> int:
    """Puts a sentinel for each into the queue and waits for their end; returns how many were not put.

    `put` on a full queue waits until a consumer takes an item, which one that has ended never does: so a
    separate task puts the sentinels, and is cancelled when the waiting ends.
    """
    left = len(running)

    async def put_all() -> None:
        nonlocal left
        while left:
            await queue.put(sentinel)
            left -= 1

    feeder = asyncio.create_task(put_all(), name="asynctestkit:sentinels")
    try:
        await wait_for_all(running, within)
    finally:
        await end([feeder], grace_period)
    if feeder.done() and not feeder.cancelled():
        error = feeder.exception()
        # Consumers of a queue that is shut down stop by themselves.
        if error is not None and not isinstance(error, _SHUT_DOWN):
            raise error
    return left
