"""The existing classes of a suite are made hygienic."""

import asyncio
import random
import unittest
from unittest import mock

from asynctestkit import (
    Allowance,
    HygieneMixin,
    HygienicAsyncTestCase,
    MockBuilders,
    Settings,
    allow_leaks,
    hygiene,
)
from asynctestkit.adoption.guarding import guard_all
from asynctestkit.cpython import changes
from asynctestkit.leaks import listeners
from tests.case_runs import run

OBSERVED = Settings(on_leak="warn", deadline=None)


async def leak():
    asyncio.create_task(asyncio.sleep(3600), name="leaked")


class GuardingCase(unittest.TestCase):
    def setUp(self):
        self.heard = []
        patch = mock.patch.object(listeners, "listeners", [self.record])
        patch.start()
        self.addCleanup(patch.stop)

    def record(self, subject, leaks):
        self.heard += [(subject.rpartition(".")[2], each.kind, each.name) for each in leaks]
        return leaks

    def guarded(self, *cases, settings=OBSERVED, observes=True, action="error"):
        """Runs these classes guarded."""
        refused, take_back = guard_all(settings, observes=observes)
        try:
            self.assertEqual(refused, [])
            return run(*cases, action=action)
        finally:
            take_back()


class ObservingTests(GuardingCase):
    def test_outcomes_are_what_they_were(self):
        """A leak is recorded; no test fails for it, and no warning is issued."""

        class Suite(unittest.IsolatedAsyncioTestCase):
            async def test_fails(self):
                await leak()
                self.fail("no")

            async def test_leaks(self):
                await leak()

            async def test_skips(self):
                self.skipTest("why")

            def test_sync(self):
                pass

        plain, guarded = run(Suite), self.guarded(Suite)
        self.assertEqual([each[:2] for each in guarded.outcomes], [each[:2] for each in plain.outcomes])
        self.assertEqual((guarded.warned, guarded.stderr), ([], ""))
        self.assertEqual(self.heard, [("test_fails", "task", "leaked"), ("test_leaks", "task", "leaked")])

    def test_attributes_of_the_suite_are_no_settings(self):
        """No attribute of the class, of a mixin behind it or of the instance is taken for a setting."""

        class Times:
            deadline = "tomorrow"
            seed = 3

        class Suite(unittest.IsolatedAsyncioTestCase, Times):
            clock = None

            def settle(self):
                return "debts"

            def setUp(self):
                self.grace_period = "long"

            async def test(self):
                self.assertEqual(
                    (self.deadline, self.seed, self.clock, self.settle()), ("tomorrow", 3, None, "debts")
                )
                self.clock = self.on_leak = "set"

            async def asyncTearDown(self):
                self.assertEqual((self.clock, self.on_leak, self.grace_period), ("set", "set", "long"))
                self.assertFalse(hasattr(self, "leak_detectors") or hasattr(self, "startBackground"))

        self.assertEqual(self.guarded(Suite).kinds, ["ok"])

    def test_random_numbers_stay_the_suites_own(self):
        """Random numbers are seeded only if that is asked for."""
        drawn = []

        class Suite(unittest.IsolatedAsyncioTestCase):
            def setUp(self):
                drawn.append(random.random())

            async def test(self):
                with self.subTest("fails"):
                    self.fail("no")

        before = random.getstate()
        self.addCleanup(random.setstate, before)
        random.seed(5)
        expected = random.Random(5).random()
        self.assertNotIn("random was used", self.guarded(Suite).text())
        self.assertIn(
            "seeded with 7", self.guarded(Suite, settings=Settings(deadline=None, random_seed=7)).text()
        )
        self.assertEqual(drawn, [expected, random.Random(7).random()])

    def test_everything_of_a_class_is_what_it_was(self):
        """Names, ids, class fixtures, `super()` and existing instances stay as they were."""

        class Base(unittest.IsolatedAsyncioTestCase):
            @classmethod
            def setUpClass(cls):
                cls.resource = cls.__qualname__

            async def asyncSetUp(self):
                await super().asyncSetUp()
                self.is_set_up = True

        class Suite(Base):
            async def test(self):
                await leak()
                self.assertIs(type(self), Suite)
                self.assertEqual((Suite.resource, self.is_set_up), (Suite.__qualname__, True))

        bases, changed = (Base.__bases__, Suite.__bases__), changes.changes()
        made = Suite("test")
        name = made.id()
        self.assertEqual(self.guarded(Suite, made).kinds, ["ok", "ok"])
        self.assertEqual((made.id(), len(self.heard)), (name, 2))
        self.assertEqual(((Base.__bases__, Suite.__bases__), changes.changes()), (bases, changed))

    def test_bases_in_a_diamond(self):
        """Classes whose bases can be changed in one order only get them back in the reverse order."""

        class First(unittest.IsolatedAsyncioTestCase):
            async def test(self):
                pass

        class Second(First, unittest.IsolatedAsyncioTestCase):
            pass

        class Third(unittest.IsolatedAsyncioTestCase):
            pass

        class Diamond(Second, Third):
            pass

        classes = First, Second, Third, Diamond
        before = [each.__mro__ for each in classes]
        self.assertEqual(self.guarded(*classes).kinds, ["ok"] * 3)
        self.assertEqual([each.__mro__ for each in classes], before)

    def test_mocks_are_verified_at_the_end(self):
        """A call that was never awaited fails a test that verifies its mocks, as without the guard."""

        class Suite(MockBuilders, unittest.IsolatedAsyncioTestCase):
            async def test_dropped(self):
                self.makeSession().get("http://h/")

            async def test_kept(self):
                self.kept = self.makeAsyncContext().__aenter__()

        outcome = self.guarded(Suite)
        self.assertEqual((outcome.kinds, outcome.warned), (["FAIL", "FAIL"], []))
        self.assertIn("called, never awaited: context.__aenter__()", outcome.text("test_kept"))

    def test_what_each_method_says_counts(self):
        """`@allow_leaks` and `@hygiene` work on methods of plain classes."""

        class Suite(unittest.IsolatedAsyncioTestCase):
            @allow_leaks("task", reason="known")
            async def test_allowed(self):
                await leak()

            @hygiene(clock="virtual")
            async def test_an_hour(self):
                await asyncio.sleep(3600)

        self.assertEqual(self.guarded(Suite).kinds, ["ok", "ok"])
        self.assertEqual(self.heard, [])

    def test_what_is_hygienic_already(self):
        """A hygienic class keeps its settings and fails by itself; its leaks are recorded as well."""

        class Framework(unittest.IsolatedAsyncioTestCase):
            pass

        class Own(HygienicAsyncTestCase):
            async def test(self):
                await leak()

        class Mixed(HygieneMixin, Framework):
            on_leak = "ignore"

            async def test(self):
                self.assertFalse(self._hygieneObserves)
                await leak()

        self.assertEqual(self.guarded(Own, Mixed).kinds, ["FAIL", "ok"])
        self.assertEqual(self.heard, [("test", "task", "leaked")])

    def test_other_test_cases(self):
        """A class with another base that drives a loop by itself is left alone."""

        class Suite(unittest.TestCase):
            def test(self):
                asyncio.run(leak())

        self.assertEqual((self.guarded(Suite).kinds, self.heard), (["ok"], []))

    def test_a_limit_that_is_given(self):
        """A limit that is given holds, though leaks are only recorded."""

        class Suite(unittest.IsolatedAsyncioTestCase):
            async def test(self):
                await asyncio.Event().wait()

        self.assertEqual(self.guarded(Suite, settings=Settings(deadline=0.05)).kinds, ["FAIL"])
        virtual = Settings(deadline=None, clock="virtual")
        self.assertIn("DeadlockError", self.guarded(Suite, settings=virtual).text())


class ChargingTests(GuardingCase):
    def test_a_leak_fails_its_test(self):
        """With charged leaks a test fails as if its class were hygienic."""

        class Suite(unittest.IsolatedAsyncioTestCase):
            async def test(self):
                await leak()

        run_of_it = self.guarded(Suite, settings=Settings(), observes=False)
        self.assertEqual(run_of_it.kinds, ["FAIL"])
        self.assertIn("LeakError: left behind: task 'leaked'", run_of_it.text())
        allowed = Settings(allowed_leaks=(Allowance("task", name="leak*", reason="known"),))
        self.assertEqual(self.guarded(Suite, settings=allowed, observes=False).kinds, ["ok"])
