"""The holders of locks, as far as they can be known.

asyncio's locks do not record their holders. But a coroutine suspended within `async with lock:` keeps the
lock's `__aexit__` on its stack, where the garbage collector can see it; and so does an asynchronous
generator that it iterates, or that is its context manager. An AsyncExitStack has a list. A lock taken by
`acquire()` leaves no such trace.
"""

from __future__ import annotations

import ast
import functools
import linecache
from asyncio import Condition, Lock, Semaphore, Task  # by their own names, as tests patch those of asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from types import AsyncGeneratorType, FrameType, FunctionType, MethodType
from typing import Any, NamedTuple

from ..cpython import wait_internals
from ..cpython.originals import gc
from ..stacks.await_chain import links
from ..stacks.places import Place

__all__ = ["LOCKS", "Holding", "Link", "frames_of", "holdings_in", "lock_of", "wait_for_notify"]

Link = tuple[object, FrameType]
"""A coroutine or generator of an await chain that is written in Python, and its frame."""
LOCKS = (Lock, Semaphore)
_Lock = Lock | Semaphore
_Task = Task[Any]
_Chain = Sequence[Link]
_WAIT = Condition.wait.__code__


class Holding(NamedTuple):
    """A lock that is held, its holder, and how that has acquired it."""

    lock: _Lock
    task: _Task | None
    """None for an asynchronous generator that several tasks refer to."""
    how: str

    def __str__(self) -> str:
        holder = f"task {self.task.get_name()!r}" if self.task is not None else "an asynchronous generator"
        return f"{holder}, {self.how}"


def frames_of(awaited: object) -> list[Link]:
    """The links of an await chain that are written in Python, outermost first."""
    return [(link, frame) for link, frame in links(awaited) if frame is not None]


def lock_of(thing: object) -> _Lock | None:
    """The lock that an object is, or has if it is a condition; else None."""
    if isinstance(thing, Condition):
        return wait_internals.lock_of_condition(thing)
    return thing if isinstance(thing, LOCKS) else None


def wait_for_notify(frame: FrameType) -> Condition | None:
    """The condition whose `wait()` a frame runs: its lock is released meanwhile."""
    is_wait = frame.f_code is _WAIT
    return frame.f_locals["self"] if is_wait else None


def holdings_in(chains: Mapping[_Task, _Chain]) -> list[Holding]:
    """Every lock that is known to be held, with its holder; `chains` has the `frames_of` each task."""
    awaited = {id(link) for chain in chains.values() for link, _ in chain}
    found: list[Holding] = []
    by_generators: dict[int, list[Holding]] = {}
    for task, chain in chains.items():
        released = {id(lock_of(wait_for_notify(frame))) for _, frame in chain}
        for within in _with_suspended_generators(chain, awaited):
            held = [Holding(lock, task, how) for lock, how in _locks_in(within) if id(lock) not in released]
            if within is chain:
                found += held
            elif held:
                by_generators.setdefault(id(within[0][0]), []).extend(held)
    for held in by_generators.values():
        if len({each.task for each in held}) > 1:
            held = [Holding(each.lock, None, each.how) for each in held if each.task is held[0].task]
        found += held
    return found


def _with_suspended_generators(chain: _Chain, awaited: set[int]) -> Iterator[_Chain]:
    """A chain, and the chains of the generators that it refers to and that are not being awaited."""
    seen, left = set(awaited), [chain]
    while left:
        within = left.pop()
        yield within
        for link, frame in within:
            managers = [each for manager in _entered(link, frame) for each in _with_entered(manager)]
            for each in (*_referents(link, frame), *map(wait_internals.generator_of, managers)):
                if isinstance(each, AsyncGeneratorType) and id(each) not in seen:
                    seen.add(id(each))
                    left.append(frames_of(each))


def _locks_in(chain: _Chain) -> Iterator[tuple[_Lock, str]]:
    """The locks that coroutines hold by their `async with` statements."""
    below = [*(frame for _, frame in chain[1:]), None]
    for (link, frame), inner in zip(chain, below, strict=False):  # an empty chain has nothing below it
        managers = list(_entered(link, frame))
        if inner is not None and managers and _is_entering(inner, managers[-1]):
            del managers[-1]
        for number, manager in enumerate(managers):
            for each in _with_entered(manager):
                lock = lock_of(each)
                if lock is not None:
                    words = "acquired at" if each is manager else "through the AsyncExitStack of"
                    yield lock, f"{words} {_place_of(frame, number)}"


def _is_entering(inner: FrameType, manager: object) -> bool:
    """Whether the frame below an `async with` is still entering its manager."""
    first = inner.f_code.co_varnames[:1]
    return inner.f_code.co_name == "__aenter__" and bool(first) and inner.f_locals.get(first[0]) is manager


def _entered(link: object, frame: FrameType) -> Iterator[object]:
    """The managers of every `async with` that a suspended coroutine is in, outermost first."""
    seen = _referents(link, frame)
    for each, following in zip(seen, [*seen[1:], None], strict=True):
        manager = _manager_of(each, following)
        # A variable does not count, such as the method that `enter_async_context` will call in the end.
        if manager is not None and not any(each is value for value in frame.f_locals.values()):
            yield manager


def _manager_of(each: object, following: object) -> object:
    """The manager that an `async with` will leave by calling `each`; `following` is next on the stack."""
    if isinstance(each, MethodType) and getattr(each, "__name__", "") == "__aexit__":  # before 3.14
        return each.__self__
    is_exit = isinstance(each, FunctionType) and getattr(type(following), "__aexit__", None) is each
    return following if is_exit else None  # from 3.14


def _with_entered(manager: object) -> list[object]:
    """A manager and, if that is an AsyncExitStack, the managers that it has entered."""
    opened, seen = [manager], {id(manager)}
    for each in opened:
        if isinstance(each, AsyncExitStack):
            inner = [own for own in wait_internals.entered_by_stack(each) if id(own) not in seen]
            opened += inner
            seen.update(map(id, inner))
    return opened


def _referents(link: object, frame: FrameType) -> list[object]:
    """The variables and the stack: the frame shows them on 3.10, from 3.11 the coroutine does."""
    return [*gc.get_referents(frame), *gc.get_referents(link)]


def _place_of(frame: FrameType, number: int) -> Place:
    """The line of that manager; if its source is not known, the line where the frame stands."""
    code = frame.f_code
    lines = _async_with_lines(code.co_filename, code.co_firstlineno, frame.f_lineno)
    line = lines[number] if number < len(lines) else frame.f_lineno
    return Place(code.co_filename, line, code.co_name)


@functools.lru_cache(maxsize=256)
def _async_with_lines(filename: str, first: int, line: int) -> list[int]:
    """The line of each manager of the `async with` statements around a line, outermost first."""
    return [
        item.context_expr.lineno
        for node in ast.walk(_parsed(filename))
        if isinstance(node, ast.AsyncWith) and first <= node.lineno <= line <= _end(node)
        for item in node.items
    ]


def _end(node: ast.AsyncWith) -> int:
    return node.end_lineno or node.lineno


@functools.lru_cache(maxsize=8)
def _parsed(filename: str) -> ast.Module:
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:  # not Python, such as a template
        return ast.parse("")
