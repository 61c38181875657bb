"""Where the tasks of a test stand, as text for a report."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from ..cpython.originals import asyncio
from ..stacks.await_chain import AwaitChain, chain_of_task, coroutine_name, first_names, name_order
from ..stacks.code_owners import is_machinery
from ..stacks.rendering import render_chain
from .deadlock import facts_about

__all__ = ["list_tasks"]

_Task = asyncio.Task[Any]
_MOST_ENTRIES, _MOST_LINES = 20, 80


def list_tasks(main: asyncio.Task[Any] | None, others: Collection[asyncio.Task[Any]]) -> list[str]:
    """The test's own task, if it is to be shown, and the others by name, each with its await chain.

    Tasks that keep others waiting come first, and tasks with the same await chain are one entry.
    """
    tasks = ([main] if main is not None else []) + sorted(others, key=name_order)
    facts = facts_about(tasks)
    tasks.sort(key=lambda task: (task is not main, task not in facts.culprits))
    groups: dict[_Position, list[_Task]] = {}
    for task in tasks:
        position = _position_of(task, task is main, facts.lines.get(task, []))
        if position is not None:
            groups.setdefault(position, []).append(task)
    lines: list[str] = []
    shown = 0
    for position, group in groups.items():
        entry = _entry(position, group)
        if shown == _MOST_ENTRIES or (lines and len(lines) + len(entry) > _MOST_LINES):
            break
        lines += entry
        shown += 1
    rest = sum(map(len, list(groups.values())[shown:]))
    if rest:
        lines.append(f"  … and {rest} more")
    return ["", "where its tasks stood:", *lines] if lines else []


class _Position(NamedTuple):
    """What the tasks of one entry have in common."""

    whose: str
    chain: AwaitChain
    facts: tuple[str, ...]


def _position_of(task: _Task, is_main: bool, facts: list[str]) -> _Position | None:
    """Where a task stands; None for the test's task if it runs no code of the user's."""
    places, waits_on = chain_of_task(task)
    # On 3.10 the chain begins in our ContextTask, which runs all phases.
    first = next((i for i, place in enumerate(places) if not is_machinery(place.file)), None)
    if is_main and first is None:
        return None
    whose = "the test's own task" if is_main else f"{coroutine_name(task.get_coro())}()"
    return _Position(whose, AwaitChain(places[first:], waits_on), tuple(facts))


def _entry(position: _Position, group: list[_Task]) -> list[str]:
    names = [task.get_name() for task in group]
    who = f"task {names[0]!r}" if len(group) == 1 else f"{len(group)} tasks ({first_names(names)})"
    return [
        f"  {who}, {position.whose}",
        *render_chain(position.chain.places, position.chain.waits_on, "    "),
        *(f"    {fact}" for fact in position.facts),
    ]
