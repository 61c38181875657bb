"""How a test case runs its explored tests."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..cpython import step_internals
from ..cpython.originals import asyncio
from ..cpython.wall import wall_time
from .exploring import Calls, Exploration
from .lives import Script
from .plan import is_planned, plan_of

__all__ = ["ExploredCase"]

__unittest = True

_Base: Any = unittest.IsolatedAsyncioTestCase if TYPE_CHECKING else object


class ExploredCase(_Base):  # type: ignore[misc]  # a mixin
    """A mixin in front of GuardedCase: runs tests marked with `explore` or `replay` in their schedules."""

    _asynctestkit_script: Script | None = None
    """In one life of an explored test: makes its loop."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Other tests keep unittest's `run`: it counts stack frames to place a warning.
        if _may_explore(cls):
            cls.run = _run_of(cls, vars(cls).get("run"))

    def _hygieneMakeLoop(self) -> asyncio.AbstractEventLoop:
        script = self._asynctestkit_script
        loop: asyncio.AbstractEventLoop = super()._hygieneMakeLoop() if script is None else script.make_loop()
        return loop

    def _hygieneSweep(self) -> None:
        if self._asynctestkit_script is not None:
            self._asynctestkit_script.end()
        super()._hygieneSweep()

    def _asynctestkit_leaves_script(self) -> bool:
        faults = self._asynctestkit_script.faults if self._asynctestkit_script is not None else None
        return faults is not None and bool(faults.raised)


def _may_explore(cls: type) -> bool:
    """Whether a test of the class, or of a base outside this package, is marked for exploration."""
    owners = (each for each in cls.__mro__ if each is cls or not issubclass(each, ExploredCase))
    return any(is_planned(each) for owner in owners for each in vars(owner).values())


def _run_of(cls: Any, own: Callable[..., Any] | None) -> Callable[..., Any]:
    """The `run` of a class with explored tests; `own` is the one that the class itself defines, or None."""
    run_one = own if own is not None else super(cls, cls).run

    def run(self: Any, result: Any = None) -> Any:
        method = getattr(self, step_internals.method_name(self), None)
        is_skipped = getattr(method, "__unittest_skip__", False) or getattr(self, "__unittest_skip__", False)
        if self._asynctestkit_script is not None or is_skipped or not is_planned(method):
            return run_one(self, result)
        return _explored(self, run_one, result)

    return run


def _explored(case: Any, run: Callable[..., Any], result: Any) -> Any:
    """Like `TestCase.run`, with an exploration instead of one run."""
    method = getattr(case, step_internals.method_name(case))
    try:
        plan = plan_of(method)
    except ValueError:
        wrong: Calls = [("addError", (sys.exc_info(),))]
        return _run_and_report(case, result, lambda: wrong)
    if plan is None:
        return run(case, result)
    exploration = Exploration(case, run, plan)
    used_result = _run_and_report(case, result, exploration.calls)
    if getattr(used_result, "showAll", False):  # python -m unittest -v
        used_result.stream.writeln(exploration.statistics())
    return used_result


def _run_and_report(case: Any, result: Any, calls: Callable[[], Calls]) -> Any:
    is_own = result is None
    if is_own:
        result = case.defaultTestResult()
        getattr(result, "startTestRun", _nothing)()
    began = wall_time()
    try:
        result.startTest(case)
        try:
            try:
                found = calls()
            except (RuntimeError, ValueError):  # its loop cannot be explored, or it has no such task
                found = [("addError", (sys.exc_info(),))]
            for name, arguments in found:
                getattr(result, name)(case, *arguments)
            getattr(result, "addDuration", _nothing)(case, wall_time() - began)  # from 3.12
        finally:
            result.stopTest(case)
    finally:
        if is_own:
            getattr(result, "stopTestRun", _nothing)()
    return result


def _nothing(*_: object) -> None:
    """Replaces an optional method that a result lacks."""
