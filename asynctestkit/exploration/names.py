"""What the tasks of an explored run are called: the same in every run, and in every process."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ..cpython import task_internals
from ..cpython.originals import asyncio
from ..stacks.await_chain import coroutine_name, definition
from ..stacks.code_owners import is_of_asyncio

__all__ = ["TaskNames", "Walker", "is_internal"]

_GIVEN_BY_ASYNCIO = re.compile(r"Task-\d+")


class Walker:
    """A task that takes steps."""

    __slots__ = ("is_main", "name", "taken", "yields_over")

    def __init__(self, is_main: bool) -> None:
        self.name = ""
        """Given before its first step."""
        self.is_main = is_main
        """Whether it runs the test itself, or a hook of it."""
        self.taken = 0
        """How many steps it has taken."""
        self.yields_over: dict[Walker, int] = {}
        """How often others went before its next step though they had only let the others go first."""


def is_internal(task: asyncio.Task[Any]) -> bool:
    """Whether asyncio has started a task for itself, to accept a connection, for one."""
    coroutine = task_internals.coroutine_of(task)
    place = definition(coroutine)
    is_private = coroutine_name(coroutine).rpartition(".")[2].startswith("_")
    return is_private and place is not None and is_of_asyncio(place.file)


class TaskNames:
    """Names by name, else by coroutine; the second of a name is "name#2"."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def name(self, task: asyncio.Task[Any], main: str = "") -> str:
        """A name for a task, which had none before; `main`: what the test's own task is called."""
        name = main or task.get_name()
        if not main and _GIVEN_BY_ASYNCIO.fullmatch(name):
            qualified = coroutine_name(task_internals.coroutine_of(task))
            name = qualified.rpartition("<locals>.")[2]
        self._given[name] += 1
        number = self._given[name]
        return name if number == 1 else f"{name}#{number}"
