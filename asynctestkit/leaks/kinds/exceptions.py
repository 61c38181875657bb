"""Exceptions of tasks and futures that were never retrieved."""

from __future__ import annotations

import traceback
from types import FrameType
from typing import Any

from ...cpython import loop_internals, task_internals
from ...cpython.alarms import PhaseInterrupt
from ...cpython.definitions import module_of, mro_of
from ...cpython.originals import asyncio
from ...stacks.await_chain import coroutine_name
from ...stacks.places import Place, user_places
from ..census.holders import holders_of
from ..census.loop_error import LoopError
from ..detector import LeakDetector
from ..leak import Leak
from .tasks import created_at, created_in

__all__ = ["ExceptionLeaks", "one_line", "raised_at"]


class ExceptionLeaks(LeakDetector):
    """Failed tasks and futures whose exception was never retrieved, still referenced or dropped."""

    kind = "exception"
    types = (*task_internals.FUTURE_TYPES, LoopError)

    def __init__(self) -> None:
        self._within_asyncio: dict[int, bool] = {}

    def prepare(self, objects: list[asyncio.Future[Any]]) -> None:
        failed = [future for future in objects if _is_unretrieved(future)]
        holders = holders_of(failed)
        attributes = (held for each in holders.values() for held in each if issubclass(type(held), dict))
        owners = holders_of({id(held): held for held in attributes}.values())
        self._within_asyncio = {
            identity: _is_within_asyncio(each + [o for held in each for o in owners.get(id(held), ())])
            for identity, each in holders.items()
        }

    def examine(self, obj: asyncio.Future[Any] | LoopError) -> Leak | None:
        if isinstance(obj, LoopError):
            future, error = obj.future, obj.exception
            if future is None or error is None or _ends_a_generator(future):
                return None
            if _was_failed_by_asyncio(future, error):
                return None
            return self._leak(future, error)
        if not _is_unretrieved(obj) or self._within_asyncio.pop(id(obj), False) or _ends_a_generator(obj):
            return None
        error = obj.exception()
        if isinstance(error, PhaseInterrupt):
            task_internals.mark_exception_retrieved(obj)
            return None
        return self._leak(obj, error) if error is not None else None

    def release(self, obj: asyncio.Future[Any]) -> None:
        """Keeps asyncio from logging it when it is dropped: it has been reported."""
        task_internals.mark_exception_retrieved(obj)

    def _leak(self, future: asyncio.Future[Any], error: BaseException) -> Leak:
        is_task = isinstance(future, task_internals.TASK_TYPES)
        name = future.get_name() if isinstance(future, task_internals.TASK_TYPES) else type(future).__name__
        coroutine = (
            task_internals.coroutine_of(future) if isinstance(future, task_internals.TASK_TYPES) else None
        )
        return Leak(
            kind=self.kind,
            name=name,
            description=f"the {'task' if is_task else 'future'} failed and its exception was never "
            f"retrieved: {one_line(error)}",
            phase=created_in(future),
            created_at=created_at(future),
            waiting_at=raised_at(error),
            coroutine="" if coroutine is None else coroutine_name(coroutine),
            remedy="await it, or retrieve its exception()",
        )


def one_line(error: BaseException) -> str:
    """The exception as Python's last line shows it."""
    return traceback.format_exception_only(type(error), error)[-1].strip()


def raised_at(error: BaseException) -> tuple[Place, ...]:
    """The user's lines that an exception was raised through, innermost last."""
    lines = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return user_places((code.co_filename, line or 0, code.co_name) for code, line in reversed(lines))


def _is_unretrieved(future: asyncio.Future[Any]) -> bool:
    return task_internals.is_exception_unretrieved(future) and future.done()


def _ends_a_generator(future: asyncio.Future[Any]) -> bool:
    """Exempt: the task in which a loop closes a dropped generator; that is a leak of its own kind."""
    return loop_internals.generator_closed_by(future) is not None


def _is_within_asyncio(owners: list[Any]) -> bool:
    """Exempt: futures inside of asyncio's own objects, such as the one of `StreamWriter.wait_closed()`.

    asyncio itself retrieves their exceptions when it drops them (`StreamReaderProtocol.__del__`,
    Lib/asyncio/streams.py), so they would never have been logged.
    """
    classes = [type(owner) for owner in owners if not issubclass(type(owner), _NO_OWNERS)]
    return any(module_of(base).startswith("asyncio.") for cls in classes for base in mro_of(cls))


_NO_OWNERS = (asyncio.Future, dict, list, tuple, FrameType)
"""What refers to futures that are not asyncio's own."""


def _was_failed_by_asyncio(future: asyncio.Future[Any], error: BaseException) -> bool:
    """Exempt: a dropped future with an exception that asyncio itself has raised, as for a lost connection.

    The collector may destroy the future before the protocol that would have retrieved the exception.
    """
    if isinstance(future, task_internals.TASK_TYPES) or error.__traceback__ is None:
        return False
    return isinstance(error, OSError) and not raised_at(error)
