"""The ledger of one queue: who took the items that are not marked done, and how those tasks ended.

It lives on the queue itself, as attributes of that one object, which take precedence over the methods of its
class. So its type and its storage stay as they are, and other queues are not affected. It holds neither the
queue nor its items, and tasks weakly only: a ledger keeps nothing alive.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Coroutine, Iterable, Iterator
from types import FrameType
from typing import Any, NamedTuple

from ..cpython import loop_internals, task_internals
from ..cpython.originals import asyncio
from ..leaks.kinds.exceptions import one_line
from ..stacks.await_chain import chain_of_task
from ..stacks.code_owners import is_machinery
from ..stacks.places import Place
from .wording import standing_lines

__all__ = ["Counts", "Ledger", "Take", "Taker", "close_ledger", "ledger_of", "open_ledger"]

_ATTRIBUTE = "_asynctestkit_ledger"
_HOOKED = ("get", "get_nowait", "put_nowait", "task_done")


class Taker:
    """A task that has taken items. Its exception is recorded as text, as the exception could hold an item."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.name = f"task {task.get_name()!r}"
        self.fate = ""
        """How it ended; "" while it runs."""
        self._task = weakref.ref(task)
        task.add_done_callback(self._ended)

    def _final(self, task: asyncio.Task[Any] | None) -> str:
        if task is not None and not self.fate:
            self._ended(task)  # it has ended in this turn; its callback has not run yet
        return self.fate or "which is gone"

    def _ended(self, task: asyncio.Future[Any]) -> None:
        if task.cancelled():
            self.fate = "which was cancelled"
        elif (error := task_internals.peek_exception(task)) is not None:
            self.fate = f"which failed with {one_line(error)}"
        else:
            self.fate = "which has returned"

    @property
    def has_died(self) -> bool:
        """Whether it failed or was cancelled: it marks nothing done any more."""
        return self.fate not in ("", "which has returned")

    def report(self) -> Iterable[str]:
        """One line on how the task ended, or for a running task, lines on where it stands."""
        task = self._task()
        if task is None or task.done():
            return [self._final(task)]
        stands = () if task is task_internals.current_task() else standing_lines(chain_of_task(task), "    ")
        return ["which still runs", *stands]


class Take:
    """One item that was taken, or is about to be: at which line, and by which task."""

    def __init__(self, place: Place | None, taker: Taker | None) -> None:
        self.place = place
        self.taker = taker
        self.is_recorded = False

    def report(self) -> Iterator[str]:
        """The lines of a message."""
        who = self.taker.name if self.taker is not None else "code outside of any task"
        lines = list(self.taker.report()) if self.taker is not None else []
        yield f"  taken at {self.place or 'an unknown line'} by {', '.join([who, *lines[:1]])}"
        yield from lines[1:]


class Counts(NamedTuple):
    """How many items were taken, put and marked done since the ledger was opened."""

    takes: int
    puts: int
    dones: int


class Ledger:
    """The items taken from one queue and not marked done, in the order in which they were taken."""

    def __init__(self) -> None:
        self.open: list[Take] = []
        self.counts = Counts(0, 0, 0)
        self.users = 0
        """The number of users; the ledger is closed when there are none."""
        self.is_watched = False
        """Whether `watchQueue` is one of the users, which never closes it."""
        self._takers: weakref.WeakKeyDictionary[asyncio.Task[Any], Taker] = weakref.WeakKeyDictionary()
        self._called: weakref.WeakKeyDictionary[Coroutine[Any, Any, Any], Take] = weakref.WeakKeyDictionary()

    def record_get(self, coroutine: Coroutine[Any, Any, Any], frame: FrameType) -> Take:
        """Records a `get()`: the caller is the taker, even if `wait_for` awaits it in another task."""
        take = self._called[coroutine] = self._take(frame)
        return take

    def record_get_nowait(self, frame: FrameType) -> None:
        """Records an item taken by `get_nowait()`, which a `get()` further out may have called."""
        pending = {coroutine.cr_frame: take for coroutine, take in self._called.items()}  # type: ignore[attr-defined]  # not in typeshed
        take = next((pending[each] for each in _frames(frame) if each in pending), None)
        self.record_taken(take or self._take(frame))

    def record_taken(self, take: Take) -> None:
        """Records that an item was taken."""
        take.is_recorded = True
        self._count(takes=1)
        self.open.append(take)

    def put(self) -> None:
        """Records that an item was put."""
        self._count(puts=1)

    def done(self) -> None:
        """Records that an item was marked done: the oldest one of this task, or else the oldest of all."""
        self._count(dones=1)
        taker = self._taker()
        mine = (take for take in self.open if take.taker is taker)
        take = next(mine, self.open[0] if self.open else None)
        if take is not None:  # items taken before the ledger was opened are not in it
            self.open.remove(take)

    def _count(self, takes: int = 0, puts: int = 0, dones: int = 0) -> None:
        before = self.counts
        self.counts = Counts(before.takes + takes, before.puts + puts, before.dones + dones)

    def _take(self, frame: FrameType) -> Take:
        users = (each for each in _frames(frame) if not is_machinery(each.f_code.co_filename))
        user = next(users, None)
        if user is None:
            return Take(None, self._taker())
        return Take(Place(user.f_code.co_filename, user.f_lineno, user.f_code.co_name), self._taker())

    def _taker(self) -> Taker | None:
        task = task_internals.current_task() if loop_internals.running_loop() is not None else None
        if task is None:
            return None
        taker = self._takers.get(task)
        if taker is None:
            taker = self._takers[task] = Taker(task)
        return taker


def ledger_of(queue: asyncio.Queue[Any]) -> Ledger | None:
    """The ledger that is open on a queue, or None."""
    return getattr(queue, _ATTRIBUTE, None)


def open_ledger(queue: asyncio.Queue[Any]) -> Ledger:
    """Opens the ledger of a queue, for one more user."""
    ledger = ledger_of(queue)
    if ledger is None:
        ledger = Ledger()
        vars(queue).update(_hooks(queue, ledger))
        setattr(queue, _ATTRIBUTE, ledger)
    ledger.users += 1
    return ledger


def close_ledger(queue: asyncio.Queue[Any]) -> None:
    """Closes the ledger for one user; with the last one the queue is restored."""
    ledger = ledger_of(queue)
    if ledger is not None:
        ledger.users -= 1
        if not ledger.users:
            for name in (*_HOOKED, _ATTRIBUTE):
                delattr(queue, name)


def _hooks(queue: asyncio.Queue[Any], ledger: Ledger) -> dict[str, Callable[..., Any]]:
    """The functions that take precedence over the methods of the queue's class."""
    get, get_nowait, put_nowait, task_done = (_method(queue, name) for name in _HOOKED)
    calls_get_nowait = type(queue).get is asyncio.Queue.get

    async def entered(coroutine: Coroutine[Any, Any, Any], take: Take) -> Any:
        item = await coroutine
        if not take.is_recorded:
            ledger.record_taken(take)
        return item

    def watched_get(*args: Any, **options: Any) -> Any:
        coroutine = get(*args, **options)
        if not asyncio.iscoroutine(coroutine):
            return coroutine  # the item is recorded when it comes through `get_nowait`
        take = ledger.record_get(coroutine, sys._getframe(1))
        # A subclass's `get` may take from a store of its own.
        return coroutine if calls_get_nowait else entered(coroutine, take)

    def watched_get_nowait(*args: Any, **options: Any) -> Any:
        item = get_nowait(*args, **options)
        ledger.record_get_nowait(sys._getframe(1))
        return item

    def watched_put_nowait(*args: Any, **options: Any) -> Any:
        result = put_nowait(*args, **options)
        ledger.put()
        return result

    def watched_task_done(*args: Any, **options: Any) -> Any:
        result = task_done(*args, **options)
        ledger.done()
        return result

    hooks = (watched_get, watched_get_nowait, watched_put_nowait, watched_task_done)
    return dict(zip(_HOOKED, hooks, strict=True))


def _method(queue: asyncio.Queue[Any], name: str) -> Callable[..., Any]:
    """The method of the queue's class, without holding the queue: a cycle would keep its items alive."""
    function, reference = getattr(type(queue), name), weakref.ref(queue)

    def call(*args: Any, **options: Any) -> Any:
        return function(reference(), *args, **options)

    return call


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames from this one outwards, up to the frame that runs the callback."""
    while frame is not None and frame.f_code is not loop_internals.RUN_CALLBACK:
        yield frame
        frame = frame.f_back
