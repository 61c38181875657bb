"""The failures of a test without progress: deadlocked, beyond its clock's limit, or spinning."""

from __future__ import annotations

import functools
import weakref
from types import CodeType
from typing import Any

from ..cpython import loop_internals, task_internals, wait_internals
from ..cpython.originals import asyncio
from ..exceptions import DeadlockError, RunawayError
from ..leaks.kinds.tasks import places_from_debug_mode
from ..loops.selector import Standstill
from ..loops.stopped_clock import replacement_in_words
from ..loops.virtual.clock import VirtualClock
from ..stacks.await_chain import coroutine_name, definition, first_names, name_order
from ..stacks.code_owners import is_machinery, is_own
from ..stacks.handles import woken_task
from ..stacks.places import Place, creation_site, resolve
from .deadlock import Cause, facts_about
from .subject import Subject
from .task_listing import list_tasks

__all__ = ["REMEDIES", "REMEDY_OF_STOPPED_CLOCK", "bare_failure_of", "failure_of"]

_MOST_CALLBACKS = 5
REMEDY_OF_STOPPED_CLOCK = (
    "let the loop's clock advance: freeze_time(…, real_asyncio=True), time_machine.travel(…, tick=True), or "
    "patch the clock in the code under test only"
)


def failure_of(standstill: Standstill, guard: Subject, what: str, phase: str) -> AssertionError:
    """The failure of a phase whose loop stands still, with the report; messages call the phase `what`."""
    headline, remedy = _WORDS[standstill](guard, what)
    main = guard.code.main_task
    others = guard.census.pending_tasks() - {main}
    guard.census.reported_tasks = weakref.WeakSet(others)
    return _FAILURES[standstill](
        "\n".join(
            [
                f"{guard.subject}: {headline} (phase {phase})",
                *list_tasks(main, others),
                "",
                f"remedy: {remedy}",
            ]
        )
    )


def bare_failure_of(standstill: Standstill, guard: Subject, what: str) -> AssertionError:
    """The same without inspecting any object of the user's, which may raise."""
    return _FAILURES[standstill](f"{guard.subject}: {what} makes no progress: {standstill.value}")


def _of_deadlock(guard: Subject, what: str) -> tuple[str, str]:
    return (
        f"deadlock: nothing can ever wake {what} on the {_clock(guard)} clock: no timer is set, no "
        "descriptor watched, no thread or child at work, no signal handler installed",
        _remedy_of_deadlock(guard),
    )


def _of_stopped_clock(guard: Subject, what: str) -> tuple[str, str]:
    return (
        f"{what} waits for a timer, and its loop's clock stands still: {replacement_in_words(guard.loop)}",
        REMEDY_OF_STOPPED_CLOCK,
    )


def _remedy_of_deadlock(guard: Subject) -> str:
    return "; ".join(REMEDIES[cause] for cause in facts_about(_tasks(guard)).causes)


def _of_runaway(guard: Subject, what: str) -> tuple[str, str]:
    owner = _next_timer(guard.loop, "that timer")
    return (
        f"{what} has not ended after {guard.clock.elapsed:.12g} s of virtual time, and its next timer "
        f"lies beyond clock.limit = {guard.clock.limit:.12g}{owner}",
        "stop what sets that timer again and again, or set what is waited for; to allow more time: "
        "self.clock.limit = …, in virtual seconds",
    )


def _of_spin(guard: Subject, what: str) -> tuple[str, str]:
    return (
        f"{what} kept the loop turning while no virtual time passed, "
        f"{guard.clock.elapsed:.12g} s after the test began; it was about to run {_ready(guard)}",
        "wait for an event, a queue or a task instead of sleep(0); if the code does make progress, sleep a "
        "little now and then, so that time passes",
    )


def _of_background(guard: Subject, what: str) -> tuple[str, str]:
    return (
        f"{what} is waiting, and nothing but background tasks has run for a long time, "
        f"{guard.clock.elapsed:.12g} s of virtual time after the test began",
        "have a background task, or the test, set, release or put what is waited for",
    )


def _of_heartbeat(guard: Subject, what: str) -> tuple[str, str]:
    owner = _next_timer(guard.loop, "the next one")
    return (
        f"{what} can never wake: nothing that still runs refers to what it waits for, and only timers go on, "
        f"{guard.clock.elapsed:.12g} s of virtual time after the test began{owner}",
        _remedy_of_deadlock(guard),
    )


def _ready(guard: Subject) -> str:
    """The tasks and callbacks that the loop is about to run."""
    awaited = {task: task_internals.awaited_future(task) for task in _tasks(guard)}
    tasks = [task.get_name() for task, future in awaited.items() if future is None or future.done()]
    callbacks = [_described(each) for each in wait_internals.ready_callbacks(guard.loop) if _is_users(each)]
    return (
        ", ".join(
            [
                *([f"{'tasks' if len(tasks) > 1 else 'task'} {first_names(tasks)}"] if tasks else []),
                *(f"the callback {each}" for each in list(dict.fromkeys(callbacks))[:_MOST_CALLBACKS]),
            ]
        )
        or "nothing of the test's own"
    )


def _is_users(callback: Any) -> bool:
    """Whether a callback is neither a step of a task nor asyncio's own."""
    code = _code_of(_unwrapped(callback))
    return code is not None and not is_machinery(code.co_filename)


def _tasks(guard: Subject) -> list[asyncio.Task[Any]]:
    """The pending tasks, the test's own first, the others by name."""
    main = guard.code.main_task
    others = sorted(guard.census.pending_tasks() - {main}, key=name_order)
    return [main, *others] if main is not None else others


def _clock(guard: Subject) -> str:
    return "virtual" if isinstance(guard.clock, VirtualClock) else "real"


_WORDS = {
    Standstill.DEADLOCK: _of_deadlock,
    Standstill.STOPPED_CLOCK: _of_stopped_clock,
    Standstill.RUNAWAY: _of_runaway,
    Standstill.SPIN: _of_spin,
    Standstill.BACKGROUND: _of_background,
    Standstill.HEARTBEAT: _of_heartbeat,
}
REMEDIES = {
    Cause.RING: "let no task await one that awaits it in turn, directly or through others",
    Cause.REENTRY: "do not reacquire a lock in the task that holds it: asyncio's locks are not reentrant",
    Cause.LOCKS: "acquire locks in the same order everywhere",
    Cause.HELD: "release a lock before awaiting a task that needs it",
    Cause.UNRELEASED: "release the lock on every way out, as `async with` does",
    Cause.EMPTY: "put into the queue what is waited for, or end its consumer: task.cancel(), or a sentinel",
    Cause.FULL: "have a consumer take from the queue, or raise its maxsize",
    Cause.UNFINISHED: "call task_done() for everything that is taken from the queue, in a `finally`",
    Cause.SIGNAL: "have another task set, notify or end what is waited for",
}
_FAILURES: dict[Standstill, type[AssertionError]] = {
    Standstill.DEADLOCK: DeadlockError,
    Standstill.STOPPED_CLOCK: DeadlockError,
    Standstill.RUNAWAY: RunawayError,
    Standstill.SPIN: RunawayError,
    Standstill.BACKGROUND: RunawayError,
    Standstill.HEARTBEAT: RunawayError,
}


def _next_timer(loop: asyncio.AbstractEventLoop, called: str) -> str:
    """Whose the next timer is, and where it was set; "" if there is none any more."""
    timer = wait_internals.first_timer(loop)
    return f"; {called} {_owner(loop, timer)}{_set_at(timer)}" if timer is not None else ""


def _owner(loop: asyncio.AbstractEventLoop, timer: asyncio.TimerHandle) -> str:
    """The owner of a timer, in words: the task that it wakes or limits, or the callback."""
    task = woken_task(timer, task_internals.all_tasks(loop))
    if task is not None:
        defined = definition(task.get_coro())
        # There, all phases run in a task of ours.
        if defined is not None and is_own(defined.file):  # before 3.11
            return f"belongs to task {task.get_name()!r}, the test's own"
        return f"belongs to task {task.get_name()!r}, {coroutine_name(task.get_coro())}()" + _at(defined)
    return f"calls {_described(loop_internals.callback_of(timer))}"


def _described(callback: Any) -> str:
    """The name of a callback, and where it is defined if it is written in Python."""
    callback = _unwrapped(callback)
    code = _code_of(callback)
    name = getattr(callback, "__qualname__", repr(callback))
    return name + _at(Place(code.co_filename, code.co_firstlineno, name) if code else None)


def _code_of(callback: Any) -> CodeType | None:
    """The code of a function or method, or of the `__call__` of an object."""
    code: CodeType | None = getattr(callback, "__code__", None)
    return code or getattr(type(callback).__call__, "__code__", None)


def _unwrapped(callback: Any) -> Any:
    while isinstance(callback, functools.partial):
        callback = callback.func
    return callback


def _set_at(timer: asyncio.TimerHandle) -> str:
    site = creation_site(timer)
    places = resolve(site) if site is not None else places_from_debug_mode(timer)
    return f", set at {places[-1]}" if places else ""


def _at(place: Place | None) -> str:
    return f", defined at {place}" if place is not None else ""
