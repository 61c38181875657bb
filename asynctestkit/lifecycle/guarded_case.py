"""A test case with a guard: its settings, and when the guard begins, covers a phase, sweeps and ends."""

from __future__ import annotations

import contextlib
import inspect
import unittest
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..cpython import loop_internals, step_internals
from ..cpython.definitions import is_defined, mro_of
from ..cpython.originals import asyncio
from ..isolation import SeededRandom, seed_of
from ..leaks.allowances import Allowance
from ..leaks.detector import LeakDetector
from ..loops.foreign_runner import ForeignRunner
from ..loops.loop import HygienicEventLoop
from ..loops.runner import Runner
from ..loops.virtual.virtual_loop import VirtualEventLoop
from ..settings import NAMES, ClockName, OnLeak, Settings, check, reject_misspelt, settings_of
from .decorators import allowances_of, function_of, overrides_of
from .guard import Guard
from .hooks import Hooks, plain
from .later_code import has_later_code
from .place import require_place

__all__ = ["SET_UP", "TEAR_DOWN", "GuardedCase", "GuardedTest"]

__unittest = True

_NO_PHASE = contextlib.nullcontext()


class GuardedTest(unittest.IsolatedAsyncioTestCase if TYPE_CHECKING else object):  # type: ignore[misc]  # a mixin
    """The methods that the hooks call. Its public names are unittest's, so it hides none of a suite's."""

    _hygieneGuard: Guard | None = None
    _hygieneRandom: SeededRandom | None = None
    _hygieneObserves = False
    """Whether the test runs as it would without a guard, and only listeners get what is found."""
    _hygieneIsFollowed = False
    """Whether a class behind this one in the order of inheritance has code that runs after the sweep."""
    _asyncioTestLoop: Any
    _asyncioTestContext: Any

    @contextlib.contextmanager
    def subTest(self, *message: Any, **params: Any) -> Iterator[None]:
        """As unittest's; a failure in it shows the seed like a failure of the test."""
        with super().subTest(*message, **params):
            try:
                yield
            except BaseException as failure:
                if self._hygieneGuard is not None:
                    self._hygieneGuard.census.failures |= {id(failure)}
                self._hygieneShowSeed(failure)
                raise

    def _hygieneMakeLoop(self) -> asyncio.AbstractEventLoop:
        """The loop for a test that does not bring its own."""
        is_virtual = self._hygieneChosenClock() == "virtual"
        return VirtualEventLoop() if is_virtual else HygienicEventLoop()

    def _hygieneBegin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sets the mark, as soon as there is a loop; once for each test."""
        if self._hygieneGuard is not None:
            return
        self._asyncioTestLoop = loop  # the name on 3.10, which suites look for
        method = getattr(self, self._testMethodName)
        settings = self._hygieneChosen()
        if settings.asyncio_debug is not None:
            loop.set_debug(settings.asyncio_debug)
        runner = self._asyncioRunner if isinstance(self._asyncioRunner, Runner) else ForeignRunner(loop)
        allowances = allowances_of(method)
        guard = Guard(
            step_internals.id_of_test(self),
            _source(method),
            settings,
            allowances,
            runner,
            observes=self._hygieneObserves,
        )
        guard.open(loop)
        self._hygienePrepare(guard)
        self._hygieneGuard = guard
        self._cleanups.insert(0, (self._hygieneSweep, (), {}))

    def _hygienePrepare(self, guard: Guard) -> None:
        """Seeds `random` if `random_seed` is set."""
        if guard.settings.random_seed is not None:
            self._hygieneSeed(guard, guard.settings.random_seed)

    def _hygieneSeed(self, guard: Guard, seed: int) -> None:
        self._hygieneRandom = SeededRandom(seed, self)
        guard.on_failure = self._hygieneRandom.add_seed_to

    def _hygieneShowSeed(self, failure: BaseException) -> None:
        """Has a failure show the seed, if `random` was seeded and used."""
        if self._hygieneRandom is not None:
            self._hygieneRandom.add_seed_to(failure)

    def _hygienePhase(self, name: str) -> contextlib.AbstractContextManager[None]:
        """The phase; a null context if there is no guard."""
        return _NO_PHASE if self._hygieneGuard is None else self._hygieneGuard.phase(name)

    def _hygieneCallHooks(self, hooks: Hooks, inherited: Any) -> None:
        """Calls the hooks by `inherited`, unless neither they nor the loop would do anything."""
        guard = self._hygieneGuard
        if guard is None or hooks.are_overridden_in(self) or not guard.code.is_idle():  # type: ignore[attr-defined]  # the code of a test is its runner
            with self._hygienePhase(hooks.phase):
                inherited()
        elif getattr(inherited, "__func__", None) is not hooks.caller:
            inherited()

    def _callAsync(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        overridden = getattr(func, "__func__", func) not in (plain.asyncSetUp, plain.asyncTearDown)
        if overridden or self._hygieneGuard is None or not self._hygieneGuard.code.is_idle():  # type: ignore[attr-defined]  # the code of a test is its runner
            return super()._callAsync(func, *args, **kwargs)
        return None  # neither the hook nor a turn of the loop would do anything

    def _hygieneCall(self, method: Callable[[], Any]) -> Any:
        """Calls the test method as `_callMaybeAsync` does, without its questions if the answer is clear."""
        runner = self._asyncioRunner
        if isinstance(runner, Runner) and step_internals.is_run_as_coroutine(self, method):
            return runner.run(method(), context=self._asyncioTestContext)
        return self._callMaybeAsync(method)

    def _hygieneSweep(self) -> None:
        guard = self._hygieneGuard
        # Not within the loop, by a suite that calls its cleanups there: what is running would be left behind.
        if guard is not None and loop_internals.running_loop() is not guard.loop:
            try:
                guard.sweep(guard.code, self, self._hygieneClosesLoop())  # type: ignore[arg-type]  # the code of a test is its runner
                guard.verdict()
            except AssertionError as failure:
                self._hygieneShowSeed(failure)
                raise
            finally:
                self._hygieneEnd()  # here, as a suite with a shared loop may never close its runner

    if TYPE_CHECKING:

        def _hygieneClosesLoop(self) -> bool:
            """Whether the sweep may close the loop: no code that runs later overrides how it is closed."""

        def _hygieneChosen(self) -> Settings:
            """The settings of this test."""

        def _hygieneChosenClock(self) -> ClockName:
            """The clock among the settings, which is needed before there is a loop."""

    def _hygieneEnd(self) -> None:
        """Removes everything of the guard from the process, however the test ended."""
        guard, self._hygieneGuard = self._hygieneGuard, None
        if guard is not None:
            guard.close()
            if self._hygieneRandom is not None:
                self._hygieneRandom.restore()
                del self._hygieneRandom
            if self._cleanups:  # after a failed `debug()`; a cycle would keep the loop open
                with contextlib.suppress(ValueError):
                    self._cleanups.remove((self._hygieneSweep, (), {}))


SET_UP = Hooks("setUp", "asyncSetUp", "_callSetUp", GuardedTest._callAsync)
TEAR_DOWN = Hooks("tearDown", "asyncTearDown", "_callTearDown", GuardedTest._callAsync)


class GuardedCase(GuardedTest):
    """A test whose class has settings as public attributes, which Settings documents."""

    on_leak: OnLeak = Settings.on_leak
    leak_detectors: tuple[type[LeakDetector], ...] = Settings.leak_detectors
    allowed_leaks: tuple[Allowance, ...] = Settings.allowed_leaks
    settle_time: float = Settings.settle_time
    grace_period: float = Settings.grace_period
    deadline: float | None = Settings.deadline
    blocking_threshold: float | None = Settings.blocking_threshold
    asyncio_debug: bool | None = Settings.asyncio_debug
    require_task_names: bool = Settings.require_task_names
    random_seed: int | None = Settings.random_seed
    patch_time: bool = Settings.patch_time
    clock: Any = Settings.clock  # while a test runs, its Clock

    _hygieneObserves = False  # also where a plain base class below is observed

    seed: int
    """What `random` is seeded with before the set-up: `random_seed`, or derived from the test's name."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        require_place(cls, GuardedCase)
        cls._hygieneIsFollowed = has_later_code(cls)
        check({name: value for name, value in vars(cls).items() if name in NAMES})
        for name, value in vars(cls).items():
            if name not in NAMES and not is_defined(name, mro_of(cls)[1:]):
                reject_misspelt(name, value)

    def _hygieneChosen(self) -> Settings:
        return settings_of(self, overrides_of(getattr(self, self._testMethodName)))

    def _hygieneChosenClock(self) -> ClockName:
        chosen: ClockName = overrides_of(getattr(self, self._testMethodName)).get("clock", self.clock)
        return chosen

    def _hygienePrepare(self, guard: Guard) -> None:
        seed = guard.settings.random_seed
        if seed is None:
            seed = seed_of(type(self), self._testMethodName)
        self._hygieneSeed(guard, seed)
        self.clock = guard.clock
        with contextlib.suppress(Exception):  # of a descriptor of the suite's
            if not hasattr(type(self), "seed"):  # a suite may have had a `seed()` of its own
                self.seed = seed

    def _hygieneEnd(self) -> None:
        if self._hygieneGuard is not None:
            self.__dict__.pop("clock", None)  # uncovers the class's setting, for another run
        super()._hygieneEnd()


def _source(method: Callable[..., Any]) -> tuple[str, int]:
    """The file and first line of a test method, for warnings."""
    function = function_of(method)
    if hasattr(function, "__wrapped__"):
        function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code is not None else (__file__, 1)
