"""Exceptions of tasks and futures that nobody retrieved."""

from __future__ import annotations

import asyncio
import gc
import traceback
from typing import Any

from .. import _cpython
from ..await_chain import coroutine_name
from ..places import Place, user_places
from .detector import LeakDetector
from .leak import Leak
from .loop_error import LoopError
from .tasks import created_at, created_in

__all__ = ["ExceptionLeaks", "one_line", "raised_at"]


class ExceptionLeaks(LeakDetector):
    """Failed tasks and futures whose exception was never retrieved, still referenced or dropped."""

    kind = "exception"
    types = (*_cpython.FUTURE_TYPES, LoopError)

    def examine(self, obj: asyncio.Future[Any] | LoopError) -> Leak | None:
        if isinstance(obj, LoopError):
            if obj.future is None or obj.exception is None:
                return None
            return self._leak(obj.future, obj.exception)
        if not _cpython.is_exception_unretrieved(obj) or not obj.done() or _belongs_to_asyncio(obj):
            return None
        error = obj.exception()
        return self._leak(obj, error) if error is not None else None

    def release(self, obj: asyncio.Future[Any]) -> None:
        """Keeps asyncio from logging it when it is dropped: it has been reported."""
        _cpython.mark_exception_retrieved(obj)

    def _leak(self, future: asyncio.Future[Any], error: BaseException) -> Leak:
        is_task = isinstance(future, _cpython.TASK_TYPES)
        name = future.get_name() if isinstance(future, _cpython.TASK_TYPES) else type(future).__name__
        coroutine = _cpython.coroutine_of(future) if isinstance(future, _cpython.TASK_TYPES) else None
        return Leak(
            kind=self.kind,
            name=name,
            description=f"the {'task' if is_task else 'future'} failed and nobody looked: {one_line(error)}",
            phase=created_in(future),
            created_at=created_at(future),
            waiting_at=raised_at(error),
            coroutine="" if coroutine is None else coroutine_name(coroutine),
            remedy="await it, or look at its exception()",
        )


def one_line(error: BaseException) -> str:
    """The exception as Python's last line shows it."""
    return traceback.format_exception_only(type(error), error)[-1].strip()


def raised_at(error: BaseException) -> tuple[Place, ...]:
    """The user's lines that an exception was raised through, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return user_places((frame.filename, frame.lineno or 0, frame.name) for frame in reversed(frames))


def _belongs_to_asyncio(future: asyncio.Future[Any]) -> bool:
    """Exempt: futures inside of asyncio's own objects, such as the one of `StreamWriter.wait_closed()`.

    asyncio itself retrieves their exceptions when it drops them (`StreamReaderProtocol.__del__`,
    Lib/asyncio/streams.py), so nobody would ever have complained.
    """
    if isinstance(future, _cpython.TASK_TYPES):
        return False
    owners = gc.get_referrers(future)
    owners += [owner for held in owners if isinstance(held, dict) for owner in gc.get_referrers(held)]
    classes = (
        base for owner in owners if not isinstance(owner, asyncio.Future) for base in type(owner).__mro__
    )
    return any(base.__module__.startswith("asyncio.") for base in classes)
