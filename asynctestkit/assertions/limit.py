"""Awaiting something up to a limit: the result is a value, which the assertions judge.

When the limit fires, the awaited code is cancelled. If it is still there after the clean-up time, it is
cancelled once more, which cuts its clean-up short; and if that does not help, it is abandoned. So it takes
`seconds` and twice the clean-up time, at most.
"""

from __future__ import annotations

import enum
import math
import unittest
from asyncio import CancelledError
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..cpython.originals import asyncio
from ..cpython.versions import CancelRequest
from ..stacks.await_chain import AwaitChain
from ..stacks.thread_stacks import hide_machinery
from .drive import Abandoned, Drive, running_task

__all__ = ["BLOCKED_MARGIN", "TURNS", "EndKind", "Ended", "hide_machinery_soon", "run_within"]

__unittest = True

_T = TypeVar("_T")

TURNS = 10
"""Turns of the loop that code that is ready when the limit fires gets to deliver its result."""

BLOCKED_MARGIN = 0.25
"""Seconds over the limit from which a loop without a turn was blocked, and not just on a busy machine."""


class EndKind(enum.Enum):
    """How something that was awaited ended."""

    RETURNED = enum.auto()
    RAISED = enum.auto()
    CANCELLED = enum.auto()
    """It ended in CancelledError after the limit, as it should."""
    LEFT = enum.auto()
    """It has not ended: it refused to, or was spared."""


@dataclass(frozen=True)
class Ended(Generic[_T]):
    """The result of awaiting something up to a limit."""

    how: EndKind
    elapsed: float
    """Seconds of the loop's clock."""
    value: _T | None
    error: BaseException | None
    stood_at: AwaitChain | None
    """Where it stood when the limit fired; None if it ended by itself before."""
    was_cut_short: bool
    """Whether its clean-up took longer than was allowed."""
    has_blocked: bool
    """Whether it ended by itself but late: it held the loop, so that the limit could not fire."""


async def run_within(
    awaitable: Awaitable[_T],
    seconds: float,
    cleanup_time: float,
    *,
    spares: bool = False,
    includes_limit: bool = False,
) -> Ended[_T]:
    """Awaits it for at most `seconds` of the loop's clock, in the caller's task.

    Raises what is not to be judged: a cancellation of the caller by other code, a skip, and exceptions that
    are no Exception, except CancelledError. With `spares`, a future is neither cancelled nor waited for any
    longer when the limit fires. With `includes_limit`, what another timer ends at the moment of the limit has
    ended by itself.
    """
    task = running_task(awaitable)
    drive = Drive(awaitable, spares=spares)
    limit = _Limit(task, drive, seconds, cleanup_time, spares)
    limit.includes_limit = includes_limit
    how, value, error = EndKind.LEFT, None, None
    try:
        value = await drive
        how = EndKind.RETURNED
    except Abandoned:
        pass
    except unittest.SkipTest:
        raise
    except (Exception, CancelledError) as raised:
        error = raised
        ends_as_asked = isinstance(raised, CancelledError) and limit.stood_at is not None
        how = EndKind.CANCELLED if ends_as_asked else EndKind.RAISED
    finally:
        others_cancel = limit.close()
    try:
        if others_cancel and (how is EndKind.LEFT or isinstance(error, CancelledError)):
            raise error or CancelledError
        return Ended(
            how, limit.elapsed, value, error, limit.stood_at, limit.was_cut_short, limit.was_blocked()
        )
    finally:
        del error  # its traceback holds this frame


def hide_machinery_soon(error: BaseException) -> None:
    """Removes the frames of this package from the traceback of an exception that passes through it.

    They are added while it propagates, when no code of ours runs any more: hence in the loop's next turn.
    """
    asyncio.get_running_loop().call_soon(lambda: hide_machinery(error.__traceback__))


class _Limit:
    """The timeout: waits → has cancelled → has cancelled again → has given up."""

    def __init__(
        self, task: asyncio.Task[Any], drive: Drive[Any], seconds: float, cleanup_time: float, spares: bool
    ) -> None:
        self.stood_at: AwaitChain | None = None
        self.was_cut_short = False
        self.includes_limit = False
        """Whether what other timers do at the same moment comes first."""
        self._drive = drive
        self._loop = task.get_loop()
        self._seconds = seconds
        self._cleanup_time = cleanup_time
        self._spares = spares
        self._turns = 0
        self._request = CancelRequest(task)
        self._timer: asyncio.Handle | None = None
        self._started = self._loop.time()
        if seconds != math.inf:
            self._timer = self._loop.call_at(self._started + seconds, self._fire)

    def close(self) -> bool:
        """Called when the awaited code has ended; returns whether other code has cancelled the task."""
        self.elapsed = self._loop.time() - self._started
        if self._timer is not None:
            self._timer.cancel()
        return self._request.withdraw()

    def was_blocked(self) -> bool:
        """Whether the last step began in time, went on unmistakably beyond the limit, and ended."""
        began = self._drive.resumed_at - self._started
        return (
            began < self._seconds and self.elapsed > self._seconds + BLOCKED_MARGIN and self.stood_at is None
        )

    def _fire(self) -> None:
        if self._turns < TURNS and (self.includes_limit or self._drive.is_going_on()):
            # Its result is there already: cancelling now would lose it.
            self._turns += 1
            self._timer = self._loop.call_soon(self._fire)
            return
        self.stood_at = self._drive.chain()
        if self._spares:
            self._drive.abandon()
            return
        self._timer = self._loop.call_later(self._cleanup_time, self._insist)
        self._request.make()

    def _insist(self) -> None:
        self.was_cut_short = True
        self._timer = self._loop.call_later(self._cleanup_time, self._drive.abandon)
        self._request.make()
