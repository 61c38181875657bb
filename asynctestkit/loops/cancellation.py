"""Cancelling any number of tasks, however they react, in linear time and bounded wall time.

`task.cancel()` follows the chain of awaits: on 5,000 tasks that each await the next it recurses 5,000 deep
(RecursionError on 3.10 to 3.12) and costs O(n²) over all of them; on tasks that await each other in a ring it
recurses for ever, on every version. So only tasks that await no other pending one are cancelled, the chains
above them unwind by themselves, and what is left then is ended at its coroutine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cpython import interpreter, task_internals, wait_internals
from ..cpython.originals import asyncio
from ..cpython.wall import wall_time
from ..stacks.handles import woken_task
from .quiescence import pause, threads_around, turn_until_quiet
from .virtual.virtual_loop import VirtualEventLoop

__all__ = ["cancel", "cancel_and_wait", "detach", "is_uncancelled", "waits_for"]

_Tasks = set[asyncio.Task[Any]]

_MOST_NESTED = 100
"""The longest chain of tasks, each awaiting the next, that `task.cancel()` can safely follow."""
_ROUND = 0.02
"""Seconds after which the tasks are checked again: which have ended, appeared, or can now be cancelled."""
_VIRTUAL_ROUND, _VIRTUAL_JUMP = 0.00005, 0.00002
"""What a round on virtual time counts for, in wall seconds, and each jump in it: about what it takes."""
_PATIENCE = 200
"""How many times the grace period rounds on virtual time in which none ends may take: tasks may compute."""


async def cancel_and_wait(
    loop: asyncio.AbstractEventLoop, pending: Callable[[], _Tasks], grace_period: float
) -> _Tasks:
    """Cancels all tasks that `pending()` returns, now and later, once each, and waits for their end.

    Returns the stubborn ones: still pending after `grace_period` wall seconds. A round in which some have
    ended does not count, and no other counts for more than it should have taken: so neither a great number
    of tasks nor a busy machine makes one stubborn.
    """
    asked: _Tasks = set()
    left, latest = grace_period, wall_time() + _PATIENCE * grace_period
    spent, before = 0.0, 0
    while tasks := pending():
        if len(tasks) >= before:
            left -= spent
        else:
            latest = wall_time() + _PATIENCE * grace_period
        before = len(tasks)
        started, jumps = wall_time(), _jumps(loop)
        asked &= tasks
        fresh = {task for task in tasks - asked if not _awaits_one_of(task, tasks)}
        if left <= 0:
            # The others wait for some of these, or in a ring.
            return asked | fresh | {task for task in tasks - asked - fresh if not _end_at_coroutine(task)}
        for task in fresh:
            _cancel(task)
        asked |= fresh
        is_quiet = await turn_until_quiet(loop, _ROUND)
        if is_quiet and not fresh:
            if asked:
                await pause(loop, tasks, _seconds_to_wait(loop, tasks), at_most=_ROUND)
            else:
                left = 0.0  # a ring
        spent = min(wall_time() - started, _ROUND)
        if is_quiet and isinstance(loop, VirtualEventLoop) and not (spent == _ROUND and threads_around(loop)):
            # So that runs are alike, unless a thread holds up virtual time.
            spent = max(_VIRTUAL_ROUND, _VIRTUAL_JUMP * (_jumps(loop) - jumps))
            if wall_time() > latest:
                left = 0.0
    return set()


def _seconds_to_wait(loop: asyncio.AbstractEventLoop, tasks: _Tasks) -> float:
    """The length of a round: on virtual time until one of the tasks is due to go on, if that is next."""
    timer = wait_internals.first_timer(loop) if isinstance(loop, VirtualEventLoop) else None
    if timer is None or timer.cancelled() or woken_task(timer, tasks) not in tasks:
        return _ROUND
    return max(_ROUND, timer.when() - loop.time())


def _jumps(loop: asyncio.AbstractEventLoop) -> int:
    return loop.clock.jumps if isinstance(loop, VirtualEventLoop) else 0


def cancel(task: asyncio.Task[Any]) -> bool:
    """Cancels one task and, as `task.cancel()` does, what it awaits; returns whether a cancel was requested.

    A task that leads into a ring, or a long chain, of tasks that await each other is cancelled alone, and
    False is returned: `task.cancel()` would recurse until the recursion limit, or the interpreter, breaks.
    """
    if _is_cyclic_or_deep(task, (), set()) and wait_internals.interrupt(task, asyncio.CancelledError()):
        return False
    return task.cancel()


def _is_cyclic_or_deep(awaited: object, above: tuple[object, ...], known: set[object]) -> bool:
    """Whether `awaited`, or what it waits for, is in `above`, or nested too deeply."""
    if awaited in above or len(above) > _MOST_NESTED:
        return True
    if awaited in known:
        return False
    known.add(awaited)
    below = task_internals.gathered_children(awaited)
    if isinstance(awaited, task_internals.TASK_TYPES):
        below = filter(None, [task_internals.awaited_future(awaited)])
    return any(_is_cyclic_or_deep(each, (*above, awaited), known) for each in below)


def detach(task: asyncio.Task[Any]) -> None:
    """Abandons a task, so that neither the loop's closing nor the process's exit waits for it.

    It and all that it holds stay in memory until the process ends. If it ends before, its exception is not
    logged: by then another test runs.
    """
    if task.done():
        task_internals.mark_exception_retrieved(task)
        return
    task_internals.forget_task(task)
    task.add_done_callback(task_internals.mark_exception_retrieved)
    interpreter.immortalize(task.get_coro())


def is_uncancelled(task: asyncio.Task[Any] | None) -> bool:
    """Whether the task takes back its last cancellation, and nobody else has asked for one; from 3.11."""
    uncancel = getattr(task, "uncancel", None)
    return uncancel is None or uncancel() == 0


def waits_for(task: asyncio.Task[Any], tasks: _Tasks) -> bool:
    """Whether a task waits for one of `tasks`, even through others: cancelling it would cancel that one."""
    seen: _Tasks = set()
    current: object = task
    while isinstance(current, task_internals.TASK_TYPES) and current not in seen:
        if _awaits_one_of(current, tasks):
            return True
        seen.add(current)
        current = task_internals.awaited_future(current)
    return False


def _awaits_one_of(task: asyncio.Task[Any], tasks: _Tasks) -> bool:
    future = task_internals.awaited_future(task)
    return future in tasks or any(child in tasks for child in task_internals.gathered_children(future))


def _cancel(task: asyncio.Task[Any]) -> None:
    try:
        task.cancel()
    except RecursionError:
        # A ring, or a long chain, through futures of another library.
        _end_at_coroutine(task)


def _end_at_coroutine(task: asyncio.Task[Any]) -> bool:
    """Throws CancelledError into the coroutine of a task that the loop cannot reach; returns if it ended."""
    coroutine: Any = task.get_coro()
    try:
        coroutine.throw(asyncio.CancelledError())
    except BaseException:  # any exception means that it has ended
        task_internals.forget_task(task)
        # If the awaited future is done after all, it wakes the task, and the RuntimeError would be logged.
        task.add_done_callback(task_internals.mark_exception_retrieved)
        return True
    return False
