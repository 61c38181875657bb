"""Time budgets of steps, nested and in concurrent tasks, and the table that shows what each has used."""

from __future__ import annotations

import math
import sys
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from ..cpython.originals import asyncio
from ..cpython.versions import CancelRequest
from ..stacks.await_chain import AwaitChain, chain_of_task
from ..stacks.code_owners import is_machinery
from ..stacks.places import Place
from .drive import running_task
from .limit import TURNS
from .wording import LET_THROUGH, NOT_IN_LOOP, standing_lines

__all__ = ["Step"]

__unittest = True

_SAME_MOMENT = 0.001
"""Seconds within which two steps count as running out together, and no step as having run out."""

_MOST_CANCELLATIONS = 10
"""A block that swallows this many is not cancelled again, and is left to the deadline of the test."""

_current: ContextVar[Step | None] = ContextVar("step", default=None)
"""The innermost step; a task starts within the step that it is created in."""

_outermost: ContextVar[list[Step] | None] = ContextVar("outermost steps", default=None)
"""A test's steps that are within no other, in their order. Each test has a context of its own."""


class Step:
    """One step with its budget, entered once. `failure` makes an exception from a text."""

    def __init__(
        self, name: str, seconds: float, grace_period: float, failure: Callable[[str], AssertionError]
    ) -> None:
        self.name = name
        self.seconds = seconds
        self.steps: list[Step] = []
        """The steps within it, in the order in which they began."""
        self.task_name = ""
        self.used: float | None = None
        """Seconds of the loop's clock; None while it is running."""
        self.ran_out = False
        self._grace_period = grace_period
        self._failure = failure
        self._place = _place_of_caller()
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.Handle | None = None
        self._turns = 0
        self._stood_at: AwaitChain | None = None

    async def __aenter__(self) -> None:
        task = running_task()
        self._outer = _current.get()
        _current.set(self)
        self._siblings().append(self)
        self._task = task
        self.task_name = task.get_name()
        self._loop = task.get_loop()
        self._asked_before = self._outer_cancel_requests()
        self._request = CancelRequest(task)
        self.started = self._loop.time()
        if self.seconds != math.inf:
            self._timer = self._loop.call_at(self.started + self.seconds, self._fire)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.used = self._loop.time() - self.started
        if self._timer is not None:
            self._timer.cancel()
        _current.set(self._outer)
        known = self._outer_cancel_requests() - self._asked_before
        others_cancel = self._request.withdraw(known)
        self._task = None
        del self._request  # the step stays for the table, and would keep the task
        # Its timer could not fire: the block never awaited, or not since its time was up.
        is_late = not self._turns and self.used > self.seconds + _SAME_MOMENT
        has_blocked = is_late and not self.ran_out and error is None
        if has_blocked:
            self.ran_out = True
            what = f"took {self.used:.3g} s, more than {self.seconds:g} s, and blocked the loop meanwhile"
            raise self._failure(self._report(what, NOT_IN_LOOP))
        if not self.ran_out:
            return
        what = f"was not done after {self.seconds:g} s"
        remedy = f"find out what it waits for, or allow it more than {self.seconds:g} s"
        if error is None:
            what += ", swallowed its cancellation and went on"
            remedy = LET_THROUGH
        if error is None or (isinstance(error, CancelledError) and not others_cancel):
            raise self._failure(self._report(what, remedy)) from None
        # A failure, such as that of an inner step, says more; other errors come from the cancellation.
        if isinstance(error, Exception) and not isinstance(error, AssertionError):
            raise self._failure(self._report(what, remedy)) from error

    def _siblings(self) -> list[Step]:
        if self._outer is not None:
            return self._outer.steps
        outermost = _outermost.get()
        if outermost is None:
            outermost = []
            _outermost.set(outermost)
        return outermost

    def _outer_cancel_requests(self) -> int:
        """How often the steps around this one, in the same task, have cancelled that task."""
        times, step = 0, self._outer
        while step is not None:
            if step._task is self._task:
                times += step._request.times
            step = step._outer
        return times

    def _fire(self) -> None:
        task: asyncio.Task[Any] = self._request.task
        if self._turns < TURNS:
            # Its result may be there already, or be set by a timer that is due now: cancelling would lose it.
            self._turns += 1
            self._timer = self._loop.call_soon(self._fire)
            return
        places, waits_on = chain_of_task(task)
        stood_at = AwaitChain(tuple(p for p in places if not is_machinery(p.file)), waits_on)
        for step in self._within(task):
            if step is self or step.started + step.seconds <= self._loop.time() + _SAME_MOMENT:
                step.ran_out = True
                step._stood_at = stood_at
        self._cancel()

    def _cancel(self) -> None:
        """Cancels now, and again after every grace period: a block may swallow a cancellation and go on."""
        self._request.make()
        if self._request.times < _MOST_CANCELLATIONS:
            self._timer = self._loop.call_later(self._grace_period, self._cancel)

    def _within(self, task: asyncio.Task[Any]) -> Iterator[Step]:
        """This step and the steps that the task has entered within it, from the outside in."""
        step: Step | None = self
        while step is not None:
            yield step
            step = next((inner for inner in step.steps if inner._task is task), None)

    def _report(self, what: str, remedy: str) -> str:
        lines = [f"step {self.name!r} ({self._place}) {what}"]
        if self._stood_at is not None:
            lines += standing_lines(self._stood_at)
        lines += _table(_outermost.get() or [self], self._loop.time())
        return "\n".join([*lines, f"remedy: {remedy}"])


def _place_of_caller() -> Place:
    frame = sys._getframe(2)
    while is_machinery(frame.f_code.co_filename) and frame.f_back is not None:
        frame = frame.f_back
    return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def _table(outermost: list[Step], now: float) -> Iterator[str]:
    rows = [("step", "used", "allowed", "")]
    rows += [row for step in outermost for row in _rows(step, outermost[0].task_name, "", now)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, used, allowed, remark in rows:
        yield f"  {name:{widths[0]}}  {used:>{widths[1]}}  {allowed:>{widths[2]}}  {remark}".rstrip()


def _rows(step: Step, task_name: str, indent: str, now: float) -> Iterator[tuple[str, str, str, str]]:
    """The rows of a step and, indented, of those within it; a task other than `task_name` is remarked."""
    used = now - step.started if step.used is None else step.used
    remarks = ["ran out"] if step.ran_out else ["still running"] if step.used is None else []
    if step.task_name != task_name:
        remarks.append(f"in task {step.task_name!r}")
    allowed = "no limit" if step.seconds == math.inf else f"{step.seconds:.3f} s"
    yield f"{indent}{step.name}", f"{used:.3f} s", allowed, ", ".join(remarks)
    for inner in step.steps:
        yield from _rows(inner, step.task_name, f"{indent}  ", now)
