"""The contract of every detector, which the test class of each inherits."""

import asyncio
import gc
import inspect
import os
import sys
import unittest
import weakref
from unittest import mock

from asynctestkit import (
    STRICT_DETECTORS,
    Allowance,
    HygienicAsyncTestCase,
    Leak,
    LeakDetector,
    LeakError,
    allow_leaks,
)
from tests.running import Outcome, Overheard, overhearing, run_case

__all__ = ["DetectorContract", "Inner", "plain_task", "run_body"]


class Inner(HygienicAsyncTestCase):
    """A test that leaves nothing, with all detectors; other tests here derive from it."""

    leak_detectors = STRICT_DETECTORS
    deadline = 100.0
    asyncio_debug = False  # under -X dev it logs every callback that is slow

    async def test(self):
        pass


def run_body(body, base=Inner, **members) -> Outcome:
    """Runs a test case with this one test, a function of the case, and these settings and hooks."""
    return run_case(type("Inner", (base,), {"test": body, **members}))


def plain_task(loop, coro, **options):
    """The simplest task factory that a user can write."""
    return asyncio.Task(coro, loop=loop, **options)


class _OwnTask(asyncio.Task):
    pass


def _own_task(loop, coro, **options):
    return _OwnTask(coro, loop=loop, **options)


def _python_task(loop, coro, **options):
    """The implementation in Python, which is used where there is no other, and by debuggers."""
    return asyncio.tasks._PyTask(coro, loop=loop, **options)


FACTORIES = [plain_task, _own_task, _python_task]
if sys.version_info >= (3, 12):
    FACTORIES.append(asyncio.eager_task_factory)


def _reference(thing):
    """A weak reference; a strong one to objects that do not support it."""
    try:
        return weakref.ref(thing)
    except TypeError:
        return lambda: thing


class LeakingThings:
    """How an object is leaked, how it is used correctly, and how a report describes it."""

    detector: type[LeakDetector]
    points_by = "created_at"
    """The field of a Leak whose last place is the line of `make` that is marked `# leaks`."""

    has_companions = False
    """Whether another object is destroyed with it, later, and is announced."""

    needs_a_holder = False
    """Whether it is a leak only as long as something holds it."""

    async def make(self) -> object:
        """Creates an object that is a leak from now on, and that nothing here keeps alive."""
        raise NotImplementedError

    async def use(self) -> None:
        """Uses such objects as a clean test does."""
        raise NotImplementedError

    def assertReleased(self, thing) -> None:
        """Asserts that a reported object can do no more harm."""

    def assertUntouched(self, thing) -> None:
        """Asserts that an object that may outlive its test still works; then ends it."""

    # -- ways to leak

    def make_now(self) -> object:
        """`make` for sync hooks, where the loop does not run."""
        return asyncio.get_event_loop().run_until_complete(self.make())

    def setUp(self):
        super().setUp()
        self.kept = []
        self.addCleanup(lambda: self.kept and self.let_go())

    def let_go(self):
        """Drops what was kept, and ends what may outlive its test."""
        self.drop()

    def drop(self) -> Overheard:
        """Drops what was kept, and returns what Python reported on that.

        To collect takes longer than the test, and what nothing else refers to is dead already.
        """
        heard = Overheard()
        with overhearing(heard):
            references = [_reference(each) for each in self.kept]
            self.kept.clear()
            if self.has_companions or any(reference() is not None for reference in references):
                gc.collect()
        return heard

    def leaking(self, base=Inner, **members):
        """A test case whose body leaks one object, and keeps it."""

        async def test(case):
            self.kept.append(await self.make())

        return type("Inner", (base,), {"test": test, **members})

    # -- what is expected

    def marked_line(self) -> tuple[str, int]:
        lines, first = inspect.getsourcelines(self.make)
        (number,) = (number for number, line in enumerate(lines, first) if "# leaks" in line)
        return self.make.__code__.co_filename, number

    def assertOneLeak(self, outcome: Outcome, phase: str = "test") -> Leak:
        """Asserts that the test failed with one complete leak, and with nothing else."""
        self.assertEqual([type(each) for each in outcome.failures], [LeakError], outcome)
        self.assertEqual(outcome.errors, [])
        self.assertEqual(outcome.leak_warnings, [])
        (leak,) = outcome.leaks
        self.assertEqual((leak.kind, leak.phase), (self.detector.kind, phase))
        self.assertEqual(getattr(leak, self.points_by)[-1][:2], self.marked_line())
        self.assertTrue(leak.name and leak.description and leak.remedy)
        return leak

    def assertDroppedLeak(self, outcome: Outcome) -> None:
        """Asserts that a dropped object is one leak, or none, depending on the kind."""
        if self.needs_a_holder:
            self.assertClean(outcome)
        else:
            self.assertOneLeak(outcome)

    def assertClean(self, outcome: Outcome) -> None:
        self.assertEqual(outcome.complaints, [], outcome.report)


class FindingContract(LeakingThings):
    """Clean, leak, allowed, released; and what happens afterwards."""

    def test_a_clean_test_is_left_alone(self):
        """Objects used correctly are no leak, in whatever phase."""

        async def use(case):
            await self.use()

        async def use_everywhere(case):
            case.addAsyncCleanup(self.use)
            await self.use()

        self.assertClean(run_body(use_everywhere, asyncSetUp=use, asyncTearDown=use))

    def test_a_kept_thing_is_one_leak(self):
        """An object that is still referenced when the test has ended is found."""
        self.assertOneLeak(run_case(self.leaking()))

    def test_a_dropped_thing_is_one_leak(self):
        """An object that was destroyed during the test is charged to it, by its announcement."""

        async def test(case):
            await self.make()

        self.assertDroppedLeak(run_body(test))

    def test_a_thing_in_a_cycle_is_one_leak(self):
        """An object that only the garbage collector can reach is found."""

        async def test(case):
            cycle = [await self.make()]
            cycle.append(cycle)

        self.assertDroppedLeak(run_body(test))

    def test_a_cycle_collected_within_the_test_is_one_leak(self):
        """A collection in the middle of the test does not hide the leak."""

        async def test(case):
            cycle = [await self.make()]
            cycle.append(cycle)
            del cycle
            gc.collect()

        self.assertDroppedLeak(run_body(test))

    def test_as_many_leaks_as_things(self):
        """Each of several objects is a leak of its own, however it is kept."""

        async def test(case):
            self.kept += [await self.make(), await self.make()]
            third = await self.make()
            if self.needs_a_holder:
                self.kept.append(third)

        self.assertEqual([leak.kind for leak in run_body(test).leaks], [self.detector.kind] * 3)

    def test_an_allowed_thing_is_no_leak(self):
        """An allowance on the class, or on the test, makes the test pass silently."""
        allowance = Allowance(self.detector.kind, reason="this is what is tested")
        self.assertClean(run_case(self.leaking(allowed_leaks=(allowance,))))
        case = self.leaking()
        case.test = allow_leaks(self.detector.kind, reason="this is what is tested")(case.test)
        self.assertClean(run_case(case))

    def test_an_allowance_for_another_name_does_not_apply(self):
        """A pattern that does not match the leak's name leaves it a leak; one that does, allows it."""
        leak = self.assertOneLeak(run_case(self.leaking()))
        for name in ("another", f"{leak.name}?"):
            allowance = Allowance(self.detector.kind, name=name, reason="of another")
            self.assertOneLeak(run_case(self.leaking(allowed_leaks=(allowance,))))

    def test_a_reported_thing_is_released(self):
        """A reported leak does no harm afterwards, and dropping it causes no further report.

        A leak of the process's that is only reported is not touched.
        """
        for on_leak in ("fail", "warn", "ignore"):
            with self.subTest(on_leak):
                run_case(self.leaking(on_leak=on_leak))
                if on_leak != "fail" and self.detector.may_outlive_tests:
                    self.assertUntouched(self.kept[0])
                    self.let_go()  # it dies as it does in a plain test
                    continue
                self.assertReleased(self.kept[0])
                self.assertEqual(self.drop(), Overheard())

    def test_a_warning_names_the_test(self):
        """`on_leak = "warn"` passes the test and warns once, with the report."""
        outcome = run_case(self.leaking(on_leak="warn"))
        (warning,) = outcome.leak_warnings
        self.assertTrue(warning.startswith(f"{__name__}.Inner.test left 1 thing behind:\n"), warning)
        self.assertIn(f"1. {self.detector.kind} ", warning)
        self.assertEqual([*outcome.failures, *outcome.errors], [])

    def test_ignored_leaks_are_not_mentioned(self):
        """`on_leak = "ignore"` reports nothing at all."""
        self.assertClean(run_case(self.leaking(on_leak="ignore")))

    def test_the_report_shows_the_line(self):
        """What unittest prints names the kind and shows the user's line, and no frame of the machinery."""
        with mock.patch.dict(os.environ):
            os.environ.pop("PYTEST_CURRENT_TEST", None)  # there, the line of the test is shown
            outcome = run_case(self.leaking())
        self.assertIn(f"1. {self.detector.kind} ", outcome.report)
        self.assertIn(f":{self.marked_line()[1]} in ", outcome.report)
        self.assertNotIn("Traceback (most recent call last):\n  File", outcome.report)


class DetectorContract(FindingContract):
    """The whole contract, mixed into a TestCase: also for each phase, loop and later test."""

    def test_the_phase_is_the_one_of_the_creation(self):
        """Each hook, sync or async, has its leaks charged to its phase, kept or dropped."""

        async def makes(case):
            self.drop_or_keep(await self.make())

        def makes_now(case):
            self.drop_or_keep(self.make_now())

        def test(case):
            add = case.addCleanup if cleanup is makes_now else case.addAsyncCleanup
            add(cleanup, case)

        for keeps in (True,) if self.needs_a_holder else (True, False):
            self.drop_or_keep = self.kept.append if keeps else lambda thing: None
            for hook, function, phase in (
                ("setUp", makes_now, "setUp"),
                ("asyncSetUp", makes, "setUp"),
                ("test", makes_now, "test"),
                ("asyncTearDown", makes, "tearDown"),
                ("tearDown", makes_now, "tearDown"),
            ):
                with self.subTest(hook=hook, keeps=keeps):
                    outcome = run_case(type("Inner", (Inner,), {hook: function}))
                    self.assertOneLeak(outcome, phase)
            for cleanup in (makes, makes_now):
                with self.subTest(cleanup=cleanup.__name__, keeps=keeps):
                    self.assertOneLeak(run_body(test), "cleanup")

    def test_a_users_task_factory_changes_nothing(self):
        """The leak and its place are found under any task factory, including an eager one."""
        for factory in FACTORIES:

            async def set_factory(case, factory=factory):
                asyncio.get_running_loop().set_task_factory(factory)

            with self.subTest(factory.__name__):
                self.assertOneLeak(run_case(self.leaking(asyncSetUp=set_factory)))

    def test_a_users_loop_changes_no_verdict(self):
        """On a loop of the user's own the leak is found and charged as well, in debug mode or not."""
        for debug in (False, True):
            with self.subTest(debug=debug):
                members = {"loop_factory": staticmethod(asyncio.SelectorEventLoop), "asyncio_debug": debug}
                leaks = run_case(self.leaking(**members)).leaks
                self.assertEqual([(leak.kind, leak.phase) for leak in leaks], [(self.detector.kind, "test")])

    def test_debug_mode_changes_nothing(self):
        """asyncio's debug mode, on or off, changes neither the verdict nor the place."""
        for debug in (False, True):
            with self.subTest(debug=debug):
                self.assertOneLeak(run_case(self.leaking(asyncio_debug=debug)))

    def test_without_the_collector(self):
        """With the garbage collector disabled a test has the same leaks, and leaves it disabled."""
        gc.disable()
        try:
            self.assertOneLeak(run_case(self.leaking()))
            self.assertFalse(gc.isenabled())
        finally:
            gc.enable()

    def test_the_next_test_is_never_blamed(self):
        """A leak of one test that the next one drops, collects or keeps is not charged to the next."""

        async def drops(case):
            self.kept.clear()
            gc.collect()

        allowance = Allowance(self.detector.kind, reason="this is what is tested")
        for members in (
            {"on_leak": "fail"},
            {"on_leak": "warn"},
            {"on_leak": "ignore"},
            {"allowed_leaks": (allowance,)},
        ):
            for body in (drops, Inner.test):
                with self.subTest(members=members, body=body.__name__):
                    run_case(self.leaking(**members))
                    self.assertClean(run_body(body))
                    self.let_go()

    def test_garbage_of_an_earlier_test_is_not_charged(self):
        """A cycle left by an unguarded test is collected during a later test without being charged."""

        async def leaves_a_cycle(case):
            cycle = [await self.make()]
            cycle.append(cycle)

        async def collects(case):
            gc.collect()

        plain = type("Plain", (unittest.IsolatedAsyncioTestCase,), {"test": leaves_a_cycle})
        gc.disable()
        try:
            with overhearing(Overheard()):
                plain("test").run(unittest.TestResult())
                outcome = run_body(collects)
                gc.collect()
        finally:
            gc.enable()
        self.assertEqual(outcome.failures, [])
