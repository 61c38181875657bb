"""The private names of event loops and of their handles.

The rules are those of `task_internals.py`. Checked on 3.10 to 3.15.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Callable, Iterable
from types import AsyncGeneratorType, CodeType
from typing import Any, NamedTuple

from . import wait_internals
from .originals import asyncio, futures, gc, socket
from .task_internals import TASK_TYPES, Loop, coroutine_of

__all__ = [
    "RUN_CALLBACK",
    "Watch",
    "callback_of",
    "default_executor",
    "generator_closed_by",
    "has_signal_handlers",
    "has_work",
    "hook_callbacks",
    "is_generator_registry",
    "is_transparent",
    "loop_of_handle",
    "next_timer",
    "policy_is_standard",
    "ready_count",
    "running_loop",
    "runs_at_most",
    "schedule",
    "signal_handles",
    "started_generators",
    "timers",
    "watched_descriptors",
    "watches",
]


running_loop: Callable[[], Loop | None] = asyncio._get_running_loop
"""Returns the loop that runs in this thread, or None: Lib/asyncio/events.py."""


def is_transparent(loop: Loop) -> bool:
    """Whether this is a selector loop of Lib/asyncio/selector_events.py, whose queues can be inspected."""
    return isinstance(loop, _SELECTOR_LOOP)


def runs_at_most(loop: Loop, most: int) -> bool:
    """Whether so many callbacks at most are ready to run; False on a loop that cannot be inspected.

    `_ready`, Lib/asyncio/base_events.py.
    """
    return isinstance(loop, _SELECTOR_LOOP) and len(loop._ready) <= most  # type: ignore[attr-defined]  # not in typeshed


_SELECTOR_LOOP = asyncio.selector_events.BaseSelectorEventLoop


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
    """Descriptors that can wake the loop, except its self-pipe: Lib/asyncio/selector_events.py."""
    end: socket.socket | None = loop._ssock  # type: ignore[attr-defined]  # not in typeshed
    own = -1 if end is None else end.fileno()
    return [fd for fd in _registered_with(loop._selector) if fd != own]  # type: ignore[attr-defined]  # not in typeshed


def _registered_with(selector: Any) -> tuple[int, ...]:
    """The descriptors of a selector, copied in one step, as another thread may wake the loop meanwhile.

    By `_fd_to_key`, Lib/selectors.py, where there is one: to copy the mapping of `get_map()`, Python asks for
    its length after it has begun to iterate, and that runs code in which threads may take turns.
    """
    registered = getattr(selector, "_fd_to_key", None)
    return tuple(selector.get_map() or ()) if registered is None else tuple(registered)


def has_work(loop: Any) -> bool:
    """Whether a selector loop may get anything to do but callbacks and timers: Lib/asyncio/base_events.py.

    It has an open generator, an executor, a transport, or a descriptor that it watches.
    """
    if loop._asyncgens or loop._default_executor or loop._transports:
        return True
    return bool(wait_internals.watched_by(loop._selector)) and bool(watched_descriptors(loop))


def has_signal_handlers(loop: Loop) -> bool:
    """Whether `add_signal_handler` is in use: `_signal_handlers`, Lib/asyncio/unix_events.py."""
    return bool(getattr(loop, "_signal_handlers", None))


def started_generators(loop: Loop) -> list[AsyncGeneratorType[Any, Any]]:
    """The live asynchronous generators iterated on the loop: `_asyncgens`, Lib/asyncio/base_events.py."""
    generators = getattr(loop, "_asyncgens", ())
    return list(generators) if len(generators) else []  # iterating over an empty WeakSet is slow


def is_generator_registry(thing: object, loop: Loop) -> bool:
    """Whether this is a loop's set of started generators: `_asyncgens`, Lib/asyncio/base_events.py."""
    return thing is not None and thing is getattr(loop, "_asyncgens", None)


def generator_closed_by(future: object) -> AsyncGeneratorType[Any, Any] | None:
    """The generator that a task closes by `aclose()`, or None: `async_generator_athrow`, Objects/genobject.c.

    When a generator is dropped, `_asyncgen_finalizer_hook`, Lib/asyncio/base_events.py, makes such a task.
    """
    coroutine = coroutine_of(future) if isinstance(future, TASK_TYPES) else None
    if type(coroutine) is not _ATHROW:
        return None
    held = gc.get_referents(coroutine)
    return next((each for each in held if isinstance(each, AsyncGeneratorType)), None)


async def _generate() -> AsyncGenerator[None, None]:
    yield  # pragma: no cover  # it is never begun


_closing = _generate().aclose()
_closing.close()  # from 3.15 it warns if it is not used
_ATHROW = type(_closing)


def default_executor(loop: Loop) -> futures.Executor | None:
    """The executor of `to_thread` and `run_in_executor(None, …)`: Lib/asyncio/base_events.py."""
    return getattr(loop, "_default_executor", None)


def policy_is_standard() -> bool:
    """Whether `asyncio.new_event_loop()` would create the standard loop.

    Read from `_event_loop_policy`, Lib/asyncio/events.py: the public getter creates a policy if there is
    none, and is deprecated from 3.14.
    """
    policy = getattr(asyncio.events, "_event_loop_policy", None)
    return policy is None or type(policy).__module__ in ("asyncio.unix_events", "asyncio.windows_events")


# -- handles -------------------------------------------------------------------------------------------------


class Watch(NamedTuple):
    """A handle that the loop calls when a descriptor is ready."""

    fd: int
    is_writer: bool
    handle: asyncio.Handle


def watches(loop: Loop, fd: int | None = None) -> list[Watch]:
    """What `add_reader`, `add_writer` and asyncio itself have registered: Lib/asyncio/selector_events.py.

    For all descriptors, or for one. The data of a key in `_selector` is a pair: the handle for reading and
    the handle for writing.
    """
    selector = getattr(loop, "_selector", None)
    watched = {} if selector is None else selector.get_map() or {}
    numbers = _registered_with(selector) if fd is None and watched else (fd,)
    keys = [watched[number] for number in numbers if number in watched]
    return [
        Watch(key.fd, bool(is_writer), handle)
        for key in keys
        for is_writer, handle in enumerate(key.data)
        if handle is not None
    ]  # fmt: skip


def signal_handles(loop: Loop) -> dict[int, asyncio.Handle]:
    """What `add_signal_handler` has installed: `_signal_handlers`, Lib/asyncio/unix_events.py."""
    found: dict[int, asyncio.Handle] = getattr(loop, "_signal_handlers", None) or {}
    return found


def timers(loop: Loop) -> Iterable[asyncio.TimerHandle]:
    """The timers of a loop that are not cancelled: `_scheduled`, Lib/asyncio/base_events.py."""
    return [timer for timer in getattr(loop, "_scheduled", ()) if not timer.cancelled()]


def schedule(loop: Any, timer: Any) -> None:
    """Enters a timer as `call_at` does: `_scheduled`, of loop and timer, Lib/asyncio/base_events.py."""
    heapq.heappush(loop._scheduled, timer)
    timer._scheduled = True


def loop_of_handle(handle: asyncio.Handle) -> Loop:
    """The loop of a handle: `_loop`, Lib/asyncio/events.py."""
    loop: Loop = handle._loop  # type: ignore[attr-defined]  # not in typeshed
    return loop


def callback_of(handle: asyncio.Handle) -> Any:
    """What a handle calls, None when it was cancelled: `_callback`, Lib/asyncio/events.py."""
    return getattr(handle, "_callback", None)


# -- callbacks -----------------------------------------------------------------------------------------------


def hook_callbacks(
    around: Callable[[asyncio.Handle, Callable[[asyncio.Handle], Any]], None],
) -> Callable[[], None]:
    """Has each callback of all loops run by `around(handle, run)`; returns the undo function.

    `Handle._run`, Lib/asyncio/events.py, is where loops that are written in Python run them.
    """
    before = asyncio.Handle._run
    _arounds.append(around)
    if len(_arounds) == 1:
        _arounds.insert(0, before)

        def _run(self: asyncio.Handle) -> None:
            _arounds[-1](self, before)

        asyncio.Handle._run = _run  # type: ignore[method-assign]  # the one place that all pass

    def undo() -> None:
        # Blocks that overlap do not end in the order in which they began.
        _arounds.remove(around)
        if len(_arounds) == 1:
            asyncio.Handle._run = _arounds.pop()  # type: ignore[method-assign]  # the one place that all pass

    return undo


_Run = Callable[[asyncio.Handle], Any]
_arounds: list[Any] = []
