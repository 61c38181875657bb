"""The wait-for graph: the locks, queues and tasks that tasks wait on."""

from __future__ import annotations

import enum
from asyncio import Condition, Lock, Queue, Task  # by their own names, as tests patch those of asyncio
from collections.abc import Collection, Mapping, Sequence
from types import FrameType
from typing import Any, NamedTuple

from ..cpython import task_internals
from ..stacks.await_chain import tasks_behind
from ..stacks.code_owners import is_machinery, is_own
from .lock_holders import LOCKS, Holding, Link, frames_of, holdings_in, lock_of, wait_for_notify

__all__ = ["Cause", "Facts", "facts_about"]

_Task = Task[Any]
_Node = _Task | int
"""A task, or the id of a lock: a task leads to what it waits for, a lock to its holders."""
_Graph = Mapping[_Node, Collection[_Node]]

_MOST_HOLDERS = 5
_MOST_IN_A_RING = 10


class Cause(enum.Enum):
    """Why tasks make no progress, by remedy."""

    RING = "tasks await each other"
    REENTRY = "a task waits for a lock that it holds itself"
    LOCKS = "tasks wait for locks that the others hold"
    HELD = "a task awaits one that waits for a lock which it holds"
    UNRELEASED = "nobody is known to hold the lock that is waited for"
    EMPTY = "nobody puts into a queue"
    FULL = "nobody takes from a queue"
    UNFINISHED = "what was taken from a queue is not marked done"
    SIGNAL = "nobody sets, notifies or ends what is waited for"


class Facts(NamedTuple):
    """The facts about some waiting tasks."""

    lines: dict[_Task, list[str]]
    """The lines of the report on each task of which anything is known."""
    culprits: set[_Task]
    """The tasks that hold what others wait for, and those that are in a ring."""
    causes: list[Cause]
    """Why they make no progress, each kind once; at least one."""


class _Wait(NamedTuple):
    """The innermost lock, condition or queue of asyncio's that a task waits at, and the method called."""

    at: object
    method: str


def facts_about(tasks: Collection[_Task]) -> Facts:
    """The facts about what each of these tasks waits on."""
    chains = {task: frames_of(task_internals.coroutine_of(task)) for task in tasks}
    waits = {task: _wait_of([frame for _, frame in chain]) for task, chain in chains.items()}
    holders: dict[int, list[Holding]] = {}
    for holding in holdings_in(chains):
        holders.setdefault(id(holding.lock), []).append(holding)
    graph = _graph(chains, waits, holders)
    rings = _rings(graph)
    lines = {
        task: [*_of_lock(wait, holders), *_of_notify(wait), *_of_queue(wait), *_of_ring(task, rings)]
        for task, wait in waits.items()
    }
    culprits = {*_holders_waited_for(graph, holders), *rings}
    return Facts({task: said for task, said in lines.items() if said}, culprits, _causes(graph, rings, waits))


def _holders_waited_for(graph: _Graph, holders: Mapping[int, list[Holding]]) -> set[_Task]:
    """The tasks that hold a lock which another one waits for."""
    wanted = {node for nodes in graph.values() for node in nodes}
    held = [each for lock, holdings in holders.items() if lock in wanted for each in holdings]
    return {each.task for each in held if each.task is not None}


def _causes(graph: _Graph, rings: Mapping[_Task, list[_Node]], waits: Mapping[_Task, _Wait]) -> list[Cause]:
    """Why the tasks are stuck: they are in rings, or else behind tasks that wait for none of the others."""
    if rings:
        found = [_cause_of_ring(ring) for ring in {id(ring): ring for ring in rings.values()}.values()]
    else:
        ends = [task for task in waits if not graph.keys() & graph[task]]
        found = [_cause_of_wait(waits[task]) for task in ends]
    return list(dict.fromkeys(found)) or [Cause.SIGNAL]


# -- who waits for whom --------------------------------------------------------------------------------------


def _wait_of(frames: Sequence[FrameType]) -> _Wait:
    users = [i for i, frame in enumerate(frames) if not is_machinery(frame.f_code.co_filename)]
    inner = frames[users[-1] + 1 if users else 0 :]
    notified = [i for i, frame in enumerate(inner) if wait_for_notify(frame) is not None]
    if notified and notified[-1] + 1 < len(inner):
        inner = inner[notified[-1] + 1 :]  # it was notified, and now waits for the lock
    for frame in inner:
        owner, method = frame.f_locals.get("self"), frame.f_code.co_name
        if isinstance(owner, Condition):
            return _Wait(owner if notified else lock_of(owner), method)
        if isinstance(owner, (*LOCKS, Queue)):
            return _Wait(owner, method)
        if not is_own(frame.f_code.co_filename) and (owner is not None or method.startswith("_")):
            break  # asyncio's own lock or queue, as in Barrier and as_completed
    return _Wait(None, "")


def _graph(
    chains: Mapping[_Task, Sequence[Link]], waits: Mapping[_Task, _Wait], holders: Mapping[int, list[Holding]]
) -> _Graph:
    """The wait-for graph: tasks wait for tasks and for locks, and locks for their holders."""
    graph: dict[_Node, Collection[_Node]] = {}
    for lock, held in holders.items():
        tasks = [each.task for each in held if each.task is not None]
        if tasks:
            graph[lock] = tasks
    for task, chain in chains.items():
        awaited = tasks_behind(task_internals.awaited_future(task), [frame for _, frame in chain])
        locks = [id(waits[task].at)] if id(waits[task].at) in graph else []
        graph[task] = [*awaited, *locks]
    return graph


def _rings(graph: _Graph) -> dict[_Task, list[_Node]]:
    """For each task that indirectly waits for itself, a shortest ring that it is in."""
    rings: dict[_Task, list[_Node]] = {}
    cycles = _cycles(graph)
    for node in cycles:
        if not isinstance(node, int) and node not in rings:
            ring = _ring_through(node, cycles)
            for each in ring:
                if not isinstance(each, int):
                    rings.setdefault(each, ring)
    return rings


def _cycles(graph: _Graph) -> _Graph:
    """A graph without the nodes that lead into no ring."""
    cycles = {node: {each for each in targets if each in graph} for node, targets in graph.items()}
    sources: dict[_Node, list[_Node]] = {node: [] for node in graph}
    for node, targets in cycles.items():
        for target in targets:
            sources[target].append(node)
    ends = [node for node, targets in cycles.items() if not targets]
    for end in ends:
        del cycles[end]
        for source in sources[end]:
            cycles[source].remove(end)
            if not cycles[source]:
                ends.append(source)
    return cycles


def _ring_through(start: _Node, graph: _Graph) -> list[_Node]:
    came_from = {start: start}
    ways = [start]
    for node in ways:
        for target in graph[node]:
            if target == start:
                ring = [node]
                while ring[-1] != start:
                    ring.append(came_from[ring[-1]])
                return ring[::-1]
            if target not in came_from:
                came_from[target] = node
                ways.append(target)
    return []


# -- the lines of the report ---------------------------------------------------------------------------------


def _of_lock(wait: _Wait, holders: Mapping[int, list[Holding]]) -> list[str]:
    lock = wait.at
    if not isinstance(lock, LOCKS) or not lock.locked():
        return []
    kind = type(lock).__name__
    known = holders.get(id(lock), [])
    lines = [f"the {kind} is held by {holding}" for holding in known[:_MOST_HOLDERS]]
    if len(known) > _MOST_HOLDERS:
        lines.append(f"the {kind} is held by {len(known) - _MOST_HOLDERS} more")
    taken = "is held" if isinstance(lock, Lock) else "has no free slot"
    return lines or [f"the {kind} {taken}, but its holder was not found: acquire() leaves no trace"]


def _of_notify(wait: _Wait) -> list[str]:
    is_condition = isinstance(wait.at, Condition)
    return [f"no notify() of the {type(wait.at).__name__} has reached it"] if is_condition else []


def _of_queue(wait: _Wait) -> list[str]:
    queue = wait.at
    if not isinstance(queue, Queue):
        return []
    held = f"{queue.qsize()} of at most {queue.maxsize}" if queue.maxsize else f"{queue.qsize()}"
    unfinished = task_internals.unfinished_items(queue)
    gets, puts = task_internals.blocked_getters(queue), task_internals.blocked_putters(queue)
    return [
        f"the {type(queue).__name__} holds {held} items, {unfinished} not marked done; "
        f"{gets} get() and {puts} put() are waiting"
    ]


def _of_ring(task: _Task, rings: Mapping[_Task, list[_Node]]) -> list[str]:
    """The ring of tasks in which a task awaits itself; a ring with locks shows from the lines on holders."""
    ring = rings.get(task, [0])
    names = [repr(each.get_name()) for each in ring if not isinstance(each, int)]
    if len(names) < len(ring):
        return []
    at = ring.index(task)
    way = [*names[at:], *names[:at]]
    if len(way) > _MOST_IN_A_RING:
        way[_MOST_IN_A_RING // 2 : -_MOST_IN_A_RING // 2] = [f"… {len(way) - _MOST_IN_A_RING} more …"]
    said = "the tasks await each other" if len(way) > 1 else "the task awaits itself"
    return [f"{said}: {' → '.join([*way, way[0]])}"]


def _cause_of_ring(ring: Sequence[_Node]) -> Cause:
    locks = sum(isinstance(each, int) for each in ring)
    if not locks:
        return Cause.RING
    if locks < len(ring) - locks:
        return Cause.HELD
    return Cause.LOCKS if locks > 1 else Cause.REENTRY


def _cause_of_wait(wait: _Wait) -> Cause:
    if isinstance(wait.at, LOCKS):
        return Cause.UNRELEASED
    if not isinstance(wait.at, Queue):
        return Cause.SIGNAL
    if wait.at.empty():
        return Cause.UNFINISHED if wait.method == "join" else Cause.EMPTY
    return Cause.FULL
