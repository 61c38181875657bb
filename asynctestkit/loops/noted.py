"""Notes on tasks, which lead nobody to them: whether a task can ever wake does not depend on these."""

from __future__ import annotations

import weakref
from typing import Any

from ..cpython.originals import asyncio

__all__ = ["NotedAwaits", "NotedTasks"]

_Task = asyncio.Task[Any]


class NotedAwaits(dict[_Task, object]):
    """What each task waited for at some time."""


class NotedTasks(weakref.WeakSet[_Task]):
    """The tasks of some kind that are alive."""
