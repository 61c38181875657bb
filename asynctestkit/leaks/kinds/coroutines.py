"""Forgotten awaits: coroutines that were called and never awaited."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Coroutine
from types import CellType, CoroutineType, FrameType
from typing import Any

from ...cpython import task_internals
from ...cpython.mock_internals import is_mock_call
from ...cpython.originals import gc, threading
from ...mocks.calls import call_of
from ...stacks.await_chain import coroutine_name, definition
from ...stacks.places import Place, creators
from ..census.holders import holders_of
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["CoroutineLeaks", "forgotten_with", "is_unstarted"]


class CoroutineLeaks(LeakDetector):
    """Coroutines that were never started: dropped, in a reference cycle, or still referenced."""

    kind = "coroutine"
    types = (CoroutineType,)

    def __init__(self) -> None:
        self._awaited_elsewhere: dict[int, bool] = {}

    def prepare(self, objects: list[Coroutine[Any, Any, Any]]) -> None:
        holders = holders_of(filter(is_unstarted, objects))
        # On 3.10 a coroutine holds its arguments in a frame.
        frames = {id(held): held for each in holders.values() for held in each if type(held) is FrameType}
        owners = holders_of(frames.values())
        self._awaited_elsewhere = {
            identity: _is_awaited_elsewhere(each + [o for held in each for o in owners.get(id(held), ())])
            for identity, each in holders.items()
        }

    def examine(self, obj: Coroutine[Any, Any, Any]) -> Leak | None:
        if not is_unstarted(obj) or _is_of_another_thread(obj):
            return None
        # A coroutine that is being destroyed was not prepared: it has no holder that could await it.
        if self._awaited_elsewhere.pop(id(obj), False):
            return None
        name, description = coroutine_name(obj), f"called, never awaited; defined at {definition(obj)}"
        created_at = _creators(obj.cr_origin or ())  # type: ignore[attr-defined]  # not in typeshed
        call = call_of(obj)
        function = name.rpartition(".")[2]
        remedy = f"await {function}(…), or give it to asyncio.create_task()"
        if function in _ASYNC_HOOKS and not created_at:  # unittest itself has called it
            remedy = f"name it {_ASYNC_HOOKS[function]}: unittest calls {function}, and does not await it"
        if call is not None:
            name, description = call.name, f"a mock, called with {call.arguments} and never awaited"
            created_at = created_at or ((call.site,) if call.site else ())
            remedy = _remedy_of_mock(name, is_of_unittest=is_mock_call(obj.cr_code))  # type: ignore[attr-defined]  # not in typeshed
        return Leak(
            kind=self.kind,
            name=name,
            description=description,
            created_at=created_at,
            coroutine=name,
            remedy=remedy,
        )

    def release(self, obj: Coroutine[Any, Any, Any]) -> None:
        """Closes it: a coroutine that never started then runs nothing and issues no warning."""
        obj.close()


_ASYNC_HOOKS = {"setUp": "asyncSetUp", "tearDown": "asyncTearDown"}


@functools.lru_cache(maxsize=256)
def _creators(origin: tuple[tuple[str, int, str], ...]) -> tuple[Place, ...]:
    return creators(origin)


def forgotten_with(coroutine: Coroutine[Any, Any, Any]) -> list[Any]:
    """The unstarted coroutines among the arguments of one: of `outer(inner())` only `outer` is reported."""
    # Not by `cr_frame.f_locals`: on 3.10 that creates a dictionary, which resurrects the coroutine.
    held = gc.get_referents(coroutine)
    held += [deeper for frame in held if type(frame) is FrameType for deeper in gc.get_referents(frame)]
    return [value for value in held if is_unstarted(value)]


def is_unstarted(obj: object) -> bool:
    """Whether this is a coroutine that has not been awaited yet."""
    return type(obj) is CoroutineType and inspect.getcoroutinestate(obj) == inspect.CORO_CREATED


def _is_awaited_elsewhere(holders: list[Any]) -> bool:
    """Exempt: a coroutine of another loop's task, and an argument of a forgotten one, reported with that."""
    if any(issubclass(type(holder), task_internals.TASK_TYPES) or is_unstarted(holder) for holder in holders):
        return True
    # It may be on its way to a loop in another thread: run_coroutine_threadsafe holds it in a closure.
    return threading.active_count() > 1 and any(type(holder) is CellType for holder in holders)


def _is_of_another_thread(coroutine: Coroutine[Any, Any, Any]) -> bool:
    """Exempt: another thread's coroutine may be about to be started there.

    Origins are tracked in the test's thread alone.
    """
    return coroutine.cr_origin is None  # type: ignore[attr-defined]  # not in typeshed


def _remedy_of_mock(name: str, *, is_of_unittest: bool) -> str:
    """The remedy; every method of an AsyncMock without a spec is async, whatever the real one is."""
    parent, _, method = name.rpartition(".")
    if not (parent and is_of_unittest):
        return f"await {method}(…), or give it to asyncio.create_task()"
    return f"await {method}(…); if the real {method} is not a coroutine function, say so: AsyncMock(spec=…)"
