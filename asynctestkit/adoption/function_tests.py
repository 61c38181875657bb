"""Tests that are async functions, run by a plug-in of pytest: each is one guarded block."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from ..cpython.loop_internals import running_loop
from ..lifecycle.no_leaks import no_leaks
from ..settings import Settings

__all__ = ["guarded_function"]

__unittest = True

_AsyncFunction = Callable[..., Coroutine[Any, Any, Any]]


class _FunctionTest(no_leaks):
    _is_of_test = True

    def __init__(self, test: str, function: _AsyncFunction, settings: Settings, observes: bool) -> None:
        self._test = test
        self._code = inspect.unwrap(function).__code__
        self._settings = settings
        self._observes = observes

    def _subject(self, file: str, line: int) -> tuple[str, tuple[str, int]]:
        return self._test, (self._code.co_filename, self._code.co_firstlineno)


def guarded_function(
    test: str, function: _AsyncFunction, settings: Settings, *, observes: bool
) -> _AsyncFunction:
    """A test's function, guarded from its first line to its last; `test` is the test's id.

    What fixtures have created before is no leak. On a loop that is not asyncio's nothing is guarded.
    """

    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if running_loop() is None:
            return await function(*args, **kwargs)
        async with _FunctionTest(test, function, settings, observes):
            return await function(*args, **kwargs)

    return guarded
