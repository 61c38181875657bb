"""What was created since a mark: the living, and the last words of the dead.

The mark freezes the heap: `gc.freeze()` takes everything that exists out of the collector's sight in constant
time, so that afterwards `gc.collect()` and `gc.get_objects()` see only what is new. A census within a census
(a test that runs tests), or within code that froze the heap itself, must not do that; it remembers the
objects of interest that exist, instead.

Some things tell of themselves only when they die: a coroutine that was never awaited, a task destroyed while
pending, a future whose exception nobody retrieved, a generator that the loop has to close. Their last words
are passed on at once, to the innermost census.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from types import AsyncGeneratorType, CoroutineType
from typing import Any

from .. import _cpython, _cpython_loops, _cpython_process
from ..await_chain import coroutine_name
from ..cpython.originals import asyncio, gc, threading
from ..watchdog import PhaseInterrupt
from .attention import Attention
from .audit import audit
from .coroutines import forgotten_with, is_unstarted
from .environ import EnvironmentChange
from .heap import heap, is_collecting
from .loop_error import LoopError
from .origins import origins
from .subprocesses import lives_on

__all__ = ["Census", "spare"]


class Census:
    """The objects of some types that were created between `open()` and now by the code of one test.

    `registries` list what was entered somewhere, for things whose creation says nothing. `last_words` hears
    of the dying, and says whether one was a leak.
    """

    def __init__(
        self,
        types: Iterable[type],
        last_words: Callable[[object], bool],
        registries: Iterable[Callable[[asyncio.AbstractEventLoop], Iterable[Any]]] = (),
    ) -> None:
        self.phase = "setUp"
        """The phase that is going on: what is created now is charged to it."""
        self.changes: dict[str | None, object] = {}
        """What was found changed in the process, by variable; None is the working directory."""
        self.muted = False
        """While True, the dying are not listened to: what dies then dies of the sweep."""
        self._wanted = _Wanted((*types, _Canary))
        self._last_words = last_words
        self._registries = tuple(registries)
        self._told: dict[int, object] = {}
        """The origins of coroutines that will die of another's death, and were told of with that.

        An origin is a coroutine's own, and as it is kept here, no other can have its address; that of a
        coroutine may be used again as soon as it has died.
        """
        self._phases: dict[int, tuple[object, str]] = {}

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sets the mark."""
        self.loop = loop
        _spared.dead.clear()  # of those that nobody asked for, the addresses are free for others
        self._tasks_before = weakref.WeakSet(_cpython.all_tasks(loop))
        self._ids_before = {id(task) for task in self._tasks_before}
        self._registered_before = {id(obj): _reference(obj) for obj in self._registered()}
        self._transports_before = {id(each) for each in _cpython_loops.connections_of(loop)}
        self._generators_before = {id(generator) for generator in _cpython.started_generators(loop)}
        self._attention = Attention()
        _origins.track()
        self._known: dict[int, weakref.ref[Any] | None] | None = None
        if heap.is_frozen():
            gc.collect()  # what is garbage already belongs to whoever made it
            self._known = {id(obj): _reference(obj) for obj in self._wanted.among(gc.get_objects())}
        else:
            self._canary = _Canary()
        self._unlisten = [
            _cpython.hook_unawaited_coroutines(self._on_unawaited),
            _cpython.hook_default_exception_handler(loop, self._on_loop_error),
            _cpython_process.hook_resource_warnings(self._on_resource_warning),
        ]
        if self._wanted[AsyncGeneratorType]:
            self._unlisten.append(_cpython.hook_async_generator_finalizer(loop, self._on_dropped_generator))
        if self._wanted[_cpython_loops.TRANSPORTS[0]]:
            self._unlisten.append(_cpython_loops.hook_unclosed_transports(self._on_unclosed))
        origins.enter(self)
        if self._wanted[EnvironmentChange]:
            audit.enter()
            self._unlisten.append(audit.leave)
        heap.enter(self)

    def close(self) -> None:
        """Takes everything back that `open` has changed in the process."""
        heap.leave(self)
        origins.leave(self)
        self._last_words = _silence  # a bound method, and so a cycle
        for undo in reversed(self._unlisten):
            undo()
        _origins.untrack()

    # -- the living

    def pending_tasks(self) -> set[asyncio.Task[Any]]:
        """The loop's tasks that were created since the mark and are not done, the calling one apart."""
        if self.loop.is_closed():
            return set()
        tasks = _cpython.all_tasks(self.loop)
        if _cpython.running_loop() is self.loop:
            tasks.discard(_cpython.current_task())
        return tasks.difference(self._tasks_before) if self._tasks_before else tasks

    def living(self) -> list[Any]:
        """The wanted objects that were created, and what was registered, since the mark.

        Without those created if somebody has thawed the heap meanwhile: then nothing tells the new from the
        old.
        """
        found = self._wanted.among(gc.get_objects())
        if self._known is None and any(type(obj) is _Canary for obj in found):
            found = []
        registered = [obj for obj in self._registered() if _is_not_among(self._registered_before, obj)]
        return [obj for obj in found if self._is_new(obj)] + registered

    def drop_accepted_connections(self) -> bool:
        """Ends the connections that servers have accepted since the mark; whether there were any."""
        accepted = [
            each
            for each in _cpython_loops.connections_of(self.loop)
            if _cpython_loops.server_of(each) is not None and id(each) not in self._transports_before
        ]
        for each in accepted:  # pragma: no cover  # needed on 3.12 only, where `serve_forever` waits for them
            each.abort()
        return bool(accepted)

    def knew(self, future: object) -> bool:
        """Whether a task that dies now was pending at the mark; weak references to it are gone already."""
        return id(future) in self._ids_before

    def stamp(self, phase: str) -> None:
        """Notes that what lives now and has no phase yet was created in this one."""
        for obj in self.living():
            origin = _origin(obj)
            self._phases.setdefault(id(origin or obj), (origin or _reference(obj), phase))

    def phase_of(self, obj: object) -> str | None:
        """The phase that an object was stamped with, or None; of an error, that of the future that failed."""
        if isinstance(obj, LoopError) and obj.future is not None:
            obj = obj.future
        origin = _origin(obj)
        mark, phase = self._phases.get(id(origin or obj), (None, None))
        return phase if mark is origin or (isinstance(mark, weakref.ref) and mark() is obj) else None

    def _registered(self) -> list[Any]:
        return [obj for registry in self._registries for obj in registry(self.loop)]

    def _is_new(self, obj: Any) -> bool:
        if isinstance(obj, _OF_A_LOOP) and _cpython.loop_of(obj) is not self.loop:
            return False
        if isinstance(obj, CoroutineType | AsyncGeneratorType) and gc.is_finalized(obj):
            return False  # brought back to life: a recorded warning holds it. Its last words were heard
        if isinstance(obj, AsyncGeneratorType):
            started = any(obj is generator for generator in _cpython.started_generators(self.loop))
            return started and id(obj) not in self._generators_before
        return self._known is None or _is_not_among(self._known, obj)

    # -- the dying

    def _on_unawaited(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        if self.muted or _spared.have_died(coroutine) or self._told.pop(id(_origin(coroutine)), None):
            return
        wanted = self._wanted[type(coroutine)] and not _is_older(coroutine, self.loop.get_debug())
        text = f"coroutine '{coroutine_name(coroutine)}' was never awaited"
        if not wanted or self._attention.sees_warning(RuntimeWarning, text):
            _cpython.warn_unawaited_coroutine(coroutine)
        else:
            self._told.update((id(origin), origin) for origin in map(_origin, forgotten_with(coroutine)))
            self._last_words(coroutine)

    def _on_loop_error(self, report: Callable[[dict[str, Any]], None], context: dict[str, Any]) -> None:
        if self.muted:
            return
        report(context)
        error, task, future = context.get("exception"), context.get("task"), context.get("future")
        if isinstance(error, PhaseInterrupt) or self._attention.sees_errors(self.loop):
            return
        if heap.innermost(self.loop, task or future) is not self or _is_older_future(future, self._known):
            return
        if task is not None and error is None and not task.done():
            self._last_words(task)
            return
        message = context.get("message") or "unhandled exception in event loop"
        self._last_words(LoopError(message, error, future if error is not None else None))

    def _on_dropped_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        if not self.muted:
            self._last_words(generator)

    def _on_unclosed(self, transport: Any) -> bool:
        """Whether this test is charged with a transport that dies open, or else Python warns of it."""
        if _cpython.loop_of(transport) is not self.loop or id(transport) in self._transports_before:
            return False
        if self.muted or _cpython_loops.carries_tls(transport):  # the transport on top of it tells
            return True
        if self._attention.sees_warning(ResourceWarning, "unclosed transport"):
            return False
        return self._last_words(transport)

    def _on_resource_warning(self, text: str, thing: object) -> bool:
        """Whether nobody needs to be warned of what has died unclosed: it is a leak, or was let live on.

        Asked without the thing first.
        """
        if thing is None:
            # No filter of the test's own comes first: it would have been asked, and not this.
            return text.startswith(("unclosed <", "subprocess ")) and not self._attention.records_warnings()
        if origins.is_spared(thing):
            return True
        if origins.of_dying(thing) is None or not self._wanted[type(thing)]:
            return False
        return self.muted or lives_on(thing) or self._last_words(thing)


def _is_older(coroutine: Coroutine[Any, Any, Any], in_debug_mode: bool) -> bool:
    """Whether a coroutine is older than the mark, or of another thread.

    Its origin says so: there is none, or it is longer than this test asks for. Then debug mode has
    noted it before, in a plain IsolatedAsyncioTestCase for one.
    """
    origin = _origin(coroutine)
    asked_for = max(1, sys.get_coroutine_origin_tracking_depth())
    return origin is None or (len(origin) > asked_for and not in_debug_mode)


def _is_older_future(future: object, known: Mapping[int, weakref.ref[Any] | None] | None) -> bool:
    """Whether a future that dies now is older than the mark, as on a loop that is older, too.

    What is older is frozen: the collector does not see it, and cannot be what ends it. The last words of
    a subclass's instance bring it back into sight (`subtype_dealloc`, Objects/typeobject.c), but not the
    exception that it has failed with before.
    """
    if not isinstance(future, _cpython.FUTURE_TYPES):
        return False
    if known is not None:
        reference = known.get(id(future))
        return reference is not None and reference() in (None, future)
    if is_collecting():
        return False
    seen = future if type(future) in (asyncio.Future, asyncio.Task) else future.exception()
    return not any(obj is seen for obj in gc.get_objects())


def _silence(_: object) -> bool:
    """After the end, the dying tell nothing."""
    return False


_OF_A_LOOP = (*_cpython.FUTURE_TYPES, asyncio.Server, *_cpython_loops.TRANSPORTS)
"""What belongs to one loop; a test's leaks are those of its own loop."""


class _Canary:
    """Frozen with the heap: if it comes into sight, the heap has been thawed."""


class _Wanted(dict[type, bool]):
    """Whether objects of a type are wanted, computed once a type; by type, as `isinstance` asks proxies."""

    def __init__(self, wanted: tuple[type, ...]) -> None:
        super().__init__()
        self._types = wanted

    def among(self, objects: list[Any]) -> list[Any]:
        """Those objects whose type is wanted."""
        try:
            return [obj for obj in objects if self[type(obj)]]
        except TypeError:  # a metaclass may make its classes unhashable
            return [obj for obj in objects if issubclass(type(obj), self._types)]

    def __missing__(self, asked: type) -> bool:
        answer = self[asked] = issubclass(asked, self._types)
        return answer


class _Origins(threading.local):
    """Has each coroutine know the line that created it, as long as a mark is set in the thread."""

    marks = 0
    depth_before = 0

    def track(self) -> None:
        if not self.marks:
            self.depth_before = sys.get_coroutine_origin_tracking_depth()
            sys.set_coroutine_origin_tracking_depth(max(1, self.depth_before))
        self.marks += 1

    def untrack(self) -> None:
        # Not each to its own depth before: blocks that overlap do not end in the order in which they began.
        self.marks -= 1
        if not self.marks:
            sys.set_coroutine_origin_tracking_depth(self.depth_before)


_origins = _Origins()


class _Spared:
    """Coroutines that an allowance let live: if they die in a later test, it has nothing to do with that."""

    def __init__(self) -> None:
        self._living: dict[int, weakref.ref[Any]] = {}
        self.dead: set[int] = set()

    def add(self, coroutine: Any) -> None:
        identity = id(coroutine)
        # The callback runs just before the finalizer, which asks `have_died`.
        self._living[identity] = weakref.ref(coroutine, lambda _: self._bury(identity))

    def have_died(self, coroutine: Any) -> bool:
        died = id(coroutine) in self.dead
        self.dead.discard(id(coroutine))
        return died

    def _bury(self, identity: int) -> None:
        del self._living[identity]
        self.dead.add(identity)


_spared = _Spared()


def spare(obj: object) -> None:
    """Lets what is no leak, or an allowed one, live on, and keeps it from being a leak of a later test."""
    if is_unstarted(obj):
        _spared.add(obj)
    elif isinstance(obj, _cpython_loops.TRANSPORTS):
        _cpython_loops.silence(obj)


def _is_not_among(known: dict[int, weakref.ref[Any] | None], obj: Any) -> bool:
    """Whether an object is none of the known, though it may have the address of one that has died."""
    if id(obj) not in known:
        return True
    reference = known[id(obj)]
    return reference is not None and reference() is not obj


def _origin(obj: object) -> tuple[tuple[str, int, str], ...] | None:
    """The lines that created a coroutine: a tuple of its own. None, where it was not asked for."""
    return obj.cr_origin if isinstance(obj, CoroutineType) else None


def _reference(obj: Any) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(obj)
    except TypeError:
        return None
