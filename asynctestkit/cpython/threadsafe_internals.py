"""The private parts of `asyncio.run_coroutine_threadsafe`."""

from __future__ import annotations

from types import FunctionType

from .originals import asyncio

__all__ = ["awaitable_to_run"]

_CALLBACK = f"{asyncio.run_coroutine_threadsafe.__qualname__}.<locals>.callback"


def awaitable_to_run(callback: object) -> object:
    """What `run_coroutine_threadsafe` was given, for the callback that it sends to the loop; else None.

    It is the variable `coro` in the closure of that callback: Lib/asyncio/tasks.py.
    """
    if not isinstance(callback, FunctionType) or callback.__qualname__ != _CALLBACK:
        return None
    cells = dict(zip(callback.__code__.co_freevars, callback.__closure__ or (), strict=True))
    return cells["coro"].cell_contents if "coro" in cells else None
