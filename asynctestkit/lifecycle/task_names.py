"""Tasks that were started without a name of their own."""

from __future__ import annotations

import dataclasses
import re
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..cpython import task_internals
from ..cpython.originals import asyncio
from ..leaks.leak import Leak
from ..leaks.report import render_list
from ..loops.loop import HygienicEventLoop
from ..stacks.await_chain import coroutine_name
from ..stacks.code_owners import is_machinery
from ..stacks.places import CreationSite, Place, creation_site, resolve

__all__ = ["TaskNames", "UnnamedTask", "render_unnamed"]

_DEFAULT = re.compile(r"Task-\d+|None")
"""The default names of asyncio's tasks; with a task factory, 3.13.0 sets None."""
_WAYS_TO_START = frozenset(("create_task", "ensure_future", "_ensure_future", "startBackground"))
"""Functions of the machinery that start a task on behalf of their caller."""


class UnnamedTask(NamedTuple):
    """A task by the name that asyncio gave it, with what it runs, its phase and the lines that started it."""

    name: str
    coroutine: str
    phase: str
    created_at: tuple[Place, ...]


@dataclasses.dataclass
class _Started:
    """A task that had no name when it was created; it may have been named since."""

    task: weakref.ref[asyncio.Task[Any]]
    coroutine: str
    site: CreationSite
    name_at_end: str | None = None


class TaskNames:
    """Records the tasks that user code starts on the loop, from now until `close()`.

    The name counts that a task has when it ends, or now: `create_task(name=…)` sets it after the creation on
    some versions, and tasks may name themselves.
    """

    def __init__(self, loop: HygienicEventLoop) -> None:
        self._loop = loop
        self._started: list[_Started] = []
        loop.task_watchers.append(self._note)

    def close(self) -> None:
        """Stops recording."""
        self._loop.task_watchers.remove(self._note)

    def unnamed(self) -> list[UnnamedTask]:
        """The tasks without a name, finished or not, in the order of their creation."""
        return [
            UnnamedTask(name, each.coroutine, each.site[0], resolve(each.site))
            for each in self._started
            if (name := _name(each)) is not None and _DEFAULT.fullmatch(name)
        ]

    def _note(self, task: asyncio.Task[Any], coroutine: object) -> None:
        site = creation_site(task)
        if (
            site is not None
            and isinstance(task, task_internals.TASK_TYPES)
            and _DEFAULT.fullmatch(task.get_name())
            and not _is_started_by_machinery(site)
        ):
            started = _Started(weakref.ref(task), coroutine_name(coroutine), site)
            self._started.append(started)
            task.add_done_callback(lambda task: setattr(started, "name_at_end", task.get_name()))


def _name(started: _Started) -> str | None:
    """A task's name; None for a task that was destroyed while it was pending, which is a leak itself."""
    task = started.task()
    return started.name_at_end if task is None else task.get_name()


def _is_started_by_machinery(site: CreationSite) -> bool:
    """Exempt: tasks of a phase, `gather`, `wait_for`, a server's handler, a dropped generator's closing.

    The user cannot name those. The caller of the functions that start tasks decides.
    """
    for code in site[1::2]:
        if not is_machinery(code.co_filename):
            return False
        if code.co_name not in _WAYS_TO_START:
            break
    return True


def render_unnamed(subject: str, tasks: Iterable[UnnamedTask]) -> str:
    """The report on the tasks that `subject` has started without naming them."""
    entries = [
        Leak(
            kind="task",
            name=task.name,
            description=f"running {task.coroutine}()",
            phase=task.phase,
            created_at=task.created_at,
            remedy="asyncio.create_task(…, name='…'), so that reports can tell it from others",
        )
        for task in tasks
    ]
    many = "a task" if len(entries) == 1 else f"{len(entries)} tasks"
    heading = f"{subject} requires task names, but started {many} without a name:"
    return "\n".join([heading, *render_list(entries)])
