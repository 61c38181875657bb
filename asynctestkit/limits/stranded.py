"""The proof that a task can never wake, although timers and other tasks go on.

Go's collector proves that of a goroutine: nothing that can run reaches the channel it waits on (Saioc et al.,
"Dynamic Partial Deadlock Detection and Recovery via Garbage Collection", ASPLOS 2025). Python does not show
everything that can run. So this goes the other way, from the awaited future to all that refers to it, and to
that in turn, and every reference has to be accounted for: one that the collector does not show may be on the
stack of a thread, in C, or in an object that is older than the test, and so may wake the task.
"""

from __future__ import annotations

import functools
import sys
import weakref
from types import AsyncGeneratorType, CoroutineType, GeneratorType, ModuleType
from typing import Any

from ..cpython import interpreter, loop_internals, task_internals, wait_internals
from ..cpython.originals import asyncio, gc, signal
from ..leaks.census.holders import holders_of
from ..loops.noted import NotedAwaits, NotedTasks
from .reachable_code import may_use
from .subject import Code

__all__ = ["can_never_wake"]

_MOST = 1000
"""The most objects whose references are looked for."""
_FINDING = ("all_tasks", "shutdown_asyncgens", "SIGINT", "interrupt_main")
"""The names of what finds tasks, or asynchronous generators, by their loop, or interrupts the main task."""


def can_never_wake(code: Code) -> bool:
    """Whether all references to what the main task waits for come from tasks that can never wake either.

    To be called in the loop, in a callback. False if it cannot be proved. Garbage is collected, if it could
    be, as its finalizers may wake the task. Code that finds tasks by the loop, or interrupts the main one,
    needs no reference to them: where the code that runs may come to do that, nothing is proved.
    """
    if not _is_stranded(code) or may_use(code.main_task.get_loop(), _FINDING):  # type: ignore[union-attr]  # it waits
        return False
    gc.collect()
    return _is_stranded(code)


def _is_stranded(code: Code) -> bool:
    if code.main_task is None or not _waits(code.main_task):
        return False
    reached: dict[int, Any] = {}
    level = [task_internals.awaited_future(code.main_task)]
    while level:
        reached.update((id(obj), obj) for obj in level)
        if len(reached) > _MOST:
            return False
        holders = _accounted_holders(level, reached, code)
        if holders is None or not all(map(_is_stuck, holders)):
            return False
        found = {id(each): each for holder in holders for each in (holder, *_reached_with(holder))}
        level = [each for identity, each in found.items() if identity not in reached]
        del holders, found
    return True


def _accounted_holders(level: list[Any], reached: dict[int, Any], code: Code) -> list[Any] | None:
    """What refers to these objects; None if the collector does not show all of their references."""
    unlisted = _unlisted(code.main_task)  # type: ignore[arg-type]  # it waits
    own = {id(level), id(reached), id(unlisted)}
    level.append(object())  # a yardstick: no one else refers to it
    counts = [sys.getrefcount(obj) for obj in level]  # before there are lists of holders, which count as well
    holders = holders_of(level, unlisted)
    uncounted = counts.pop() - len(holders[id(level.pop())])
    found: list[Any] = []
    for obj, count in zip(level, counts, strict=True):
        unseen = count - uncounted - len(holders[id(obj)]) - code.references.get(id(obj), 0)
        theirs = [each for each in holders[id(obj)] if id(each) not in own]
        if obj is code.main_task:
            usual = [each for each in theirs if _is_usual(each, obj, code)]  # type: ignore[arg-type]  # not None
            theirs = [each for each in theirs if not any(each is known for known in usual)]
            unseen += len(usual)
        if unseen or _is_weakly_held(obj, code.main_task.get_loop()):  # type: ignore[union-attr]  # as above
            return None
        found += (each for each in theirs if type(each) is not NotedAwaits)
    return found


def _is_weakly_held(obj: Any, loop: asyncio.AbstractEventLoop) -> bool:
    """Whether somebody may find an object by a weak reference; by some of these it is only listed."""
    lists = [task_internals.weak_set_of(each) for each in weakref.getweakrefs(obj)]
    return not all(
        isinstance(each, NotedTasks)
        or task_internals.is_registry(each)
        or loop_internals.is_generator_registry(each, loop)
        for each in lists
    )


def _unlisted(main: asyncio.Task[Any]) -> tuple[Any, ...]:
    """Holders that `gc.get_referrers` does not list.

    Before 3.12 it misses tasks, and up to 3.13 futures of subclasses: their functions for the collector drop
    what `FutureObj_traverse`, Modules/_asynciomodule.c, returns. Before 3.11 the main task is frozen.
    """
    tasks = task_internals.all_tasks(main.get_loop())
    coroutine: Any = task_internals.coroutine_of(main)
    futures = map(task_internals.awaited_future, tasks)
    return (*tasks, *futures, coroutine, getattr(coroutine, "cr_frame", None))


def _is_usual(holder: Any, main: asyncio.Task[Any], code: Code) -> bool:
    """Whether it refers to every task that runs a test: the runner, the handler of Ctrl-C, what wakes it."""
    handler: Any = interpreter.signal_handler(signal.SIGINT)
    usual = (code, vars(code), handler.args if isinstance(handler, functools.partial) else None)
    return any(holder is each for each in usual) or wait_internals.wakes(holder, main)


def _is_stuck(holder: Any) -> bool:
    """Whether a holder does nothing by itself: no timer, no task that goes on, nothing that calls back."""
    if issubclass(type(holder), _ACTING):  # not `isinstance`, which asks proxies
        return False
    return not issubclass(type(holder), task_internals.TASK_TYPES) or _waits(holder)


def _reached_with(holder: Any) -> tuple[Any, ...]:
    """What acts with a holder, or leads to the same objects.

    That is what a task waits for, and the frame of a suspended coroutine or generator: from 3.11 on only
    these show its variables to the collector.
    """
    if issubclass(type(holder), task_internals.TASK_TYPES):
        return (task_internals.awaited_future(holder),)
    frames = (getattr(holder, each) for kind, each in _FRAMES if type(holder) is kind)
    return tuple(frame for frame in frames if frame is not None)


def _waits(task: asyncio.Task[Any]) -> bool:
    """Whether a task waits for a future of asyncio's; what wakes another library's is not known."""
    future = task_internals.awaited_future(task)
    return issubclass(type(future), task_internals.FUTURE_TYPES) and not future.done()  # type: ignore[union-attr]  # so it is one


_FRAMES = ((CoroutineType, "cr_frame"), (GeneratorType, "gi_frame"), (AsyncGeneratorType, "ag_frame"))
_ACTING = (asyncio.Handle, ModuleType, type, weakref.ref, *weakref.ProxyTypes)
"""What acts when its time has come, what all code has, and what may call back when another object ends."""
