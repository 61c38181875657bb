"""Hooks into the interpreter: its warnings, signals, threads and heap."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # not in typeshed
import logging
import sys
import warnings
import weakref
from collections.abc import Callable, Coroutine
from functools import partial
from types import AsyncGeneratorType
from typing import Any

from .loop_internals import running_loop
from .originals import asyncio, gc
from .task_internals import Loop

__all__ = [
    "ASYNCIO_LOGGER",
    "FINALIZE_RECORD",
    "asyncio_logger_is_replaced",
    "heap_is_frozen",
    "hook_async_generator_finalizer",
    "hook_default_exception_handler",
    "hook_unawaited_coroutines",
    "immortalize",
    "is_run_by_suite",
    "is_written_in_c",
    "raise_in_thread",
    "replace_default_exception_handler",
    "set_signal_handler",
    "signal_handler",
    "warn_unawaited_coroutine",
    "warning_filters",
    "warnings_sink",
]


ASYNCIO_LOGGER = logging.getLogger("asyncio")

FINALIZE_RECORD: type = weakref.finalize._Info  # type: ignore[attr-defined]  # not in typeshed
"""The class of what `weakref.finalize`, Lib/weakref.py, records of each object that it watches."""


def hook_default_exception_handler(
    loop: Loop, hook: Callable[[Callable[[dict[str, Any]], None], dict[str, Any]], None]
) -> Callable[[], None]:
    """Sends what reaches the loop's default exception handler to `hook` instead; returns the undo function.

    The hook gets the original handler and the context. It is set on the instance, where
    `call_exception_handler`, Lib/asyncio/base_events.py, looks it up: `loop.set_exception_handler` would
    be visible, and would be lost when the user sets one.
    """
    handler = partial(hook, loop.default_exception_handler)
    return _shadow(loop, "default_exception_handler", handler)


def replace_default_exception_handler(loop: Loop, handler: Callable[[dict[str, Any]], None]) -> None:
    """Replaces a loop's default exception handler for good, where `hook_default_exception_handler` hooks it.

    For a closed loop: `call_exception_handler`, Lib/asyncio/base_events.py, can still be called.
    """
    vars(loop)["default_exception_handler"] = handler


def hook_async_generator_finalizer(
    loop: Loop, hook: Callable[[AsyncGeneratorType[Any, Any]], None]
) -> Callable[[], None]:
    """Calls `hook` with generators dropped unfinished, before the loop closes them; returns the undo.

    `_asyncgen_finalizer_hook`, Lib/asyncio/base_events.py: a loop gives it to `sys.set_asyncgen_hooks` when
    it begins to run, so for a loop that runs already the public hook is set as well. Does nothing on
    loops without that method.
    """
    original = getattr(loop, "_asyncgen_finalizer_hook", None)
    if original is None:
        return lambda: None

    def finalizer(generator: Any) -> None:
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
    """Sets an attribute on one instance; returns a function that restores exactly the previous state."""
    attributes = vars(owner)
    is_there = name in attributes
    undo = (
        partial(attributes.__setitem__, name, attributes[name]) if is_there else partial(attributes.pop, name)
    )
    attributes[name] = value
    return undo


def asyncio_logger_is_replaced() -> bool:
    """Whether a test has patched the logger that Lib/asyncio/base_events.py reports to, or its `error`."""
    logger = asyncio.base_events.logger  # type: ignore[attr-defined]  # not in typeshed
    return logger is not ASYNCIO_LOGGER or "error" in vars(logger)


# -- warnings, signals, memory -------------------------------------------------------------------------------


def hook_unawaited_coroutines(hook: Callable[[Coroutine[Any, Any, Any]], None]) -> Callable[[], None]:
    """Calls `hook` with each coroutine that is destroyed before it is awaited; returns the undo function.

    `warnings._warn_unawaited_coroutine`, Lib/warnings.py, is what Objects/genobject.c calls; no public
    hook gets the coroutine itself.
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
"""The original function and the hooks, innermost last; empty while there is no hook."""


def warn_unawaited_coroutine(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Python's own warning, word for word: `_warn_unawaited_coroutine`, Lib/warnings.py."""
    _WARN_UNAWAITED(coroutine)


_WARN_UNAWAITED = warnings._warn_unawaited_coroutine  # type: ignore[attr-defined]  # not in typeshed


_get_context: Any = getattr(warnings, "_get_context", None)  # 3.14
_get_filters: Any = getattr(warnings, "_get_filters", None)  # 3.14


def warnings_sink() -> object:
    """A value that changes while `catch_warnings(record=True)` records: see Lib/warnings.py.

    With `-X context_aware_warnings` (3.14), the record is `_get_context().log`.
    """
    log = _get_context().log if _get_context is not None else None
    return warnings.showwarning, warnings._showwarnmsg_impl, id(log)  # type: ignore[attr-defined]  # not in typeshed


def warning_filters() -> list[Any]:
    """The filters in force, replaced by `catch_warnings`: `_get_filters` (3.14), Lib/warnings.py."""
    return _get_filters() if _get_filters is not None else warnings.filters  # type: ignore[return-value]  # typeshed says Sequence


signal_handler: Callable[[int], object] = _signal.getsignal
"""`signal.getsignal` without the enums that Lib/signal.py wraps it in, which cost 20 times as much."""

set_signal_handler: Callable[[int, Any], object] = _signal.signal
"""`signal.signal` without the enums that Lib/signal.py wraps it in, which cost 20 times as much."""


def raise_in_thread(thread_id: int, error: type[BaseException]) -> None:
    """Raises in another thread at its next bytecode: `PyThreadState_SetAsyncExc`, Python/pystate.c.

    Passing NULL to take it back does not work: the interpreter then checks for ever, and 3.11 hangs in that
    check when code is traced.
    """
    import ctypes  # costs 10 ms and is needed in runs outside the main thread only

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(error))


def immortalize(thing: object) -> None:
    """Keeps an object, and all that it holds, alive until the process ends: `Py_IncRef`, Objects/object.c.

    For coroutines that swallow every exception: finalizing one throws `GeneratorExit` into it, and code
    that ignored a cancellation may then spin for ever, at the latest when the process exits.
    """
    import ctypes  # costs 10 ms and is needed for stubborn tasks only

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def is_written_in_c(cls: type) -> bool:
    """Whether a class cannot be changed (`Py_TPFLAGS_IMMUTABLETYPE`), as the static classes of C cannot.

    Instances of other classes become visible to the collector again when they are destroyed:
    `subtype_dealloc`, Objects/typeobject.c.
    """
    return bool(cls.__flags__ & 1 << 8)


def is_run_by_suite(case: object) -> bool:
    """Whether a suite runs a case; the suite runs the cleanups of the class after its last test.

    `_outcome`, Lib/unittest/case.py, has the result, on which a suite notes its progress: `_testRunEntered`
    and `_previousTestClass`, Lib/unittest/suite.py. pytest has a result of its own.
    """
    result = getattr(getattr(case, "_outcome", None), "result", None)
    is_in_suite = getattr(result, "_testRunEntered", False) is True
    return is_in_suite and getattr(result, "_previousTestClass", None) is type(case)


def heap_is_frozen() -> bool:
    """Whether other code has called `gc.freeze()`, Modules/gcmodule.c, which freezes at least the
    library's objects. 3.12 starts with some hundred objects of its own frozen, which do not count.
    """
    return gc.get_freeze_count() > 2000
