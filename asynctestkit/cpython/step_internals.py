"""The private names that exploration depends on: the steps of tasks, and one loop within another.

The rules are those of `task_internals.py`: one small function each, that names its file and has a canary, in
`tests/cpython/test_step_internals.py`. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import collections
import contextlib
import contextvars
import inspect
import opcode
import unittest
from collections.abc import Iterator
from types import FrameType, FunctionType, MethodType, TracebackType
from typing import Any

from .originals import asyncio

__all__ = [
    "Loop",
    "free_places",
    "fresh_case",
    "id_of_test",
    "is_bare_step",
    "is_called_by_run",
    "is_raised_by_statement",
    "is_run_as_coroutine",
    "method_name",
    "outer_loop_suspended",
    "replace_ready_queue",
    "run_handle",
    "task_of_step",
]

Loop = asyncio.AbstractEventLoop
_Task = asyncio.Task[Any]

_PY_STEP: Any = asyncio.tasks._PyTask._Task__step  # type: ignore[attr-defined]  # not in typeshed
_PY_WAKEUP: Any = asyncio.tasks._PyTask._Task__wakeup  # type: ignore[attr-defined]  # not in typeshed
_BUILTIN: type = type(len)


def _step_type() -> type:
    """The type of the callback by which a task written in C takes a step: `TaskStepMethWrapper`.

    Modules/_asynciomodule.c does not export it: a loop that only records its callbacks gets one.
    """
    seen: list[Any] = []

    class Listening:
        def call_soon(self, callback: Any, *_: Any, context: Any = None) -> None:
            seen.append(callback)

        def get_debug(self) -> bool:
            return False

    async def nothing() -> None: ...

    coroutine = nothing()
    task: Any = asyncio.Task(coroutine, loop=Listening())  # type: ignore[arg-type]  # all that it is asked for
    asyncio._unregister_task(task)
    task._log_destroy_pending = False
    coroutine.close()
    return type(seen[0])


_STEP: type = _step_type()


def task_of_step(handle: asyncio.Handle) -> _Task | None:
    """The task that takes its next step when a handle is run, None for any other callback.

    `_callback`, Lib/asyncio/events.py, is then `__step` or `__wakeup`, Lib/asyncio/tasks.py,
    or `TaskStepMethWrapper` and `task_wakeup`, Modules/_asynciomodule.c.
    """
    callback: Any = handle._callback  # type: ignore[attr-defined]  # not in typeshed
    kind = type(callback)
    if (
        kind is _STEP
        or (kind is _BUILTIN and callback.__name__ == "task_wakeup")
        or (kind is MethodType and callback.__func__ in (_PY_STEP, _PY_WAKEUP))
    ):
        task: _Task = callback.__self__
        return task
    return None


def is_bare_step(handle: asyncio.Handle) -> bool:
    """Whether a step comes without a future: the first one, one after `sleep(0)`, and one that only raises.

    `_callback`, Lib/asyncio/events.py, is then a step, not a wake-up.
    """
    callback: Any = handle._callback  # type: ignore[attr-defined]  # not in typeshed
    return type(callback) is _STEP or getattr(callback, "__func__", None) is _PY_STEP


def run_handle(handle: asyncio.Handle) -> None:
    """Runs a handle, as the loop does: `_run`, Lib/asyncio/events.py."""
    handle._run()


def replace_ready_queue(loop: Loop, queue: collections.deque[asyncio.Handle]) -> None:
    """Has a loop take its ready callbacks from that queue: `_ready`, Lib/asyncio/base_events.py."""
    loop._ready = queue  # type: ignore[attr-defined]  # not in typeshed


@contextlib.contextmanager
def outer_loop_suspended() -> Iterator[None]:
    """Suspends the running loop within a step of a task, so that another loop can run in this thread.

    `_set_running_loop`, Lib/asyncio/events.py, and `_leave_task`, Lib/asyncio/tasks.py: from 3.14 there
    is one current task for each thread, not for each loop.
    """
    loop = asyncio._get_running_loop()
    task = asyncio.current_task(loop) if loop is not None else None
    if task is not None:
        asyncio._leave_task(loop, task)  # type: ignore[arg-type]  # there is a loop where there is a task
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        if task is not None:
            asyncio._enter_task(loop, task)  # type: ignore[arg-type]  # as above


def free_places(lock: asyncio.Lock | asyncio.Semaphore) -> int:
    """How often a lock or semaphore can be acquired without waiting: `_value`, Lib/asyncio/locks.py."""
    if isinstance(lock, asyncio.Lock):
        return 0 if lock.locked() else 1
    return int(lock._value)


def fresh_case(case: Any) -> Any:
    """A copy of a test case, which runs as if the case had never run.

    `_cleanups` and `_subtest`, Lib/unittest/case.py, and from 3.11 `_asyncioTestContext`,
    Lib/unittest/async_case.py, are what a run changes in place.
    """
    copied: Any = object.__new__(type(case))
    copied.__dict__.update(case.__dict__)
    copied._cleanups = []
    copied._subtest = None
    copied.__dict__.pop(case._testMethodName, None)  # pytest binds sync tests to the instance
    if hasattr(case, "_asyncioTestContext"):  # from 3.11
        copied._asyncioTestContext = contextvars.copy_context()
    return copied


def method_name(case: Any) -> str:
    """Which test of its class a case runs: `_testMethodName`, Lib/unittest/case.py."""
    name: str = case._testMethodName
    return name


def id_of_test(case: Any) -> str:
    """The id of a test, which a suite may have overridden; if that does not work, unittest's.

    `TestCase.id`, Lib/unittest/case.py. No runner of unittest's asks for it.
    """
    usual = unittest.TestCase.id(case)
    try:
        if type(case).id is unittest.TestCase.id and "id" not in vars(case):
            return usual
        found = usual if inspect.iscoroutinefunction(case.id) else case.id()
    except Exception:
        return usual
    return found if isinstance(found, str) else usual


def is_called_by_run(frame: FrameType | None) -> bool:
    """Whether `doCleanups` was called by `TestCase.run`, Lib/unittest/case.py, and not by the test.

    `frame` is its caller; it may have overrides, which call it.
    """
    while frame is not None and frame.f_code.co_name == "doCleanups":
        frame = frame.f_back
    return frame is not None and frame.f_code.co_name == "run"


def is_run_as_coroutine(case: Any, method: Any) -> bool:
    """Whether `_callMaybeAsync`, Lib/unittest/async_case.py, is sure to run a test's coroutine in its runner.

    `inspect.iscoroutinefunction`, which it asks, takes as long as to start a task. 3.10 has no runner.
    """
    if (
        type(method) is not MethodType
        or getattr(case._callMaybeAsync, "__func__", None) is not _CALL_MAYBE_ASYNC
    ):
        return False
    function = method.__func__
    return type(function) is FunctionType and bool(function.__code__.co_flags & inspect.CO_COROUTINE)


_CALL_MAYBE_ASYNC: Any = unittest.IsolatedAsyncioTestCase._callMaybeAsync  # type: ignore[attr-defined]  # not in typeshed


def is_raised_by_statement(trace: TracebackType) -> bool:
    """Whether a `raise` has raised there, and no operation: RAISE_VARARGS, Python/bytecodes.c."""
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] == opcode.opmap["RAISE_VARARGS"]
