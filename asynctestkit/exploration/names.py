"""The names of the tasks of an explored run, which are the same in every run and process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Any

from ..cpython import task_internals
from ..cpython.originals import asyncio
from ..stacks.await_chain import coroutine_name, definition
from ..stacks.code_owners import is_of_asyncio

__all__ = ["TaskNames", "Walker", "is_internal", "require_a_match"]

_GIVEN_BY_ASYNCIO = re.compile(r"Task-\d+")


class Walker:
    """What is recorded of a task and its steps."""

    __slots__ = ("is_main", "name", "taken", "yields_over")

    def __init__(self, is_main: bool) -> None:
        self.name = ""
        """The name; "" until the first step."""
        self.is_main = is_main
        """Whether the task runs the test itself or one of its hooks."""
        self.taken = 0
        """The number of steps taken."""
        self.yields_over: dict[Walker, int] = {}
        """How often each other task has overtaken its next step with a step that follows a `sleep(0)`."""


def is_internal(task: asyncio.Task[Any]) -> bool:
    """Whether asyncio started the task for itself, for example to accept a connection."""
    coroutine = task_internals.coroutine_of(task)
    place = definition(coroutine)
    is_private = coroutine_name(coroutine).rpartition(".")[2].startswith("_")
    return is_private and place is not None and is_of_asyncio(place.file)


def require_a_match(pattern: str | None, names: Collection[str], none: str) -> None:
    """Raises ValueError if a pattern matches none of the names that there are; `none` says of what."""
    if pattern is not None and names and not any(fnmatchcase(name, pattern) for name in names):
        known = ", ".join(map(repr, sorted(names)))
        raise ValueError(f"tasks is {pattern!r}, and {none} has such a name: there are {known}")


class TaskNames:
    """Names tasks by their own name, or else by their coroutine; the second with a name is "name#2"."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def name(self, task: asyncio.Task[Any], main: str = "") -> str:
        """A name for a task that has none yet; `main` is the name for the test's own task."""
        name = main or task.get_name()
        if not main and _GIVEN_BY_ASYNCIO.fullmatch(name):
            qualified = coroutine_name(task_internals.coroutine_of(task))
            name = qualified.rpartition("<locals>.")[2]
        self._given[name] += 1
        number = self._given[name]
        return name if number == 1 else f"{name}#{number}"
