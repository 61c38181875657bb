"""Where a suspended coroutine stands: the chain of awaits down to the innermost line, and what it waits on.

The chain follows `cr_await`, `gi_yieldfrom` and `ag_await`. Some awaitables written in C do not expose what
they wrap (`asend()` and `athrow()` of asynchronous generators, `anext()` with a default, the wrapper around
`__await__`); those are opened with `gc.get_referents`. `asyncio.capture_call_graph` (3.14) stops at them.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Awaitable, Collection, Iterator, Sequence
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any, NamedTuple

from ..cpython import task_internals, wait_internals
from ..cpython.mock_internals import is_mock_call, mock_name
from ..cpython.originals import asyncio, gc, os
from .code_owners import is_own
from .places import Place

__all__ = [
    "AwaitChain",
    "chain_of_coroutine",
    "chain_of_task",
    "coroutine_name",
    "definition",
    "first_names",
    "links",
    "name_order",
    "tasks_behind",
]


class AwaitChain(NamedTuple):
    """Where a coroutine stands, outermost place first, and the operation it waits on ("" if unknown)."""

    places: tuple[Place, ...]
    waits_on: str


_MOST_LINKS = 1000
_MOST_NAMES = 5
_MOCKS_FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "mocks", "")
_ASYNCIO_FOLDER = os.path.dirname(asyncio.__file__) + os.sep


def chain_of_task(task: asyncio.Task[Any]) -> AwaitChain:
    """The await chain of a pending task; one that is running or ready waits on ""."""
    return chain_of_coroutine(task.get_coro(), task_internals.awaited_future(task))


def chain_of_coroutine(coroutine: object, future: asyncio.Future[Any] | None = None) -> AwaitChain:
    """The await chain of a suspended coroutine or asynchronous generator; `future` is what it waits on."""
    frames = [frame for _, frame in links(coroutine) if frame is not None]
    places, operation = _shown(frames)
    if future is None:
        return AwaitChain(places, operation)
    if operation and not isinstance(future, task_internals.TASK_TYPES):
        return AwaitChain(places, operation + _pending(tasks_behind(future, frames)))
    return AwaitChain(places, _named(future))


def _named(future: asyncio.Future[Any]) -> str:
    if isinstance(future, task_internals.TASK_TYPES):
        return f"task {future.get_name()!r}"
    children = list(task_internals.gathered_children(future))
    if children:
        return f"gather of {len(children)}{_pending(tasks_behind(future))}"
    shielded = wait_internals.shielded_by(future)
    if shielded is not None:
        return f"shield of {_named(shielded)}"
    return f"a {type(future).__name__} that nobody has set"


def _pending(tasks: Collection[asyncio.Task[Any]]) -> str:
    return f", pending: {first_names([task.get_name() for task in tasks])}" if tasks else ""


def tasks_behind(
    future: asyncio.Future[Any] | None, frames: Sequence[FrameType] = ()
) -> Collection[asyncio.Task[Any]]:
    """The pending tasks that the end of a chain waits for, sorted by name: `future`, or the tasks behind it.

    That is what `gather`, `shield`, `wait` or the end of a task group wait for; `frames` are the chain's.
    """
    inner = frames[-1] if frames else None
    if inner is not None and inner.f_code is _SLEEP:
        return ()
    found: dict[asyncio.Task[Any], None] = {}
    left = [future, *(wait_internals.futures_of_wait(inner) if inner is not None else ())]
    if inner is not None:
        left += wait_internals.tasks_of_group(inner)
    for each in left:
        if isinstance(each, task_internals.TASK_TYPES):
            found[each] = None
        elif each is not None:
            left += [*task_internals.gathered_children(each), wait_internals.shielded_by(each)]
    return sorted((task for task in found if not task.done()), key=name_order)


_SLEEP = asyncio.sleep.__code__


def name_order(task: asyncio.Task[Any]) -> list[tuple[int, str]]:
    """A key that sorts tasks by name, and numbers within names as such: Task-2 before Task-10."""
    parts = re.split(r"(\d+)", task.get_name())
    digits = [part.lstrip("0") if number % 2 else part for number, part in enumerate(parts)]
    return [(len(part) if number % 2 else 0, part) for number, part in enumerate(digits)]


def first_names(names: Collection[str]) -> str:
    """The first five names, in the order given."""
    shown = list(dict.fromkeys(names))
    return ", ".join(map(repr, shown[:_MOST_NAMES])) + (", …" if len(shown) > _MOST_NAMES else "")


def coroutine_name(coroutine: object) -> str:
    """The qualified name of a coroutine's function, or of the type of another awaitable."""
    return getattr(coroutine, "__qualname__", type(coroutine).__qualname__)


def definition(coroutine: object) -> Place | None:
    """Where a coroutine's function is defined; None for awaitables that are not written in Python."""
    for attribute in ("cr_code", "gi_code", "ag_code"):
        code = getattr(coroutine, attribute, None)
        if code is not None:
            return Place(code.co_filename, code.co_firstlineno, coroutine_name(coroutine))
    return None


def _shown(frames: list[FrameType]) -> tuple[tuple[Place, ...], str]:
    waits_on = _operation(frames)
    name = _called_mock(frames)
    if name:
        # The mock's name and its scripted step say more than its frames.
        step = frames[-1].f_locals.get("step") if _is_of_mocks(frames[-1]) else None
        waits_on = f"{waits_on or (repr(step) if step else 'something')} in mock {name!r}"
        frames = [frame for frame in frames if not _is_of_mocks(frame)]
    # The frame of an assertion that awaits on the user's behalf is not the user's.
    shown = [frame for frame in frames if not is_own(frame.f_code.co_filename)]
    return tuple(Place(f.f_code.co_filename, f.f_lineno, f.f_code.co_name) for f in shown), waits_on


def _called_mock(frames: list[FrameType]) -> str:
    """The mock that other code called last, or ""; a mock may call another, as `json()` does `read()`."""
    name = ""
    for frame in reversed(frames):
        if _is_of_mocks(frame):
            name = _mock_in(frame) or name
        elif name:
            break
    return name


def _mock_in(frame: FrameType) -> str:
    """The name of the mock whose call a frame runs, "" for other frames."""
    if is_mock_call(frame.f_code):
        return mock_name(frame.f_locals["self"])
    if _is_of_mocks(frame) and "call" in frame.f_code.co_varnames:
        return str(frame.f_locals["call"].name)  # a mock session's request
    return ""


def _is_of_mocks(frame: FrameType) -> bool:
    """Whether a frame is of `unittest.mock` or of our mocks."""
    file = frame.f_code.co_filename
    return is_mock_call(frame.f_code) or file.startswith(_MOCKS_FOLDER)


def links(awaited: object) -> Iterator[tuple[object, FrameType | None]]:
    """The awaitables of a chain, outermost first, each with its frame if it is written in Python."""
    for _ in range(_MOST_LINKS):
        inner: object
        if isinstance(awaited, CoroutineType):
            frame, inner = awaited.cr_frame, awaited.cr_await
        elif isinstance(awaited, GeneratorType):
            frame, inner = awaited.gi_frame, awaited.gi_yieldfrom
        elif isinstance(awaited, AsyncGeneratorType):
            frame, inner = awaited.ag_frame, awaited.ag_await
        else:
            frame, inner = None, _opened(awaited)
        yield awaited, frame
        if inner is None:
            return
        awaited = inner


def _opened(awaitable: object) -> object:
    """What an opaque awaitable written in C wraps; None for a future, where every chain ends."""
    if type(awaitable) is task_internals.FUTURE_ITERATOR:
        return None
    for referent in gc.get_referents(awaitable):
        if isinstance(referent, _WITH_FRAMES):
            return referent
        if not isinstance(referent, asyncio.Future) and isinstance(referent, Awaitable):
            return referent  # `anext()` with a default wraps an `asend()`
    return None


_WITH_FRAMES = (CoroutineType, GeneratorType, AsyncGeneratorType)


def _operation(frames: list[FrameType]) -> str:
    """The asyncio operation at the end of a chain, as its users call it: `Queue.get`, `sleep(3600)`.

    Of asyncio's frames at the end, the innermost with a public name: `Lock.acquire` for `async with lock`.
    Exceptions are a method that calls another of the same object, and a lock or queue built on another,
    which are named themselves: `StreamReader.readline`, not its `readuntil`; `Queue.join`, not `Event.wait`.
    """
    operation, inner = "", (None, "")
    for frame in reversed(frames):
        code = frame.f_code
        file, name = code.co_filename, code.co_name
        if not file.startswith(_ASYNCIO_FOLDER):
            break
        owner = frame.f_locals.get("self") if code.co_varnames[:1] == ("self",) else None
        if operation and not (owner is inner[0] is not None or {file, inner[1]} <= _SYNCHRONIZATION):
            break
        inner = owner, file
        if name.startswith("_") and (operation or not name.endswith("__")):
            continue
        if name == "sleep":
            return f"sleep({reprlib.repr(frame.f_locals.get('delay'))})"
        operation = name if owner is None else f"{type(owner).__name__}.{name}"
    return operation


_SYNCHRONIZATION = {asyncio.locks.__file__, asyncio.queues.__file__}
