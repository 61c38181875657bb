"""The loop that tests run on unless they bring their own."""

from __future__ import annotations

import itertools
import sys
from asyncio import Handle, TimerHandle
from collections.abc import Callable, Coroutine
from contextvars import Context
from threading import get_ident
from typing import Any

from ..cpython import loop_internals, task_internals
from ..cpython.originals import asyncio
from ..cpython.versions import ON_WINDOWS
from ..stacks.code_owners import is_machinery
from ..stacks.places import CreationSite, capture, capture_in_task, creation_site, inherit
from .lean import LeanSelectorEventLoop
from .noted import NotedTasks
from .outside.contacts import Contacts
from .selector import Standstill, WatchfulSelector
from .sent_coroutines import SentCoroutines

__all__ = ["HygienicEventLoop", "registration_site"]

_StandardLoop: Any = asyncio.ProactorEventLoop if ON_WINDOWS else LeanSelectorEventLoop  # type: ignore[attr-defined]  # Windows
_standard_create_task = _StandardLoop.create_task
_standard_call_soon = _StandardLoop.call_soon
_CALL_LATER = _StandardLoop.call_later.__code__


class _Timer(TimerHandle):
    """A timer with its creation site; of timers due at the same time, the one set first comes first.

    `heapq`, where a loop keeps its timers, is not stable.
    """

    __slots__ = ("_asynctestkit_site", "order")

    order: tuple[float, int]

    def __lt__(self, other: object) -> bool:
        return self.order < other.order if isinstance(other, _Timer) else NotImplemented


class HygienicEventLoop(_StandardLoop):  # type: ignore[misc]  # the base depends on the platform
    """The standard loop, with the useful parts of asyncio's debug mode at a fraction of the cost.

    Two of them work with debug mode off: the creation site of every task and timer, and the check that
    `call_soon`, `call_later` and `call_at` are called in the loop's own thread. Debug mode extracts a whole
    stack for each task and each callback, which is nine tenths of the time of an ordinary
    IsolatedAsyncioTestCase. Servers, transports and registered callbacks have creation sites, too.

    A subclass, and not a task factory: users have factories of their own, eager ones among them.
    """

    phase = "test"
    """The phase to which what is created now is attributed; set by the guard."""
    background_tasks: NotedTasks | None = None
    """The tasks that serve the test, and that it does not wait for; None as long as there are none."""
    _new_task: Callable[..., asyncio.Task[Any]] | None = None
    """The class of the tasks, for a loop that has its own."""

    def __init__(self) -> None:
        self._timers_set = itertools.count()
        self.task_watchers: list[Callable[[asyncio.Task[Any], object], None]] = []
        """Called with each task that is created, and its coroutine."""
        self.registrations: dict[tuple[str, int], CreationSite] = {}
        """Where each descriptor and signal was last registered."""
        self.standstill_listeners: list[Callable[[Standstill], None]] = []
        """The last is called, in the loop, at a standstill; without any it waits, as the standard loop."""
        self.contacts = Contacts(self)
        """The threads that are related to this loop."""
        self.sent = SentCoroutines()
        super().__init__(None if ON_WINDOWS else self._make_selector())

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        """As the standard loop's; the task records which lines created it, and in which phase."""
        if self._task_factory is None and (not self._debug or self._new_task is not None):
            # What the standard loop does in this case, without one more call.
            if self._closed:
                self._check_closed()
            task: asyncio.Task[Any] = (self._new_task or asyncio.tasks.Task)(coro, loop=self, **options)
        else:
            task = _standard_create_task(self, coro, **options)
            task_internals.drop_last_source_frame(task)
        try:
            site = task._asynctestkit_site = capture(sys._getframe(1), self.phase)  # type: ignore[attr-defined]  # ours
        except AttributeError:
            # A task factory may return a class with slots. It loses its creation site, nothing else.
            pass
        else:
            creator = asyncio.current_task(self)
            before = getattr(creator, "_asynctestkit_site", None)  # `creation_site`, without a call
            if type(before) is list and len(before) > 1:
                inherit(site, before)
            elif creator is None and (sent := self.sent.take_site(coro)) is not None:
                site[:] = sent
        for watch in self.task_watchers:
            watch(task, coro)
        return task

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """As the standard loop's, with debug mode's check of the thread (and without its stack)."""
        if self._debug:
            handle: Handle = _standard_call_soon(self, callback, *args, context=context)
            task_internals.drop_last_source_frame(handle)
            return handle
        if self._closed:
            self._check_closed()
        if self._thread_id != get_ident() and self._thread_id is not None:
            self._check_thread()
        handle = Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        """As the standard loop's, with debug mode's check of the thread; `call_later` comes through here."""
        if when is None:
            raise TypeError("when cannot be None")
        self._check_closed()
        if self._thread_id != get_ident() and self._thread_id is not None:
            self._check_thread()
        timer = _Timer(when, callback, args, self, context)
        timer.order = (when, next(self._timers_set))
        if self._debug:
            self._check_callback(callback, "call_at")
            task_internals.drop_last_source_frame(timer)
        else:
            caller = sys._getframe(1)
            timer._asynctestkit_site = capture(  # type: ignore[attr-defined]  # ours
                caller.f_back if caller.f_code is _CALL_LATER else caller, self.phase
            )
        loop_internals.schedule(self, timer)
        return timer

    def create_future(self) -> asyncio.Future[Any]:
        """As the standard loop's; the future records its creation site, unless asyncio itself created it."""
        future: asyncio.Future[Any] = asyncio.Future(loop=self)
        if self._debug:
            task_internals.drop_last_source_frame(future)
        caller = sys._getframe(1)
        if not is_machinery(caller.f_code.co_filename):
            future._asynctestkit_site = capture_in_task(caller, self.phase)  # type: ignore[attr-defined]  # ours
        return future

    # -- other threads

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """As the standard loop's; records which thread has called, and where a coroutine was sent."""
        self.contacts.note_caller()
        self.sent.note(callback, args, sys._getframe(1), self.phase)
        handle: Handle = super().call_soon_threadsafe(callback, *args, context=context)
        return handle

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """As the standard loop's; records the job until it is done."""
        future: asyncio.Future[Any] = super().run_in_executor(executor, func, *args)
        self.contacts.note_job(future)
        return future

    def _make_selector(self) -> WatchfulSelector:
        return WatchfulSelector(self, self.contacts, self.standstill_listeners)

    # -- what is opened: the lines that await the opening are on the stack while asyncio makes the transport

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As the standard loop's; the server records its creation site."""
        site = self._opening_site()
        server: asyncio.Server = await super().create_server(*args, **options)
        server._asynctestkit_site = site  # type: ignore[attr-defined]  # ours
        return server

    async def create_unix_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As the standard loop's; the server records its creation site."""
        site = self._opening_site()
        server: asyncio.Server = await super().create_unix_server(*args, **options)
        server._asynctestkit_site = site  # type: ignore[attr-defined]  # ours
        return server

    def _make_socket_transport(self, *args: Any, **options: Any) -> Any:
        return self._noted(super()._make_socket_transport(*args, **options))

    def _make_ssl_transport(self, *args: Any, **options: Any) -> Any:
        return self._noted(super()._make_ssl_transport(*args, **options))

    def _make_datagram_transport(self, *args: Any, **options: Any) -> Any:
        return self._noted(super()._make_datagram_transport(*args, **options))

    def _make_read_pipe_transport(self, *args: Any, **options: Any) -> Any:
        return self._noted(super()._make_read_pipe_transport(*args, **options))

    def _make_write_pipe_transport(self, *args: Any, **options: Any) -> Any:
        return self._noted(super()._make_write_pipe_transport(*args, **options))

    def _noted(self, transport: Any) -> Any:
        transport._asynctestkit_site = self._opening_site()
        return transport

    def _opening_site(self) -> CreationSite:
        """The lines that open something, followed by those that started the task which runs them."""
        site = capture(sys._getframe(2), self.phase)
        task = task_internals.current_task(self)
        started = creation_site(task) if task is not None else None
        return site + started[1:] if started is not None else site

    # -- what is registered: a Handle has no attribute for its site

    def add_reader(self, fd: Any, callback: Callable[..., object], *args: Any) -> None:
        """As the standard loop's; records the calling lines."""
        super().add_reader(fd, callback, *args)
        self._note_registration("reader", fd)

    def add_writer(self, fd: Any, callback: Callable[..., object], *args: Any) -> None:
        """As the standard loop's; records the calling lines."""
        super().add_writer(fd, callback, *args)
        self._note_registration("writer", fd)

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:
        """As the standard loop's; records the calling lines."""
        super().add_signal_handler(sig, callback, *args)
        self._note_registration("signal", sig)

    def _note_registration(self, what: str, key: Any) -> None:
        number = key if isinstance(key, int) else int(key.fileno())
        self.registrations[what, number] = capture(sys._getframe(2), self.phase)


def registration_site(loop: asyncio.AbstractEventLoop, what: str, number: int) -> CreationSite | None:
    """Where a "reader", a "writer" (by descriptor) or a "signal" was last registered, on our loop."""
    return loop.registrations.get((what, number)) if isinstance(loop, HygienicEventLoop) else None
