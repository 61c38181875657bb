"""The objects that were created since a mark and are alive.

The mark freezes the heap: `gc.freeze()` takes everything that exists out of the collector's sight in constant
time, so that afterwards `gc.collect()` and `gc.get_objects()` see only what is new. A census within a census
(a test that runs tests), or within code that froze the heap itself, must not do that; it records the
objects of interest that exist, instead.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from types import AsyncGeneratorType, CoroutineType
from typing import Any

from ...cpython import loop_internals, task_internals, transport_internals
from ...cpython.originals import asyncio, gc, threading
from ...cpython.versions import HAS_RUNNER
from ...loops.noted import NotedTasks
from .age import Known, is_not_among, origin_of, reference_to
from .heap import heap
from .interest import interest_in, is_over, without_those_over
from .loop_error import LoopError
from .origins import origins
from .per_type import PerType

__all__ = ["Census"]

__unittest = True


class Census:
    """The objects of some types that were created between `open()` and now by the code of one test.

    `registries` list what is registered somewhere, for objects whose creation alone is no leak.
    """

    phase = "setUp"
    """The current phase, to which everything that is created now is attributed."""
    reported_tasks: Collection[asyncio.Task[Any]] = ()
    """The tasks that a failure of the test has shown: they are not reported again."""
    loop_is_new = False
    """Whether nothing that belongs to the loop can be older than the mark."""
    was_interrupted = False
    """Whether running code was interrupted: what it was about to await is no leak."""
    failures: frozenset[int] = frozenset()
    """The ids of the exceptions that phases and subtests of the test have ended with."""
    known: Known | None = None
    """The objects of interest that existed at the mark, if it could not freeze the heap."""
    _tasks_before: Collection[asyncio.Task[Any]] = ()
    _ids_before: Collection[int] = ()
    _transports_before: Collection[int] = ()
    _generators_before: Collection[int] = ()

    def __init__(
        self,
        types: Iterable[type],
        registries: Iterable[Callable[[asyncio.AbstractEventLoop], Iterable[Any]]] = (),
    ) -> None:
        self.changes: dict[str | None, object] = {}
        """What was found changed in the process, by variable; None is the working directory."""
        self._interest = interest_in((*types, _Canary))
        self.wants = self._interest.is_wanted
        """Whether objects of a type are of interest."""
        self._registries = tuple(registries)
        self._phases: dict[int, tuple[object, str]] = {}

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sets the mark."""
        self.loop = loop
        self.thread = threading.get_ident()
        if not (self.loop_is_new and HAS_RUNNER):  # on 3.10 there is a ContextTask
            tasks = task_internals.all_tasks(loop)
            self._tasks_before, self._ids_before = NotedTasks(tasks), set(map(id, tasks))
        if not self.loop_is_new:
            self._transports_before = set(map(id, transport_internals.connections_of(loop)))
            self._generators_before = set(map(id, loop_internals.started_generators(loop)))
        self._registered_before = {id(obj): reference_to(obj) for obj in self._registered()}
        if heap.is_frozen():
            gc.collect()  # existing garbage is not this test's
            self.known = {id(obj): reference_to(obj) for obj in self._interest.wanted(gc.get_objects())}
        origins.enter(self)
        heap.enter(self)

    def close(self) -> None:
        """Removes the mark."""
        heap.leave(self)
        origins.leave(self)

    def pending_tasks(self) -> set[asyncio.Task[Any]]:
        """The loop's tasks that were created since the mark and are not done, except the calling one."""
        if self.loop.is_closed():
            return set()
        tasks = task_internals.all_tasks(self.loop)
        if loop_internals.running_loop() is self.loop:
            tasks.discard(task_internals.current_task())
        return tasks.difference(self._tasks_before) if self._tasks_before else tasks

    def failed_tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks among the failed futures."""
        return [each for each in self.failed_futures() if isinstance(each, task_internals.TASK_TYPES)]

    def failed_futures(self) -> list[asyncio.Future[Any]]:
        """The futures that were created since the mark and failed, and whose exception was not retrieved."""
        failed = [
            obj
            for obj in self._wanted()
            if issubclass(type(obj), task_internals.FUTURE_TYPES)
            and task_internals.is_exception_unretrieved(obj)
        ]
        return list(self._new_ones(failed))

    def living(self, concerned: PerType[bool] | None = None, *, with_ended: bool = True) -> list[Any]:
        """The wanted objects that were created or registered since the mark; all, or those of some types.

        Without those that are known to have ended, if not `with_ended`. Only the registered ones if somebody
        has thawed the heap meanwhile: then new objects cannot be told from old ones.
        """
        found = self._wanted()
        if not with_ended:
            found = without_those_over(found, self.loop)
        registered = [obj for obj in self._registered() if is_not_among(self._registered_before, obj)]
        if concerned is not None:
            found, registered = concerned.select(found), concerned.select(registered)
        return [*self._new_ones(found), *registered]

    def _wanted(self) -> list[Any]:
        found = self._interest.wanted(gc.get_objects())
        is_thawed = self.known is None and id(_Canary) in map(id, map(type, found))
        return [] if is_thawed else found

    def has_left_nothing(self) -> bool:
        """Whether nothing that was created since the mark can be a leak, or become one when it is collected.

        Collects nothing: what is pending in a cycle can still be examined. False if that cannot be told, as
        where something else may still happen in the loop.
        """
        loop = self.loop
        if self.was_interrupted or not heap.is_marked_once():
            return False
        if loop.is_closed() or not loop_internals.is_transparent(loop) or loop_internals.has_work(loop):
            return False
        if "close" in vars(loop):  # the test's own, which may block: the sweep has a deadline
            return False
        objects = gc.get_objects()
        for obj in reversed(self._interest.any(objects)):
            if not is_over(obj, loop):
                return False
        for obj in self._registered():
            if is_not_among(self._registered_before, obj):
                return False
        heap.population = len(objects)
        return True

    def drop_accepted_connections(self) -> bool:
        """Aborts the connections that servers accepted since the mark; returns whether there were any."""
        accepted = [
            each
            for each in transport_internals.connections_of(self.loop)
            if transport_internals.server_of(each) is not None and id(each) not in self._transports_before
        ]
        for each in accepted:  # pragma: no cover  # needed on 3.12 only, where `serve_forever` waits for them
            each.abort()
        return bool(accepted)

    def had_transport(self, transport: object) -> bool:
        """Whether a transport is older than the mark."""
        return id(transport) in self._transports_before

    def was_pending_at_mark(self, future: object) -> bool:
        """Whether a task was pending at the mark; by id, as finalized ones have no weak references."""
        return id(future) in self._ids_before

    def stamp(self, phase: str) -> None:
        """Records that the living objects that have no phase yet were created in this one."""
        for obj in self.living():
            origin = origin_of(obj)
            self._phases.setdefault(id(origin or obj), (origin or reference_to(obj), phase))

    def phase_of(self, obj: object) -> str | None:
        """The phase that an object was stamped with, or None; for an error, that of the failed future."""
        if isinstance(obj, LoopError) and obj.future is not None:
            obj = obj.future
        origin = origin_of(obj)
        mark, phase = self._phases.get(id(origin or obj), (None, None))
        return phase if mark is origin or (isinstance(mark, weakref.ref) and mark() is obj) else None

    def _registered(self) -> list[Any]:
        found: list[Any] = []
        for registry in self._registries:
            held = registry(self.loop)
            try:
                found += held
            except TypeError:
                if isinstance(held, Iterable):
                    raise
                what = getattr(registry, "__qualname__", "registered")
                text = f"{what} returned {held!r}, expected what the registry holds, such as a list"
                raise TypeError(text) from None
        return found

    def _new_ones(self, found: list[Any]) -> Iterator[Any]:
        """Those of the test. A finalized one was resurrected, by a warning that was recorded."""
        is_shared = heap.is_shared(self)
        generators = set(map(id, loop_internals.started_generators(self.loop)))
        generators.difference_update(self._generators_before)
        for obj in found:
            kind = type(obj)
            if kind is AsyncGeneratorType:
                if id(obj) in generators and not gc.is_finalized(obj):
                    yield obj
                continue
            if kind is CoroutineType:  # its thread is unknown; a forgotten one is destroyed in its own thread
                is_foreign = is_shared or gc.is_finalized(obj)
            else:
                is_foreign = issubclass(kind, _OF_A_LOOP) and task_internals.loop_of(obj) is not self.loop
            if not is_foreign and (self.known is None or is_not_among(self.known, obj)):
                yield obj


_OF_A_LOOP = (*task_internals.FUTURE_TYPES, asyncio.Server, *transport_internals.TRANSPORTS)
"""Types whose objects belong to one loop; a test's leaks are those of its own loop."""


class _Canary:
    """Frozen with the heap: if the collector sees it, the heap has been thawed."""


_CANARY = _Canary()
