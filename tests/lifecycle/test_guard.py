"""The guard by itself: mark, phases, sweep, and the verdict on what was found."""

import asyncio
import dataclasses
import unittest
import warnings
from unittest import mock

from asynctestkit import Allowance, LeakError, LeakWarning, Settings, StaleAllowanceError
from asynctestkit.leaks import listeners
from asynctestkit.lifecycle.guard import Guard
from asynctestkit.loops.foreign_runner import ForeignRunner
from asynctestkit.loops.runner import Runner
from tests.case_runs import hard_cap

SOURCE = ("/project/test_feed.py", 7)


async def start(name):
    asyncio.create_task(asyncio.sleep(3600), name=name)


async def nothing():
    pass


class GuardCase(unittest.TestCase):
    def make(self, required=(), observes=False, **settings):
        """An open guard over a loop of its own; `self.runner` drives that loop."""
        self.runner = Runner(None, lambda loop: None)
        self.addCleanup(self.runner.close)
        guard = Guard(
            "Feed.test", SOURCE, Settings(**settings), dict(required), self.runner, observes=observes
        )
        guard.open(self.runner.get_loop())
        self.addCleanup(guard.close)
        return guard

    def leaky(self, *, phase="test", **options):
        """A guard that has swept one task."""
        guard = self.make(**options)
        with guard.phase(phase):
            self.runner.run(start("leaked"))
        guard.sweep(self.runner, self)
        return guard

    def clean(self, **options):
        guard = self.make(**options)
        with guard.phase("test"):
            self.runner.run(nothing())
        guard.sweep(self.runner, self)
        return guard

    def warnings_of(self, guard, *filters):
        """The warnings of its verdict."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for action in filters:
                warnings.simplefilter(action)
            guard.verdict()
        return caught


class VerdictTests(GuardCase):
    def test_a_clean_test(self):
        """A clean test raises nothing and warns of nothing."""
        guard = self.clean()
        self.assertEqual(guard.report(), "")
        self.assertEqual(self.warnings_of(guard), [])

    def test_a_leak_fails(self):
        """A leak is raised as LeakError, with the report as its message and the leaks as values."""
        guard = self.leaky()
        with self.assertRaises(LeakError) as caught:
            guard.verdict()
        self.assertEqual(str(caught.exception).partition("\n")[0], "left behind: task 'leaked'")
        self.assertEqual(str(caught.exception).partition("\n")[2], guard.report().partition("\n")[2])
        self.assertEqual([(leak.kind, leak.name) for leak in caught.exception.leaks], [("task", "leaked")])
        self.assertTrue(guard.report().startswith("Feed.test left 1 thing behind:"))

    def test_a_leak_of_a_decided_test(self):
        """For a test with an outcome, a leak is a LeakWarning at the test's own line."""
        guard = self.leaky()
        guard.has_outcome = True
        (warning,) = self.warnings_of(guard)
        self.assertIs(warning.category, LeakWarning)
        self.assertEqual((warning.filename, warning.lineno), SOURCE)
        self.assertEqual(str(warning.message), guard.report())

    def test_a_decided_test_where_warnings_are_errors(self):
        """Under `-W error` that warning is shown, and not raised."""
        guard = self.leaky()
        guard.has_outcome = True
        (warning,) = self.warnings_of(guard, "error")
        self.assertIs(warning.category, LeakWarning)

    def test_a_warning_that_is_an_error(self):
        """With `on_leak="warn"` it is raised under `-W error`, as the user has asked for both."""
        guard = self.leaky(on_leak="warn")
        with self.assertRaises(LeakWarning):
            self.warnings_of(guard, "error")

    def test_leaks_to_be_ignored(self):
        """With `on_leak="ignore"` nothing is reported, with an outcome or without."""
        guard = self.leaky(on_leak="ignore")
        self.assertEqual(self.warnings_of(guard), [])
        guard.has_outcome = True
        self.assertEqual(self.warnings_of(guard), [])

    def test_a_leak_that_is_only_observed(self):
        """A leak that is only observed goes to a listener; the test keeps its outcome, without a warning."""
        heard = []
        with mock.patch.object(
            listeners, "listeners", [lambda *warnings_of: heard.append(warnings_of) or warnings_of[1]]
        ):
            guard = self.leaky(observes=True)
            self.assertEqual(self.warnings_of(guard, "error"), [])
        ((subject, (leak,)),) = heard
        self.assertEqual((subject, leak.name), ("Feed.test", "leaked"))

    def test_a_leak_that_a_listener_takes_out(self):
        """A leak that a listener removes is not charged."""
        with mock.patch.object(listeners, "listeners", [lambda subject, leaks: ()]):
            self.assertEqual(self.warnings_of(self.leaky()), [])

    def test_an_ignored_leak_reaches_no_listener(self):
        """With ignored leaks no listener is called."""
        with mock.patch.object(listeners, "listeners", [lambda *warnings_of: self.fail("warnings_of")]):
            self.assertEqual(self.warnings_of(self.leaky(on_leak="ignore")), [])

    def test_an_allowed_leak(self):
        """An allowance, of the class or of the method, keeps a leak out of the report."""
        allowance = Allowance("task", name="leak*", reason="known")
        for options in ({"allowed_leaks": (allowance,)}, {"required": {allowance: True}}):
            guard = self.leaky(**options)
            self.assertEqual((guard.report(), self.warnings_of(guard)), ("", []))

    def test_a_stale_allowance(self):
        """A required allowance that matched nothing fails, with its reason and the remedy."""
        allowance = Allowance("task", name="gone", reason="ticket 7")
        guard = self.clean(required={allowance: True})
        with self.assertRaises(StaleAllowanceError) as caught:
            guard.verdict()
        for part in ("Feed.test", "allow_leaks('task', name='gone')", "ticket 7", "required=False"):
            self.assertIn(part, str(caught.exception))

    def test_an_allowance_that_need_not_match(self):
        """An allowance that is not required, or is on the class, is never stale."""
        allowance = Allowance("task", name="gone", reason="now and then")
        for options in ({"allowed_leaks": (allowance,)}, {"required": {allowance: False}}):
            self.assertEqual(self.warnings_of(self.clean(**options)), [])

    def test_a_stale_allowance_that_only_warns(self):
        """With `on_leak="warn"` a stale allowance is a warning; for a test with an outcome it is nothing."""
        guard = self.clean(required={Allowance("task", reason="-"): True}, on_leak="warn")
        self.assertEqual([each.category for each in self.warnings_of(guard)], [LeakWarning])
        guard.has_outcome = True
        self.assertEqual(self.warnings_of(guard), [])


class PhasesTests(GuardCase):
    def test_leaks_carry_their_phase(self):
        """A leak names the phase in which it was created."""
        for phase in ("setUp", "test", "tearDown", "cleanup"):
            with self.assertRaises(LeakError) as caught:
                self.leaky(phase=phase).verdict()
            self.assertEqual(caught.exception.leaks[0].phase, phase)

    def test_phases_on_a_foreign_loop(self):
        """On a loop that records no creation sites, a leak has the phase after which it was first seen."""
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        runner = ForeignRunner(loop)
        guard = Guard("Feed.test", SOURCE, Settings(), {}, runner)
        guard.open(loop)
        for phase in ("setUp", "test"):
            with guard.phase(phase):
                loop.run_until_complete(start(f"of {phase}"))
        guard.sweep(runner, self)
        with self.assertRaises(LeakError) as caught:
            guard.verdict()
        phases = {leak.name: leak.phase for leak in caught.exception.leaks}
        self.assertEqual(phases, {"of setUp": "setUp", "of test": "test"})

    def test_depth(self):
        """`depth` is the number of running phases; after an inner one the outer is current again."""
        guard = self.make()
        with guard.phase("test"):
            with guard.phase("cleanup"):
                self.assertEqual(guard.depth, 2)
            self.assertEqual(guard.depth, 1)
            self.runner.run(start("leaked"))
        self.assertEqual(guard.depth, 0)
        guard.sweep(self.runner, self)
        with self.assertRaises(LeakError) as caught:
            guard.verdict()
        self.assertEqual(caught.exception.leaks[0].phase, "test")

    def test_an_exception_decides(self):
        """An exception that leaves a phase is the test's outcome."""
        guard = self.make()
        with self.assertRaises(ValueError), guard.phase("test"):
            raise ValueError
        self.assertTrue(guard.has_outcome)

    def test_pending_tasks(self):
        """`pending_tasks` are those that the test has started, except the calling one."""
        guard = self.make()

        async def ask():
            await start("leaked")
            return guard.census.pending_tasks(), asyncio.current_task()

        with guard.phase("test"):
            tasks, caller = self.runner.run(ask())
        self.assertEqual([task.get_name() for task in tasks], ["leaked"])
        self.assertNotIn(caller, tasks)


class ClosingTests(GuardCase):
    def test_closing_twice(self):
        """`close` may be called twice, and before `open`."""
        guard = self.make()
        guard.close()
        guard.close()
        Guard("Feed.test", SOURCE, Settings(), {}, self.runner).close()

    def test_the_sweep_closes(self):
        """After the sweep nothing of the guard is left in the process: a later destruction is not charged."""
        guard = self.clean()
        before = dataclasses.astuple(guard.settings)
        self.runner.run(start("later"))
        self.assertEqual(guard.report(), "")
        self.assertEqual(dataclasses.astuple(guard.settings), before)

    def test_a_sweep_with_nothing_to_do_turns_no_loop(self):
        """If no task is pending and nothing is ready, the loop is not run."""
        guard = self.make()
        self.runner.run(nothing())  # on 3.10 the task that runs the phases begins with this

        class Unused(ForeignRunner):
            def run(self, coro, *, insist=False):
                raise AssertionError("not needed")

        with hard_cap():
            guard.sweep(Unused(self.runner.get_loop()), self)
        self.assertEqual(guard.report(), "")
