"""The runner that drives one test's coroutines on one loop, on every version.

It does what `asyncio.Runner` (Lib/asyncio/runners.py) does for IsolatedAsyncioTestCase, with three
differences: its `close` is bounded, where asyncio's gathers for ever on a task that ignores cancellation; it
can be made to give up on a coroutine; and it works on 3.10, where there is no Runner and a task cannot be
given a context.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from typing import Any

from .. import _cpython
from .._compat import HAS_RUNNER
from ..watchdog import PhaseInterrupt
from .cancellation import cancel_and_wait, detach
from .loop import HygienicEventLoop

__all__ = ["ForeignRunner", "Runner"]


class Runner:
    """Runs coroutines on a loop of its own, made when it is first needed."""

    def __init__(
        self,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
        on_start: Callable[[asyncio.AbstractEventLoop], None],
    ) -> None:
        self.main_task: asyncio.Task[Any] | None = None
        self._loop_factory = loop_factory
        self._on_start = on_start
        self._loop: asyncio.AbstractEventLoop | None = None
        self._carrier: _Carrier | None = None
        self._interrupts = 0
        self._given_up = False
        self._ended_executor: Executor | None = None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop, which the first call makes.

        Without a `loop_factory`, that call makes it the thread's current one, too.
        """
        if self._loop is None:
            if self._loop_factory is not None:
                self._loop = self._loop_factory()
            elif _cpython.policy_is_standard():
                self._loop = HygienicEventLoop()
                asyncio.set_event_loop(self._loop)
            else:
                self._loop = asyncio.new_event_loop()
                asyncio.set_event_loop(self._loop)
            if not HAS_RUNNER:
                self._carrier = _Carrier(self._loop)
            on_start, self._on_start = self._on_start, _nothing  # it refers to the case, which refers to us
            on_start(self._loop)
        return self._loop

    def run(self, coro: Awaitable[Any], *, context: Context | None = None, insist: bool = False) -> Any:
        """Runs a coroutine to its end and returns its result.

        Ctrl-C cancels it, and KeyboardInterrupt is raised when it has ended; a second Ctrl-C raises at once.
        With `insist`, a KeyboardInterrupt or SystemExit that another task raises does not stop the run.
        """
        if _cpython.running_loop() is not None:
            raise RuntimeError("Runner.run() cannot be called from a running event loop")
        loop = self.get_loop()
        if not asyncio.iscoroutine(coro):
            coro = _as_coroutine(coro)
        waited = self._start(loop, coro, context)
        self._interrupts = 0
        handler = self._handle_sigint()
        try:
            return self._drive(loop, waited, insist)
        except asyncio.CancelledError:
            if self._interrupts and _uncancelled(self.main_task):
                raise KeyboardInterrupt from None
            raise
        except (KeyboardInterrupt, SystemExit):
            # They pass through the loop and not through the task, which would log them as never retrieved.
            _cpython.mark_exception_retrieved(self.main_task)  # type: ignore[arg-type]  # `_start` has set it
            raise
        finally:
            self.main_task = None
            if self._carrier is not None and not waited.done():
                # It is busy with the coroutine that goes on, and the next run needs one that is not.
                self._carrier.is_abandoned = True
                self._carrier = _Carrier(loop)
                waited.cancel()
            if handler is not None and _cpython.signal_handler(signal.SIGINT) is handler:
                _cpython.set_signal_handler(signal.SIGINT, signal.default_int_handler)

    def give_up(self) -> None:
        """From within the loop: ends the current `run` now, with PhaseInterrupt, leaving its task behind."""
        self._given_up = True
        self.get_loop().stop()

    def shut_down(self, seconds: float = 0.5) -> None:
        """Ends what is left on the loop: tasks, generators, the executor.

        Each may take that many wall seconds, none hangs.
        """
        loop = self._loop
        if self._carrier is not None:
            self._carrier.dismiss()
            self._carrier = None
        if loop is None or loop.is_closed():
            return
        executor = _cpython.default_executor(loop)
        if executor is self._ended_executor:
            executor = None
        self._ended_executor = executor or self._ended_executor
        if asyncio.all_tasks(loop) or _cpython.started_generators(loop) or executor is not None:
            self._drive(loop, loop.create_task(_shut_down(loop, executor, seconds)), insist=True)

    def close(self, seconds: float = 0.5) -> None:
        """Ends what is left on the loop, within bounds of wall time, and closes it."""
        loop = self._loop
        if loop is None:
            return
        try:
            self.shut_down(seconds)
        finally:
            self._loop = None
            if self._loop_factory is None:
                asyncio.set_event_loop(None)
            loop.close()

    def _start(
        self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], context: Context | None
    ) -> asyncio.Future[Any]:
        if self._carrier is not None:
            if self._carrier.task.done():
                self._carrier = _Carrier(loop)
            self.main_task = self._carrier.task
            return self._carrier.carry(coro)
        if context is None:
            self.main_task = loop.create_task(coro)
        else:
            self.main_task = loop.create_task(coro, context=context)
        return self.main_task

    def _drive(self, loop: asyncio.AbstractEventLoop, waited: asyncio.Future[Any], insist: bool) -> Any:
        while True:
            try:
                return loop.run_until_complete(waited)
            except (KeyboardInterrupt, SystemExit):
                if not insist or self._interrupts or waited.done():
                    raise
            except RuntimeError:
                if not self._given_up or waited.done():
                    raise
                self._given_up = False
                if self.main_task is not None:
                    detach(self.main_task)
                raise PhaseInterrupt from None

    def _handle_sigint(self) -> Callable[..., None] | None:
        if (
            threading.current_thread() is not threading.main_thread()
            or _cpython.signal_handler(signal.SIGINT) is not signal.default_int_handler
        ):
            return None
        handler = functools.partial(self._on_sigint, self.main_task)
        _cpython.set_signal_handler(signal.SIGINT, handler)
        return handler

    def _on_sigint(self, main_task: asyncio.Task[Any] | None, *_: object) -> None:
        self._interrupts += 1
        if self._interrupts == 1 and main_task is not None and not main_task.done():
            main_task.cancel()
            self.get_loop().call_soon_threadsafe(lambda: None)  # wakes a loop that sits in its selector
            return
        raise KeyboardInterrupt


class ForeignRunner:
    """Stands in for the Runner where a suite drives its loop itself: less is known, so less is claimed."""

    main_task: asyncio.Task[Any] | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, coro: Coroutine[Any, Any, Any], *, insist: bool = False) -> Any:
        """As Runner's; nothing is known of Ctrl-C here."""
        return self._loop.run_until_complete(coro)

    def give_up(self) -> None:
        """Stops the loop, which makes whoever runs it raise RuntimeError."""
        self._loop.stop()

    def shut_down(self) -> None:
        """The suite's own business."""


class _Carrier:
    """Python 3.10: the one task in whose context a test runs, as in 3.10's Lib/unittest/async_case.py."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_abandoned = False
        self._loop = loop
        self._next: asyncio.Future[tuple[Awaitable[Any], asyncio.Future[Any]]] = loop.create_future()
        self.task = loop.create_task(self._carry_on())

    def carry(self, coro: Awaitable[Any]) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = self._loop.create_future()
        if self._next.done():
            self._next = self._loop.create_future()
        self._next.set_result((coro, done))
        return done

    def dismiss(self) -> None:
        """Ends the task without a turn of the loop: it is suspended, and has nothing to clean up."""
        _cpython.forget_task(self.task)
        # If it has not begun, the loop's next turn finds it closed, and would log that.
        self.task.add_done_callback(_cpython.mark_exception_retrieved)
        coroutine: Any = self.task.get_coro()
        if inspect.getcoroutinestate(coroutine) in (inspect.CORO_CREATED, inspect.CORO_SUSPENDED):
            coroutine.close()

    async def _carry_on(self) -> None:
        while not self.is_abandoned:
            try:
                coro, done = await self._next
            except asyncio.CancelledError:
                # Meant for a phase that has ended meanwhile.
                if self._next.cancelled():
                    self._next = self._loop.create_future()
                continue
            self._next = self._loop.create_future()
            try:
                result = await coro
            except (SystemExit, KeyboardInterrupt) as error:
                if not done.done():
                    done.set_exception(error)
                    done.exception()
                raise
            except BaseException as error:
                if not done.done():
                    # Without our own frame: whoever clears those, as `assertRaises` does, would end us.
                    trace = error.__traceback__
                    done.set_exception(error.with_traceback(trace and trace.tb_next))
            else:
                if not done.done():
                    done.set_result(result)
            del coro, done


def _nothing(_: asyncio.AbstractEventLoop) -> None:
    """In place of what has been called already."""


async def _as_coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _uncancelled(task: asyncio.Task[Any] | None) -> bool:
    uncancel = getattr(task, "uncancel", None)  # 3.11
    return uncancel is None or uncancel() == 0


async def _shut_down(loop: asyncio.AbstractEventLoop, executor: Executor | None, seconds: float) -> None:
    def others() -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks(loop) - {asyncio.current_task()}

    for task in await cancel_and_wait(loop, others, seconds):
        detach(task)
    ending = loop.create_task(loop.shutdown_asyncgens())
    await asyncio.wait((ending,), timeout=seconds)
    if not ending.done():
        detach(ending)
    if executor is not None:
        await _shut_down_executor(loop, executor, seconds)


async def _shut_down_executor(loop: asyncio.AbstractEventLoop, executor: Executor, seconds: float) -> None:
    """Waits for the jobs, as `loop.shutdown_default_executor` does, which before 3.13 cannot be given up on.

    Cancelled, it blocks the loop until the last job is done (Lib/asyncio/base_events.py).
    """
    ended = asyncio.Event()

    def end() -> None:
        executor.shutdown(wait=True)
        try:
            loop.call_soon_threadsafe(ended.set)
        except RuntimeError:  # the loop has not waited for it, and is closed
            pass

    threading.Thread(target=end, daemon=True).start()
    waiting = loop.create_task(ended.wait())
    await asyncio.wait((waiting,), timeout=seconds)
    waiting.cancel()
