"""Assertions about queues and their consumers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from ..cpython import task_internals
from ..cpython.originals import asyncio
from ..mocks.absent import ABSENT
from .consumers import Stopped, stop_by_cancelling, stop_by_sentinels
from .failing import Failing, check_seconds
from .ledger import Counts, Ledger, Take, close_ledger, ledger_of, open_ledger
from .limit import EndKind, run_within
from .wording import counted

__all__ = ["QueueAssertions"]

__unittest = True

_Q = TypeVar("_Q", bound="asyncio.Queue[Any]")

_SURVIVE = (
    "keep consumers running when a handler fails: catch its exception, and call task_done() in `finally`"
)
_MARK = "call task_done() for every get(), in `finally`"
_MARK_ONCE = "call task_done() once for every get(), and not for what is still queued"
_TAKE = "start a consumer, or take what is left"
_STOP_PUTTING = "stop the producers first"
_MOST = 20


class QueueAssertions(Failing):
    """Assertions about an `asyncio.Queue`, or a subclass, and about the tasks that consume it."""

    async def assertQueueDrains(
        self, queue: asyncio.Queue[Any], within: float = 1.0, *, msg: Any = None
    ) -> None:
        """Waits like `queue.join()`, for at most `within` seconds of the loop's clock.

        The failure counts the items that are queued, and those taken and not marked done, and says why:
        no task takes, consumers have failed, producers still put. With `watchQueue` it names who took what.
        """
        within = check_seconds(within, "within")
        _check_queue("assertQueueDrains", queue)
        ledger = open_ledger(queue)
        before = ledger.counts
        try:
            grace_period = self._hygieneSettings().grace_period
            ended = await run_within(queue.join(), within, grace_period, includes_limit=True)
            if ended.how is EndKind.RAISED and ended.error is not None:
                raise ended.error
            if ended.stood_at is None:
                return
            lines, remedy = _why(queue, ledger, before)
            text = f"the {_name(queue)} did not drain in {within:g} s: {_left(queue)}"
            remedy = remedy or f"allow more than {within:g} s"
            self._failWith(msg, "\n".join([text, *lines, f"remedy: {remedy}"]))
        finally:
            close_ledger(queue)

    def assertQueueEmpty(self, queue: asyncio.Queue[Any], *, msg: Any = None) -> None:
        """Asserts that nothing is queued now; items that were taken may still be processed."""
        _check_queue("assertQueueEmpty", queue)
        if queue.qsize():
            text = f"the {_name(queue)} is not empty: {counted(queue.qsize(), 'item')} queued"
            self._failWith(msg, f"{text}\nremedy: {_TAKE}")

    def assertQueueBalanced(self, queue: asyncio.Queue[Any], *, msg: Any = None) -> None:
        """Asserts that every item put so far was taken, and marked done once."""
        _check_queue("assertQueueBalanced", queue)
        surplus = max(queue.qsize() - task_internals.unfinished_items(queue), 0)
        if task_internals.unfinished_items(queue) or surplus:
            lines = list(_open_takes(queue, ledger_of(queue)))
            remedy = _MARK_ONCE if surplus else _MARK if _taken(queue) else _TAKE
            text = f"the {_name(queue)} is not balanced: {_left(queue)}"
            if surplus:
                times = "once" if surplus == 1 else f"{surplus} times"
                text += f"; task_done() was called {times} too often"
            self._failWith(msg, "\n".join([text, *lines, f"remedy: {remedy}"]))

    def watchQueue(self, queue: _Q) -> _Q:
        """Keeps a ledger on this queue from now on, and returns the queue itself.

        Failures of the assertions then name, for every item not marked done, the line of its `get`, the task,
        and how that has ended. Neither items nor tasks are kept alive.
        """
        _check_queue("watchQueue", queue)
        ledger = ledger_of(queue)
        if ledger is None or not ledger.is_watched:
            open_ledger(queue).is_watched = True
        return queue

    async def assertConsumersStop(
        self,
        tasks: Iterable[asyncio.Task[Any]],
        *,
        queue: asyncio.Queue[Any] | None = None,
        sentinel: Any = ABSENT,
        within: float = 1.0,
        msg: Any = None,
    ) -> None:
        """Stops the consumers and awaits them, for at most `within` seconds of the loop's clock.

        With a `sentinel`, one is put into the `queue` for each consumer that still runs, and they have to
        return; otherwise they are cancelled and have to end in CancelledError. Fails, naming them, if any
        raised, now or before, returned though it was cancelled, or did not end. Those are cancelled, and
        abandoned if they refuse that.
        """
        within = check_seconds(within, "within")
        if queue is not None:
            _check_queue("assertConsumersStop", queue)
        elif sentinel is not ABSENT:
            raise TypeError("assertConsumersStop needs the queue to put the sentinel into: queue=…")
        consumers = _checked_tasks(tasks)
        if queue is not None and sentinel is not ABSENT:
            grace_period = self._hygieneSettings().grace_period
            stopped = await stop_by_sentinels(consumers, queue, sentinel, within, grace_period)
        else:
            stopped = await stop_by_cancelling(consumers, within)
        if stopped.faults:
            self._failWith(msg, _stop_report(stopped, len(consumers)), stopped.cause)


def _check_queue(taker: str, queue: object) -> None:
    if not isinstance(queue, asyncio.Queue):
        raise TypeError(f"{taker} takes an asyncio.Queue, not {queue!r}")


def _checked_tasks(tasks: Any) -> list[asyncio.Task[Any]]:
    if isinstance(tasks, asyncio.Future):
        raise TypeError("assertConsumersStop takes several tasks: [task]")
    found = list(dict.fromkeys(tasks))
    for task in found:
        if not isinstance(task, asyncio.Future):
            raise TypeError(f"assertConsumersStop takes tasks, not {task!r}")
        if task is task_internals.current_task():
            raise ValueError("assertConsumersStop cannot stop the task that awaits it")
    return found


def _name(queue: asyncio.Queue[Any]) -> str:
    return type(queue).__name__ + (f"(maxsize={queue.maxsize})" if queue.maxsize > 0 else "")


def _taken(queue: asyncio.Queue[Any]) -> int:
    return max(task_internals.unfinished_items(queue) - queue.qsize(), 0)


def _left(queue: asyncio.Queue[Any]) -> str:
    return f"{counted(queue.qsize(), 'item')} queued, {_taken(queue)} taken and not marked done"


def _why(queue: asyncio.Queue[Any], ledger: Ledger, before: Counts) -> tuple[list[str], str]:
    """The lines from the ledger, and the likeliest remedy, or ""."""
    takes, puts, dones = (now - then for now, then in zip(ledger.counts, before, strict=True))
    lines, remedies = list(_open_takes(queue, ledger)), []
    if any(take.taker is not None and take.taker.has_died for take in ledger.open):
        remedies.append(_SURVIVE)
    if queue.qsize() and not takes:
        lines.append("nothing was taken in that time")
        remedies.append(_TAKE)
    if puts:
        lines.append(f"producers kept putting: {counted(puts, 'item')} put in that time")
        remedies.append(_STOP_PUTTING)
    if blocked := task_internals.blocked_putters(queue):
        lines.append(f"{counted(blocked, 'producer')} waiting in put() for a free slot")
    if _taken(queue) and not dones:
        remedies.append(_MARK)
    return lines, remedies[0] if remedies else ""


def _open_takes(queue: asyncio.Queue[Any], ledger: Ledger | None) -> Iterator[str]:
    takes: list[Take] = ledger.open if ledger is not None else []
    for take in takes[:_MOST]:
        yield from take.report()
    if len(takes) > _MOST:
        yield f"  … and {len(takes) - _MOST} more"
    if _taken(queue) > len(takes):
        yield "  call watchQueue(queue) first to see where, and by which task"


def _stop_report(stopped: Stopped, number: int) -> str:
    head = f"not every consumer stopped as it should ({number} in all):"
    lines = [line for fault in stopped.faults for line in fault]
    return "\n".join([head, *lines, f"remedy: {stopped.remedy}"])
