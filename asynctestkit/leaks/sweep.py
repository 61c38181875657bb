"""The sweep: settle, take stock, cancel, and end what refuses.

Live objects become `Leak` values here, and nowhere else.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import gc
from collections.abc import Callable, Coroutine, Iterable
from time import monotonic  # by its own name, as tests patch time.monotonic
from typing import Any, NamedTuple, TypeVar

from .. import _cpython, _cpython_loops
from ..loops.cancellation import cancel_and_wait, detach
from ..loops.quiescence import can_wake, is_quiet, pause, turn_until_quiet
from .allowances import Allowance, apply
from .census import Census, spare
from .detector import LeakDetector
from .exceptions import one_line
from .leak import Leak

__all__ = ["Sweep"]

_T = TypeVar("_T")

_ROUND = 0.02
"""Seconds after which a wait for pending tasks asks again whether anything can still wake them."""
_SHORT_ROUND = 0.002
"""The same, for what is no task, as nobody tells when it has ended."""
_RELEASE = 0.1
"""Seconds of ready callbacks, at most, that the release of leaks may take."""


class Sweep:
    """Everything that one test leaves behind, found and ended.

    `phase` is the phase of the test that is going on; what is created meanwhile is charged to it. `leaks`,
    `used_allowances` and `errors`, which are what detectors of the user's have raised, grow as the dying are
    heard of, and are complete when the sweep is over.
    """

    def __init__(self, detectors: Iterable[type[LeakDetector]], allowances: Iterable[Allowance]) -> None:
        self.phase = "setUp"
        self.leaks: list[Leak] = []
        self.used_allowances: set[Allowance] = set()
        self.errors: list[Exception] = []
        self._allowances = tuple(allowances)
        kinds = tuple(detectors)
        self._detectors = [detector() for detector in kinds]
        self._detectors_by_type: dict[type, tuple[LeakDetector, ...]] = {}
        roles = _roles_of(kinds)
        self._watching = [self._detectors[number] for number in roles.watching]
        registries = [self._detectors[number].registered for number in roles.registering]
        self.census = Census(roles.types, self._examine_dying, registries)
        self._held: list[Any] = []
        self._has_released = False

    def has_work_for_the_loop(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Collects garbage; whether anything could happen in the loop then, so that `end_tasks` is due."""
        if loop.is_closed():
            return False
        self._hold_connections(loop)
        if self.census.pending_tasks() or not is_quiet(loop) or _cpython.watched_descriptors(loop):
            return True
        gc.collect()
        return bool(self.census.pending_tasks()) or not is_quiet(loop)

    async def end_tasks(
        self, loop: asyncio.AbstractEventLoop, settle_time: float, grace_period: float
    ) -> None:
        """Lets the tasks end by themselves if they can; takes stock of, cancels and awaits the others."""
        census = self.census
        self._hold_connections(loop)
        await self._settle(loop, settle_time)
        held = census.pending_tasks()  # or collecting a cycle would destroy its tasks, unexamined
        gc.collect()
        del held
        await self._settle(loop, settle_time)
        found = {task: self._examine(task) for task in census.pending_tasks()}
        failed = self._failed_futures() if found else {}
        census.muted = True
        refused = await cancel_and_wait(loop, census.pending_tasks, grace_period)
        if refused and census.drop_accepted_connections():
            # A cancelled `serve_forever` waits for them on 3.12: it is not the one that refuses.
            await turn_until_quiet(loop, _RELEASE)
            refused = {task for task in refused if not task.done()}
        if found:
            await self._let_end(loop, grace_period)
        self._tell_of_tasks(found, refused, grace_period)
        if found:
            self._keep_quiet_of_failures(failed)
        # Nothing here may keep a task, as its traceback keeps what it held: that is to die unheard.
        del found, refused, failed
        gc.collect()
        census.muted = False

    def _tell_of_tasks(
        self,
        found: dict[asyncio.Task[Any], Leak | None],
        refused: set[asyncio.Task[Any]],
        grace_period: float,
    ) -> None:
        for task, leak in found.items():
            if leak is not None:
                self._add(_told(leak, task, task in refused, grace_period))
        for task in refused - found.keys():
            leak = self._examine(task)
            if leak is not None:
                self._add(_told_of_successor(leak))
        for task in refused:
            detach(task)

    def _keep_quiet_of_failures(self, before: dict[int, asyncio.Future[Any]]) -> None:
        """What has failed since is due to the cancelling: it is one leak with the task that was cancelled."""
        for identity, future in self._failed_futures().items():
            if identity not in before:
                _cpython.mark_exception_retrieved(future)

    def take_stock(self, loop_ends: bool) -> None:
        """Finds everything else that was created and is still alive, and ends what is a leak.

        `loop_ends` says whether the loop is closed next.
        """
        # A pending task has been judged by `end_tasks`: it refused, or is of the test's own.
        living = [o for o in self.census.living() if not isinstance(o, _cpython.TASK_TYPES) or o.done()]
        for detector in self._detectors:
            own = [obj for obj in living if detector in self._interested(type(obj))]
            if own:
                self._ask(detector.prepare, own)
                del own
        judged = [(obj, *self._judged(obj)) for obj in living]
        self.census.muted = True
        released = []
        for obj, judge, leak in judged:
            is_told = leak is not None and self._add(leak)
            if judge is not None and (is_told or (loop_ends and judge.dies_with_loop)):
                released.append((judge, obj))
            else:
                spare(obj)
        for judge, obj in reversed(released):
            self._ask(judge.release, obj)
        self._has_released = bool(released)
        self._held.clear()
        self.census.muted = False

    def has_released(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether the loop has callbacks to run for what `take_stock` has released."""
        return self._has_released and not loop.is_closed() and not is_quiet(loop)

    def finish_release(self, loop: asyncio.AbstractEventLoop) -> Coroutine[Any, Any, None]:
        """Has the loop close what was released; what the test's code says to that is nobody's leak."""
        self.census.muted = True  # now: some of it runs before the first step of the coroutine
        return self._finish_release(loop)

    async def _finish_release(self, loop: asyncio.AbstractEventLoop) -> None:
        await turn_until_quiet(loop, _RELEASE)
        gc.collect()
        self.census.muted = False

    def _hold_connections(self, loop: asyncio.AbstractEventLoop) -> None:
        """A connection in a cycle is to be found open; if it is collected, its socket warns before it can."""
        self._held = _cpython_loops.connections_of(loop)

    def _failed_futures(self) -> dict[int, asyncio.Future[Any]]:
        """By identity: a user's futures may not be hashable."""
        futures = (obj for obj in self.census.living() if isinstance(obj, _cpython.FUTURE_TYPES))
        return {id(future): future for future in futures if _cpython.is_exception_unretrieved(future)}

    async def _settle(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Turns the loop until no task is pending or nothing can wake those that are, for at most `seconds`.

        What has become ready in time is run to its end. A round is charged with what it should take at most.
        Then waits for what is no task and about to end.
        """
        left = seconds
        await turn_until_quiet(loop, _ROUND)
        while left > 0 and (tasks := self.census.pending_tasks()) and can_wake(loop, left):
            left -= await pause(loop, tasks, min(left, _ROUND))
            started = monotonic()
            await turn_until_quiet(loop, _ROUND)
            left -= min(monotonic() - started, _ROUND)
        await self._let_end(loop, left)

    async def _let_end(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Waits for what is about to end by itself, tasks apart, for at most `seconds`."""
        left = seconds
        while left > 0 and self._watching and any(map(self._is_ending, self.census.living())):
            left -= await pause(loop, (), min(left, _SHORT_ROUND))
            await turn_until_quiet(loop, _ROUND)

    def _is_ending(self, obj: object) -> bool:
        return any(d in self._watching and self._ask(d.is_ending, obj) for d in self._interested(type(obj)))

    def _examine_dying(self, obj: object) -> bool:
        leak = self._examine(obj)
        if leak is not None:
            self._add(leak)
        return leak is not None

    def _examine(self, obj: object) -> Leak | None:
        return self._judged(obj)[1]

    def _judged(self, obj: object) -> tuple[LeakDetector | None, Leak | None]:
        """The first detector that takes an object for a leak, and that leak."""
        for detector in self._interested(type(obj)):
            leak = self._ask(detector.examine, obj)
            if leak is not None:
                if not leak.phase:
                    leak = dataclasses.replace(leak, phase=self.census.phase_of(obj) or self.phase)
                return detector, leak
        return None, None

    def _ask(self, method: Callable[[Any], _T], question: object) -> _T | None:
        """What a detector answers; the sweep goes on where it fails, as the next test needs that."""
        try:
            return method(question)
        except Exception as error:
            self.errors.append(error)
            return None

    def _interested(self, kind: type) -> tuple[LeakDetector, ...]:
        found = self._detectors_by_type.get(kind)
        if found is None:
            found = tuple(detector for detector in self._detectors if issubclass(kind, detector.types))
            self._detectors_by_type[kind] = found
        return found

    def _add(self, leak: Leak) -> bool:
        """Notes a leak, unless it is allowed."""
        if apply(self._allowances, leak, self.used_allowances):
            return False
        self.leaks.append(leak)
        return True


class _Roles(NamedTuple):
    """The types that some detectors want from the heap; the numbers of those that override a hook."""

    types: tuple[type, ...]
    registering: tuple[int, ...]
    watching: tuple[int, ...]


@functools.lru_cache(maxsize=32)
def _roles_of(detectors: tuple[type[LeakDetector], ...]) -> _Roles:
    numbered = tuple(enumerate(detectors))
    registering = tuple(n for n, each in numbered if each.registered is not LeakDetector.registered)
    watching = tuple(n for n, each in numbered if each.is_ending is not LeakDetector.is_ending)
    types = tuple(wanted for n, each in numbered if n not in registering for wanted in each.types)
    return _Roles(types, registering, watching)


def _told(leak: Leak, task: asyncio.Task[Any], refused: bool, grace_period: float) -> Leak:
    """The leak of a task, with what became of it when it was cancelled.

    Looks at its exception, so that nobody logs it.
    """
    if refused:
        return dataclasses.replace(
            leak,
            description=f"stubborn, it ignored its cancellation for {grace_period:g} s; {leak.description}",
            remedy="let CancelledError through: re-raise it, and catch Exception rather than BaseException",
        )
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        return dataclasses.replace(
            leak, description=f"{leak.description}; when cancelled it raised {one_line(error)}"
        )
    return leak


def _told_of_successor(leak: Leak) -> Leak:
    return dataclasses.replace(
        leak,
        description=f"one of an endless line, as each starts the next when cancelled; {leak.description}",
        remedy="start nothing in `finally` or `except CancelledError`, or end the line at some point",
    )
