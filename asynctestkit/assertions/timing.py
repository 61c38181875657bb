"""Assertions about time: done within a limit, timing out, still waiting, steps with a budget."""

from __future__ import annotations

import math
from asyncio import CancelledError
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from ..cpython import task_internals
from ..cpython.originals import asyncio
from ..leaks.kinds.exceptions import one_line
from .failing import Failing, check_awaitable, check_seconds, close
from .limit import Ended, EndKind, hide_machinery_soon, run_within
from .steps import Step
from .wording import LET_THROUGH, NOT_IN_LOOP, Subject, after, shown, standing_lines

__all__ = ["TimeAssertions"]

__unittest = True

_T = TypeVar("_T")
_TIMEOUTS = (TimeoutError, asyncio.TimeoutError)  # one and the same from 3.11

_MORE_TIME = "find out what it waits for, or allow more than {:g} s"
_OWN_LIMIT = "put one around what it waits for: asyncio.timeout(…) or asyncio.wait_for(…)"


class TimeAssertions(Failing):
    """How long something takes, in seconds of the event loop's clock.

    Awaiting through one of these is like a plain `await`: the code runs in the caller's task and context, and
    cancellations by others pass through. When the limit is over, the awaited code is cancelled and gets
    `grace_period` seconds (default: 0.5) to clean up. Code that then refuses to end is abandoned, and the
    assertion fails.
    """

    async def assertAwaitedWithin(self, awaitable: Awaitable[_T], seconds: float, *, msg: Any = None) -> _T:
        """Awaits it and returns its result; fails if it is not done within `seconds`, and cancels it.

        Its own exceptions propagate as they are, TimeoutError among them.
        """
        seconds, subject = self._checked("assertAwaitedWithin", awaitable, seconds)
        ended = await self._ended(awaitable, seconds, includes_limit=True)
        try:
            if ended.stood_at is not None:
                text = f"{subject.name} was not done {_after_limit(seconds)}"
                self._failLate(msg, text, ended, _MORE_TIME.format(seconds))
            if ended.error is not None:
                hide_machinery_soon(ended.error)
                raise ended.error
            if ended.has_blocked:
                self._failWith(
                    msg,
                    f"{subject} returned {shown(ended.value)} {after(ended.elapsed)}, not within "
                    f"{seconds:g} s, and blocked the loop meanwhile\nremedy: {NOT_IN_LOOP}",
                )
            return ended.value  # type: ignore[return-value]  # it has returned
        finally:
            del ended  # the traceback of its exception holds this frame

    async def assertTimesOut(
        self,
        awaitable: Awaitable[Any],
        seconds: float | None = None,
        *,
        within: float | None = None,
        msg: Any = None,
    ) -> TimeoutError:
        """Asserts that it times out; returns the TimeoutError (`asyncio.TimeoutError` on 3.10).

        With `seconds` the limit is imposed: it passes if the awaitable has not finished by then, or timed out
        itself before. Without, it has to time out by itself, at the latest after `within` seconds (default: a
        little less than the test's deadline). Fails if it returns, or raises something else.
        """
        if seconds is not None and within is not None:
            close(awaitable)
            raise TypeError("assertTimesOut takes seconds (a limit imposed) or within (to wait for its own)")
        limit, name = self._limit(seconds, within)
        limit, subject = self._checked("assertTimesOut", awaitable, limit, name)
        ended = await self._ended(awaitable, limit, includes_limit=seconds is None)
        try:
            return self._timedOut(ended, subject, limit, seconds is not None, msg)
        finally:
            del ended  # the traceback of its exception holds this frame

    async def assertStillWaiting(self, awaitable: Awaitable[Any], seconds: float, *, msg: Any = None) -> None:
        """Fails if it is done within `seconds`; if not, cancels it.

        A task or future of the user's goes on running, whatever happens.
        """
        seconds, subject = self._checked("assertStillWaiting", awaitable, seconds)
        ended = await self._ended(
            awaitable, seconds, spares=isinstance(awaitable, task_internals.FUTURE_TYPES)
        )
        try:
            if ended.stood_at is None:
                text = f"{subject} did not wait for {seconds:g} s: {_end(ended)} {after(ended.elapsed)}"
                remedy = "check that what it waits for has not been set, sent or released already"
                self._failWith(msg, f"{text}\nremedy: {remedy}", ended.error)
            if ended.was_cut_short or ended.how is EndKind.RAISED:
                text = f"{subject.name} was waiting {_after_limit(seconds)}, but did not end cleanly"
                self._failLate(msg, text, ended, "make its clean-up short and free of errors")
        finally:
            del ended  # the traceback of its exception holds this frame

    def assertStepWithin(
        self, name: str, seconds: float, *, msg: Any = None
    ) -> AbstractAsyncContextManager[None]:
        """`async with`: a budget for the block, in which further steps may have budgets of their own.

        If it is exceeded the block is cancelled, and the failure names the step whose budget ran out, the
        inner one if both did, and shows all steps so far with their times. A block that swallows that is
        cancelled again, and fails at its end; one that never ends is left to the deadline.
        """
        limit = check_seconds(seconds, "seconds")
        grace_period = self._hygieneSettings().grace_period
        return Step(name, limit, grace_period, lambda text: self._failure(msg, text))

    def _checked(
        self, taker: str, awaitable: object, seconds: object, name: str = "seconds"
    ) -> tuple[float, Subject]:
        limit = check_seconds(seconds, name, awaitable)
        check_awaitable(awaitable, taker)
        return limit, Subject(awaitable)

    def _limit(self, seconds: float | None, within: float | None) -> tuple[float, str]:
        if seconds is not None:
            return seconds, "seconds"
        if within is not None:
            return within, "within"
        deadline = self._hygieneSettings().deadline
        # The phase began earlier, and its own deadline would come first and say less.
        return math.inf if deadline is None else deadline * 0.9, "within"

    async def _ended(self, awaitable: Awaitable[_T], seconds: float, **options: bool) -> Ended[_T]:
        return await run_within(awaitable, seconds, self._hygieneSettings().grace_period, **options)

    def _timedOut(
        self, ended: Ended[Any], subject: Subject, limit: float, is_imposed: bool, msg: object
    ) -> TimeoutError:
        error = ended.error
        try:
            if ended.stood_at is None:
                if isinstance(error, _TIMEOUTS):
                    return error
                if error is not None:
                    text = f"{subject} did not time out: it raised {one_line(error)} ({after(ended.elapsed)})"
                    remedy = "let its TimeoutError propagate, or mock the dependency that fails"
                    self._failWith(msg, f"{text}\nremedy: {remedy}", error)
                text = f"{subject} did not time out: it returned {shown(ended.value)} {after(ended.elapsed)}"
                remedy = "make what it waits for slower than its time-out, or check that it has one"
                self._failWith(msg, f"{text}\nremedy: {remedy}")
            if not is_imposed:
                text = f"{subject.name} has no time-out of its own: still running {_after_limit(limit)}"
                self._failLate(msg, text, ended, _OWN_LIMIT)
            is_other = ended.how is EndKind.RAISED and not isinstance(error, _TIMEOUTS)
            if ended.how is EndKind.LEFT or ended.was_cut_short or is_other:
                text = f"{subject.name} was not done {_after_limit(limit)}, but did not end cleanly"
                self._failLate(msg, text, ended, "make its clean-up short and free of errors")
            if isinstance(error, _TIMEOUTS):
                return error
            return asyncio.TimeoutError(f"{subject.name} was not done {_after_limit(limit)}")
        finally:
            del error, ended  # its traceback holds this frame

    def _failLate(self, msg: object, text: str, ended: Ended[Any], remedy: str) -> None:
        """Fails, with where it stood at the limit and what it did when it was cancelled."""
        lines = [text, *(standing_lines(ended.stood_at) if ended.stood_at is not None else ())]
        allowed = self._hygieneSettings().grace_period
        if ended.how is EndKind.LEFT:
            lines.append(f"cancelled twice, it was still there {allowed * 2:g} s later, and was abandoned")
            remedy = LET_THROUGH
        elif ended.was_cut_short:
            lines.append(f"cancelled, it cleaned up for longer than {allowed:g} s, and was cut short")
            remedy = "make its clean-up faster, or allow it more: grace_period"
        elif ended.how is not EndKind.CANCELLED:
            lines.append(f"cancelled, {_end(ended)}")
        cause = ended.error if ended.how is EndKind.RAISED else None
        self._failWith(msg, "\n".join([*lines, f"remedy: {remedy}"]), cause)


def _after_limit(seconds: float) -> str:
    return f"after {seconds:g} s"


def _end(ended: Ended[Any]) -> str:
    if ended.error is None:
        return f"it returned {shown(ended.value)}"
    if isinstance(ended.error, CancelledError):
        return "it was cancelled"
    return f"it raised {one_line(ended.error)}"
