"""Every private name of CPython that the package uses: one small function each, and why.

Each function names the file that it depends on. `tests/test__cpython*.py` have a canary for each, which says
what moved when a new Python breaks it. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # not in typeshed
import functools
import logging
import sys
import warnings
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextvars import Context
from types import AsyncGeneratorType, CodeType
from typing import Any

from .cpython.originals import asyncio, futures, gc, socket

__all__: list[str] = []

Loop = asyncio.AbstractEventLoop
AnyTask = asyncio.Task[Any]

ASYNCIO_LOGGER = logging.getLogger("asyncio")


TASK_TYPES: tuple[type[AnyTask], ...] = (asyncio.Task, asyncio.tasks._PyTask)  # type: ignore[attr-defined]  # not in typeshed
FUTURE_TYPES: tuple[type[asyncio.Future[Any]], ...] = (asyncio.Future, asyncio.futures._PyFuture)  # type: ignore[attr-defined]  # not in typeshed

# -- tasks and futures ---------------------------------------------------------------------------------------


def all_tasks(loop: Loop) -> set[AnyTask]:
    """Those of the loop that are not done, of whatever make: `all_tasks`, Lib/asyncio/tasks.py.

    From 3.14 that knows the tasks written in C, and `_py_all_tasks` those written in Python.
    """
    tasks = asyncio.all_tasks(loop)
    return tasks | _PY_ALL_TASKS(loop) if _PY_ALL_TASKS is not None else tasks


def current_task(loop: Loop | None = None) -> AnyTask | None:
    """The one that runs, of whatever make: `current_task`, and from 3.14 `_py_current_task` as well.

    Both are in Lib/asyncio/tasks.py.
    """
    task = asyncio.current_task(loop)
    return _PY_CURRENT_TASK(loop) if task is None and _PY_CURRENT_TASK is not None else task


_HAS_TWO_KINDS = hasattr(asyncio.tasks, "_c_all_tasks") and asyncio.tasks._c_all_tasks is asyncio.all_tasks
_PY_ALL_TASKS: Any = getattr(asyncio.tasks, "_py_all_tasks", None) if _HAS_TWO_KINDS else None
_PY_CURRENT_TASK: Any = getattr(asyncio.tasks, "_py_current_task", None) if _HAS_TWO_KINDS else None


def loop_of(thing: object) -> Loop | None:
    """The loop of a future, handle or transport: `_loop`, Lib/asyncio/futures.py.

    None for a future whose `__init__` never ran, where the public `get_loop()` raises, and for a transport
    that is closed.
    """
    return getattr(thing, "_loop", None)


def coroutine_of(task: AnyTask) -> Any:
    """A task's coroutine; None if it ended at once, in an eager factory: `_coro`, Lib/asyncio/tasks.py.

    On 3.12 the public `get_coro()` crashes the interpreter for those.
    """
    return getattr(task, "_coro", None)


def awaited_future(task: AnyTask) -> asyncio.Future[Any] | None:
    """The future that a suspended task waits on: `_fut_waiter`, Lib/asyncio/tasks.py.

    Of a stand-in of ours, the future that it stands for.
    """
    waiter = getattr(task, "_fut_waiter", None)
    return getattr(waiter, "_asynctestkit_stands_for", waiter)


def interrupt(task: AnyTask, error: BaseException) -> bool:
    """Has a task that waits get an exception from that, whatever it waits for; False if it waits for nothing.

    `task.cancel()` asks what the task waits for, which may refuse, and in a ring of tasks that await each
    other never stops asking. This calls what wakes the task, a method of its own among the `_callbacks` of
    the future: `__wakeup`, Lib/asyncio/tasks.py, or `task_wakeup`, Modules/_asynciomodule.c.
    """
    future: Any = getattr(task, "_fut_waiter", None)
    for wake, context in getattr(future, "_callbacks", None) or ():
        if getattr(wake, "__self__", None) is task:
            future.remove_done_callback(wake)
            failed = task.get_loop().create_future()
            failed.set_exception(error)
            task.get_loop().call_soon(wake, failed, context=context)
            return True
    return False


def begins_to_wait_for(yielded: Any) -> bool:
    """Whether this, yielded by a coroutine, is a future to be waited for; it is then the caller who waits.

    `_asyncio_future_blocking` is the protocol between futures and `__step` in Lib/asyncio/tasks.py.
    """
    if not getattr(yielded, "_asyncio_future_blocking", False):
        return False
    yielded._asyncio_future_blocking = False
    return True


def exception_unlooked(future: asyncio.Future[Any]) -> BaseException | None:
    """A future's exception, which counts as not retrieved still: `_exception`, Lib/asyncio/futures.py."""
    return getattr(future, "_exception", None)


def unfinished_items(queue: asyncio.Queue[Any]) -> int:
    """How many items were put and not marked done: `_unfinished_tasks`, Lib/asyncio/queues.py."""
    return int(queue._unfinished_tasks)  # type: ignore[attr-defined]  # not in typeshed


def blocked_putters(queue: asyncio.Queue[Any]) -> int:
    """How many wait in `put` for a free place: `_putters`, Lib/asyncio/queues.py."""
    return sum(not putter.done() for putter in queue._putters)  # type: ignore[attr-defined]  # not in typeshed


def blocked_getters(queue: asyncio.Queue[Any]) -> int:
    """How many wait in `get` for an item: `_getters`, Lib/asyncio/queues.py."""
    return sum(not getter.done() for getter in queue._getters)  # type: ignore[attr-defined]  # not in typeshed


def gathered_children(future: object) -> Iterable[asyncio.Future[Any]]:
    """What a `gather()` still waits for: `_GatheringFuture._children`, Lib/asyncio/tasks.py."""
    return getattr(future, "_children", ())


def is_exception_unretrieved(future: asyncio.Future[Any]) -> bool:
    """Whether dropping the future would log its exception: `_log_traceback`, Lib/asyncio/futures.py."""
    return bool(getattr(future, "_log_traceback", False))


def mark_exception_retrieved(future: asyncio.Future[Any]) -> None:
    """Keeps an exception from being logged, without touching it: `_log_traceback`, Lib/asyncio/futures.py."""
    future._log_traceback = False


def source_traceback(future: asyncio.Future[Any] | asyncio.Handle) -> Iterable[Any] | None:
    """Debug mode's record of where a task or timer was created: `_source_traceback`, Lib/asyncio/tasks.py."""
    return getattr(future, "_source_traceback", None)


def drop_last_source_frame(created: AnyTask | asyncio.Handle) -> None:
    """Takes our own frame off debug mode's record, as Lib/asyncio/base_events.py does with its own."""
    record = getattr(created, "_source_traceback", None)
    if record:
        del record[-1]


def context_of(task: AnyTask) -> Context:
    """The context that a task runs in; only from 3.12 does it say so itself.

    Before, Python's tasks have `_context` (Lib/asyncio/tasks.py), and those of C show theirs to the garbage
    collector (`task_context`, Modules/_asynciomodule.c).
    """
    held = (getattr(task, "_context", None), *gc.get_referents(task))
    return next(each for each in held if isinstance(each, Context))


def forget_task(task: AnyTask) -> None:
    """Takes a pending task out of `asyncio.all_tasks()`, so that closing the loop does not wait for it.

    `_unregister_task` is documented for task implementers; without `_log_destroy_pending`,
    Lib/asyncio/tasks.py, its end would be logged once more.
    """
    unregister = asyncio._unregister_task
    if isinstance(task, TASK_TYPES[1]):
        unregister = getattr(asyncio.tasks, "_py_unregister_task", unregister)
    unregister(task)
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # not in typeshed


# -- loops ---------------------------------------------------------------------------------------------------


def running_loop() -> Loop | None:
    """The loop that runs in this thread, or None: `_get_running_loop`, Lib/asyncio/events.py."""
    return asyncio._get_running_loop()


def is_transparent(loop: Loop) -> bool:
    """Whether it is a selector loop of Lib/asyncio/selector_events.py, whose queues can be looked at."""
    return isinstance(loop, asyncio.selector_events.BaseSelectorEventLoop)


RUN_CALLBACK: CodeType = asyncio.Handle._run.__code__
"""The frame that every callback runs in: `Handle._run`, Lib/asyncio/events.py."""


def ready_count(loop: Loop) -> int:
    """How many callbacks are ready to run: `_ready`, Lib/asyncio/base_events.py."""
    return len(loop._ready)  # type: ignore[attr-defined]  # not in typeshed


def next_timer(loop: Loop) -> float | None:
    """When the next timer is due, on the loop's clock: `_scheduled`, Lib/asyncio/base_events.py."""
    times = [timer.when() for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]  # not in typeshed
    return min(times, default=None)


def watched_descriptors(loop: Loop) -> list[int]:
    """Descriptors that can wake the loop, its self-pipe apart: Lib/asyncio/selector_events.py."""
    end: socket.socket | None = loop._ssock  # type: ignore[attr-defined]  # not in typeshed
    own = -1 if end is None else end.fileno()
    descriptors = tuple(loop._selector.get_map())  # type: ignore[attr-defined]  # not in typeshed
    return [fd for fd in descriptors if fd != own]


def has_signal_handlers(loop: Loop) -> bool:
    """Whether `add_signal_handler` is in use: `_signal_handlers`, Lib/asyncio/unix_events.py."""
    return bool(getattr(loop, "_signal_handlers", None))


def started_generators(loop: Loop) -> list[AsyncGeneratorType[Any, Any]]:
    """The live asynchronous generators iterated on the loop: `_asyncgens`, Lib/asyncio/base_events.py."""
    return list(getattr(loop, "_asyncgens", ()))


def default_executor(loop: Loop) -> futures.Executor | None:
    """The executor of `to_thread` and `run_in_executor(None, …)`: Lib/asyncio/base_events.py."""
    return getattr(loop, "_default_executor", None)


def policy_is_standard() -> bool:
    """Whether `asyncio.new_event_loop()` would make the standard loop.

    Read from `_event_loop_policy`, Lib/asyncio/events.py: the public getter creates a policy where there is
    none, and is deprecated from 3.14.
    """
    policy = getattr(asyncio.events, "_event_loop_policy", None)
    return policy is None or type(policy).__module__ in ("asyncio.unix_events", "asyncio.windows_events")


def hook_default_exception_handler(
    loop: Loop, hook: Callable[[Callable[[dict[str, Any]], None], dict[str, Any]], None]
) -> Callable[[], None]:
    """Sends what reaches the loop's default exception handler to `hook` instead; returns the undoing.

    The hook gets the original handler and the context. It is set on the instance, where
    `call_exception_handler`, Lib/asyncio/base_events.py, looks it up: `loop.set_exception_handler` would
    show, and would be gone when the user sets one.
    """
    handler = functools.partial(hook, loop.default_exception_handler)
    return _shadow(loop, "default_exception_handler", handler)


def hook_async_generator_finalizer(
    loop: Loop, hook: Callable[[AsyncGenerator[Any, Any]], None]
) -> Callable[[], None]:
    """Shows `hook` each generator that is dropped unfinished, before the loop closes it; returns the undoing.

    `_asyncgen_finalizer_hook`, Lib/asyncio/base_events.py: a loop gives it to `sys.set_asyncgen_hooks` when
    it begins to run, so for one that runs already the public hook is set as well. Does nothing on other
    loops.
    """
    original = getattr(loop, "_asyncgen_finalizer_hook", None)
    if original is None:
        return lambda: None

    def finalizer(generator: AsyncGenerator[Any, Any]) -> None:
        hook(generator)
        original(generator)

    undo = _shadow(loop, "_asyncgen_finalizer_hook", finalizer)
    if running_loop() is not loop:
        return undo
    sys.set_asyncgen_hooks(finalizer=finalizer)

    def undo_both() -> None:
        sys.set_asyncgen_hooks(finalizer=original)
        undo()

    return undo_both


def _shadow(owner: object, name: str, value: object) -> Callable[[], None]:
    """Sets an attribute on one instance; returns what restores exactly what was there."""
    attributes = vars(owner)
    if name in attributes:
        before = attributes[name]
        attributes[name] = value
        return lambda: attributes.__setitem__(name, before)
    attributes[name] = value
    return lambda: attributes.__delitem__(name)


def asyncio_logger_is_replaced() -> bool:
    """Whether a test has patched the logger, or its `error`, that Lib/asyncio/base_events.py reports to."""
    logger = asyncio.base_events.logger  # type: ignore[attr-defined]  # not in typeshed
    return logger is not ASYNCIO_LOGGER or "error" in vars(logger)


# -- warnings, signals, memory -------------------------------------------------------------------------------


def hook_unawaited_coroutines(hook: Callable[[Coroutine[Any, Any, Any]], None]) -> Callable[[], None]:
    """Shows `hook` each coroutine that dies without having been awaited; returns the undoing.

    `warnings._warn_unawaited_coroutine`, Lib/warnings.py, is what Objects/genobject.c calls; nothing public
    hands out the coroutine itself.
    """
    if not _unawaited_hooks:
        _unawaited_hooks.append(warnings._warn_unawaited_coroutine)  # type: ignore[attr-defined]  # not in typeshed
    _unawaited_hooks.append(hook)
    warnings._warn_unawaited_coroutine = hook  # type: ignore[attr-defined]  # not in typeshed

    def undo() -> None:
        # Blocks that overlap do not end in the order in which they began.
        _unawaited_hooks.remove(hook)
        warnings._warn_unawaited_coroutine = _unawaited_hooks[-1]  # type: ignore[attr-defined]  # not in typeshed
        if len(_unawaited_hooks) == 1:
            _unawaited_hooks.clear()

    return undo


_unawaited_hooks: list[Callable[[Coroutine[Any, Any, Any]], None]] = []
"""What was there before the first hook, and the hooks, innermost last; empty while there is none."""


def warn_unawaited_coroutine(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Python's own warning, word for word: `_warn_unawaited_coroutine`, Lib/warnings.py."""
    _WARN_UNAWAITED(coroutine)


_WARN_UNAWAITED = warnings._warn_unawaited_coroutine  # type: ignore[attr-defined]  # not in typeshed


def warnings_sink() -> object:
    """A value that changes while `catch_warnings(record=True)` records: see Lib/warnings.py.

    With `-X context_aware_warnings` (3.14), the record is `_get_context().log`.
    """
    log = warnings._get_context().log if hasattr(warnings, "_get_context") else None
    return warnings.showwarning, warnings._showwarnmsg_impl, id(log)  # type: ignore[attr-defined]  # not in typeshed


def warning_filters() -> list[Any]:
    """The filters in force, replaced by `catch_warnings`: `_get_filters` (3.14), Lib/warnings.py."""
    return warnings._get_filters() if hasattr(warnings, "_get_filters") else warnings.filters  # type: ignore[return-value]  # typeshed says Sequence


def signal_handler(number: int) -> object:
    """`signal.getsignal` without the enums that Lib/signal.py wraps it in, which cost 20 times as much."""
    return _signal.getsignal(number)


def set_signal_handler(number: int, handler: Any) -> None:
    """`signal.signal` without the enums that Lib/signal.py wraps it in, which cost 20 times as much."""
    _signal.signal(number, handler)


def raise_in_thread(thread_id: int, error: type[BaseException]) -> None:
    """Raises in another thread at its next bytecode: `PyThreadState_SetAsyncExc`, Python/pystate.c.

    To take it back, by NULL, is no good: it leaves the interpreter checking for ever, and 3.11 hangs in that
    where code is traced.
    """
    import ctypes  # costs 10 ms and is needed in runs outside the main thread only

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(error))


def immortalize(thing: object) -> None:
    """Keeps an object, and all that it holds, alive until the process ends: `Py_IncRef`, Objects/object.c.

    For coroutines that swallow everything: finalizing one throws `GeneratorExit` into it, and the code
    that ignored a cancellation may then spin for ever, at exit if not before.
    """
    import ctypes  # costs 10 ms and is needed for stubborn tasks only

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def heap_is_frozen() -> bool:
    """Whether somebody has called `gc.freeze()`, Modules/gcmodule.c, which takes in at least the library.

    3.12 starts with some hundred objects of the interpreter's own frozen: those are nobody's.
    """
    return gc.get_freeze_count() > 2000
