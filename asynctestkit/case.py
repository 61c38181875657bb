"""The test case: where each step of a test's life hooks into unittest's.

mark → setUp, asyncSetUp → body → asyncTearDown, tearDown → cleanups, last in first out → sweep → loop closes.

`run` is not overridden: from within it, unittest counts frames for a DeprecationWarning. The sweep is a
cleanup, registered before any other and so run after all of them, also in `debug()`, after a failed set-up,
and if a hook is overridden without `super()`.
"""

from __future__ import annotations

import sys
import unittest
import warnings
from collections.abc import Callable
from typing import Any

from .assertions.groups import GroupAssertions
from .assertions.logs import LogAssertions
from .assertions.mocks import MockAssertions
from .assertions.queues import QueueAssertions
from .assertions.tasks import TaskAssertions
from .assertions.timing import TimeAssertions
from .cpython.step_internals import is_called_by_run
from .cpython.versions import HAS_RUNNER, RunnerHooks
from .exploration.cancel_safety import CancelAssertions
from .exploration.explored import ExploredCase
from .isolation import IsolationHelpers
from .lifecycle.background import TaskControl
from .lifecycle.guarded_case import SET_UP, TEAR_DOWN, GuardedCase, GuardedTest
from .lifecycle.hooks import plain
from .lifecycle.later_code import runs_later_code
from .loops.runner import Runner
from .mocks import MockBuilders

__all__ = ["HygieneHooks", "HygieneMixin", "HygienicAsyncTestCase"]

__unittest = True

_runner: Any = plain if HAS_RUNNER else RunnerHooks


class HygieneHooks(GuardedTest, RunnerHooks):
    """Has a guard cover the tests of an IsolatedAsyncioTestCase, and adds no public name to it."""

    def debug(self) -> None:
        try:
            super().debug()
        finally:  # the loop stays where the test failed, as in the base class: cleanups may still be called
            self._hygieneEnd()

    def doCleanups(self) -> Any:  # CPython returns a bool, typeshed says None
        guard = self._hygieneGuard
        sweep: tuple[Any, ...] = (self._hygieneSweep, (), {})
        if guard is not None and self._outcome is not None:
            guard.has_outcome |= not self._outcome.success  # as after a failed subtest
        is_the_last = guard is None or (not guard.depth and is_called_by_run(sys._getframe(1)))
        if is_the_last or sweep not in self._cleanups:
            return super().doCleanups()
        # A call of the user's during the test: the sweep stays the last cleanup of all.
        self._cleanups.remove(sweep)
        try:
            return super().doCleanups()
        finally:
            self._cleanups.insert(0, sweep)

    def _setupAsyncioRunner(self) -> None:
        inherited: Any = super()._setupAsyncioRunner
        if inherited.__func__ is not _runner._setupAsyncioRunner:
            inherited()
            return
        # Before 3.13, unittest does not ask for it: `__getattr__` is not asked either.
        has_default = hasattr(type(self), "loop_factory")
        factory = self.loop_factory if has_default else vars(self).get("loop_factory")
        self._asyncioRunner = Runner(factory, self._hygieneBegin, self._hygieneMakeLoop)

    def _tearDownAsyncioRunner(self) -> None:
        inherited: Any = super()._tearDownAsyncioRunner
        if inherited.__func__ is not _runner._tearDownAsyncioRunner:
            self._hygieneEnd()
            inherited()
            return
        runner = self._asyncioRunner
        self._asyncioRunner = self._asyncioTestLoop = None
        if self._hygieneGuard is not None:
            self._hygieneEnd()
        if runner is not None:  # after a failed `debug()`, suites call this again
            runner.close()

    def _hygieneClosesLoop(self) -> bool:
        return not (self._hygieneIsFollowed or runs_later_code(type(self), HygieneHooks))

    def _callSetUp(self) -> None:
        if self._asyncioRunner is not None:
            self._hygieneBegin(self._asyncioRunner.get_loop())
        elif not HAS_RUNNER and self._asyncioTestLoop is not None:  # before 3.11
            self._hygieneBegin(self._asyncioTestLoop)
        self._hygieneCallHooks(SET_UP, super()._callSetUp)

    def _callTestMethod(self, method: Callable[[], Any]) -> None:
        with self._hygienePhase("test"):
            inherited = super()._callTestMethod
            if inherited.__func__ is not plain._callTestMethod:
                inherited(method)
                return
            result = self._hygieneCall(method)
        if result is not None and HAS_RUNNER:
            text = "It is deprecated to return a value that is not None from a test case"
            text = f"{text} ({method} returned {type(result).__name__!r})"
            warnings.warn(text, DeprecationWarning, stacklevel=4)

    def _callTearDown(self) -> None:
        self._hygieneCallHooks(TEAR_DOWN, super()._callTearDown)

    def _callCleanup(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
        if function == self._hygieneSweep:
            self._hygieneSweep()
            return
        with self._hygienePhase("cleanup"):
            super()._callCleanup(function, *args, **kwargs)


class HygieneMixin(ExploredCase, TaskControl, GuardedCase, HygieneHooks):
    """Guards the tests of an IsolatedAsyncioTestCase, and sweeps after each: put it in front of that class.

    Settings documents the class attributes. Everything else is as in IsolatedAsyncioTestCase.
    """


class HygienicAsyncTestCase(
    HygieneMixin,
    TimeAssertions,
    QueueAssertions,
    TaskAssertions,
    GroupAssertions,
    LogAssertions,
    CancelAssertions,
    MockAssertions,
    MockBuilders,
    IsolationHelpers,
    unittest.IsolatedAsyncioTestCase,
):
    """IsolatedAsyncioTestCase that fails a test which leaves something behind, reports it, and never hangs.

    Settings lists its class attributes; `self.clock` is its loop's time, `self.seed` the seed of `random`."""
