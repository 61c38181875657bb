"""Awaiting something in the caller's own task, with the option to stop awaiting it.

A plain `await` has everything that the user of an assertion expects: the same context variables, the same
current task, cancellations that arrive where they should. But it cannot return from code that refuses to be
cancelled. A separate task allows that and lacks the rest; on 3.10 it cannot even be given the caller's
context. So the coroutine is driven by hand, in the task that awaits: the futures that it waits for are passed
on to the task as stand-ins, which can release the task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context
from types import CoroutineType, GeneratorType
from typing import Any, Generic, TypeVar

from ..cpython import interpreter, task_internals
from ..cpython.definitions import mro_of, namespace_of
from ..cpython.originals import asyncio, gc
from ..loops.cancellation import detach
from ..stacks.await_chain import AwaitChain, chain_of_coroutine, chain_of_task, links
from .failing import close

__all__ = ["Abandoned", "Drive", "is_going_on", "running_task"]

__unittest = True

_T = TypeVar("_T")
_MOST_LINKS = 1000
_TIMEOUT: Any = getattr(asyncio, "Timeout", ())  # of 3.11


class Abandoned(BaseException):
    """What `await drive` raises after `drive.abandon()`."""


class Drive(Generic[_T]):
    """Awaits an awaitable step by step, in the task that awaits the drive; once.

    `spares` is for a future of the user's, which cancelling the caller then does not cancel.
    """

    # With slots, the collector's references lead from an instance to the coroutine: await_chain follows them.
    __slots__ = ("_coroutine", "_future", "_is_abandoned", "_loop", "_spares", "_stand_in", "resumed_at")

    def __init__(self, awaitable: Awaitable[_T], *, spares: bool = False) -> None:
        is_coroutine = isinstance(awaitable, CoroutineType | GeneratorType)
        self._coroutine: Any = awaitable if is_coroutine else _iterator_of(awaitable)
        self._future = awaitable if isinstance(awaitable, task_internals.FUTURE_TYPES) else None
        self._spares = spares
        self._loop = asyncio.get_running_loop()
        self._stand_in: _StandIn | None = None
        self._is_abandoned = False
        self.resumed_at = self._loop.time()
        """When the awaited code was last given control, on the loop's clock."""

    def __await__(self) -> Drive[_T]:
        return self

    def __iter__(self) -> Drive[_T]:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Takes the next step. Raises StopIteration with the result, or Abandoned."""
        # An iterator that is no coroutine need not have `send`.
        if value is None and not isinstance(self._coroutine, CoroutineType):
            return self._step(next, self._coroutine)
        return self._step(self._coroutine.send, value)

    def throw(self, error: Any, *_: Any) -> Any:
        """Takes the next step with an exception, such as the task's cancellation; otherwise as `send`."""
        throw = getattr(self._coroutine, "throw", None)
        return self._step(_raise if throw is None else throw, error)

    def close(self) -> None:
        """Closes the awaited coroutine, as the caller's is being closed."""
        if hasattr(self._coroutine, "close"):
            self._coroutine.close()

    def is_going_on(self) -> bool:
        """Whether it will take its next step without anything else having to happen."""
        return self._stand_in is None or is_going_on(self._stand_in.future)

    def chain(self) -> AwaitChain:
        """Where the awaited code stands; where a task stands, if that is what is awaited."""
        if isinstance(self._future, task_internals.TASK_TYPES):
            return chain_of_task(self._future)
        return chain_of_coroutine(self._coroutine, self._awaited())

    def abandon(self) -> None:
        """Releases the task, which takes no further step of the awaited code.

        Code that is not spared has refused to end: it stays where it is, and the tasks that it waits for are
        detached.
        """
        self._is_abandoned = True
        if not self._spares:
            if self._future is None:
                interpreter.immortalize(self._coroutine)  # finalizing it could hang
                _stop_timeouts(self._coroutine)
            refused: set[asyncio.Task[Any]] = set()
            _tasks_behind(self._awaited(), refused)
            for task in refused:
                detach(task)
        if self._stand_in is not None:
            self._stand_in.wake_task(self._loop)

    def _awaited(self) -> asyncio.Future[Any] | None:
        return None if self._stand_in is None else self._stand_in.future

    def _step(self, take: Callable[..., Any], *arguments: Any) -> Any:
        self._stand_in = None
        if self._is_abandoned:
            raise Abandoned
        self.resumed_at = self._loop.time()
        yielded = take(*arguments)
        # The task itself handles what is no future (a bare turn of the loop), and a task that awaits itself.
        if yielded is task_internals.current_task() or not task_internals.begins_to_wait_for(yielded):
            return yielded
        self._stand_in = _StandIn(yielded, self._spares)
        return self._stand_in


def _iterator_of(awaitable: Awaitable[Any]) -> Iterator[Any]:
    """What an awaitable's `__await__` returns; TypeError if that is no iterator, as `await` raises it."""
    cls = type(awaitable)
    found = (names["__await__"] for names in map(namespace_of, mro_of(cls)) if "__await__" in names)
    method: Any = next(found, None)
    if method is None:  # only said to be awaitable, as by a proxy's `__class__`
        raise TypeError(f"object {cls.__name__} can't be used in 'await' expression")
    bound = method.__get__(awaitable, cls) if hasattr(type(method), "__get__") else method
    iterator: Iterator[Any] = bound()
    if not hasattr(type(iterator), "__next__"):  # such as a coroutine, returned in the place of its iterator
        raise TypeError(f"__await__() of {type(awaitable).__name__} returned no iterator: {iterator!r}")
    return iterator


class _StandIn:
    """Stands in for a future that the task waits for, and can wake that task by itself.

    It has all that a task needs from a future, which may be of any class (see `asyncio.isfuture`).
    """

    def __init__(self, future: asyncio.Future[Any], spares: bool) -> None:
        self.future: asyncio.Future[Any] = getattr(future, "_asynctestkit_stands_for", future)
        """The real future; the yielded one is another stand-in if a drive drives a drive."""
        self._asynctestkit_stands_for = self.future
        self._asyncio_future_blocking = True
        self._yielded = future
        self._spares = spares
        self._loop = future.get_loop()
        self._wakeup: tuple[Callable[..., object], Context | None] | None = None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The future's loop; the task rejects futures of another loop."""
        return self._loop

    def add_done_callback(self, callback: Callable[..., object], *, context: Context | None = None) -> None:
        """Has the future itself wake the task, with no turn of the loop in between."""
        self._wakeup = callback, context
        self._yielded.add_done_callback(callback, context=context)

    def cancel(self, msg: Any = None) -> bool:
        """Passes on the task's cancellation, unless the future is spared."""
        if not self._spares:
            return self._yielded.cancel(msg=msg)
        self.wake_task(self._loop)
        return False  # so that the task raises CancelledError when it is woken

    def wake_task(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wakes the task, unless it is being woken already."""
        if self._wakeup is None or not self.future.remove_done_callback(self._wakeup[0]):
            return
        nothing: asyncio.Future[None] = loop.create_future()
        nothing.set_result(None)
        loop.call_soon(self._wakeup[0], nothing, context=self._wakeup[1])


def is_going_on(future: asyncio.Future[Any] | None) -> bool:
    """Whether code that waits for this future goes on by itself: the future is done, or its task goes on.

    None stands for a task that is ready to run.
    """
    for _ in range(_MOST_LINKS):
        if future is None or future.done():
            return True
        children = list(task_internals.gathered_children(future))
        if children:
            return all(map(is_going_on, children))
        if not isinstance(future, task_internals.TASK_TYPES):
            return False
        future = task_internals.awaited_future(future)
    return False


def _stop_timeouts(coroutine: object) -> None:
    """Stops the timers of each `asyncio.timeout()` that the code is in: they would cancel the caller."""
    for link, _ in links(coroutine):
        for held in gc.get_referents(link):
            timeout: Any = getattr(held, "__self__", held)  # a frame holds the bound `__aexit__`
            if isinstance(timeout, _TIMEOUT):
                try:
                    timeout.reschedule(None)
                except RuntimeError:  # not entered, or expired: then it has no timer
                    pass


def running_task(awaitable: object = None) -> asyncio.Task[Any]:
    """The running task; RuntimeError in a callback, and in a coroutine that is driven by hand.

    Before it raises, it closes `awaitable`.
    """
    task = task_internals.current_task()
    if task is None:
        close(awaitable)
        raise RuntimeError("only a task can await this: without one there is nothing to cancel")
    return task


def _tasks_behind(future: asyncio.Future[Any] | None, found: set[asyncio.Task[Any]]) -> None:
    """Adds the pending tasks that a future leads to."""
    while future is not None and not future.done() and future not in found:
        for child in task_internals.gathered_children(future):
            _tasks_behind(child, found)
        if not isinstance(future, task_internals.TASK_TYPES):
            return
        found.add(future)
        future = task_internals.awaited_future(future)


def _raise(error: BaseException) -> None:
    raise error
