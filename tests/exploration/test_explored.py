"""How a test case runs its explored tests."""

import asyncio
import gc
import io
import unittest
from unittest import mock

from asynctestkit import HygieneMixin, HygienicAsyncTestCase, explore, replay
from tests.case_runs import run, run_body
from tests.exploration.programs import copy_of


async def body(self):
    self.lives.append(self)
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(2)))


class ExploredCaseTests(unittest.TestCase):
    def case(self, method, base=HygienicAsyncTestCase, **members):
        self.lives, self.hooks = [], []
        return type("Case", (base,), {"test": method, "lives": self.lives, **members})

    def test_each_life_is_whole(self):
        """Each run is a fresh instance with set-up, tear-down and cleanups, and all have one outcome."""
        hooks = []

        async def set_up(self):
            hooks.append("set up")
            self.addCleanup(hooks.append, "cleaned up")
            self.assertFalse(hasattr(self, "mine"))
            self.mine = True

        case = self.case(explore(max_runs=4)(copy_of(body)), asyncSetUp=set_up)
        self.assertEqual(run(case).kinds, ["ok"])
        self.assertEqual(len(set(map(id, self.lives))), 4)
        self.assertEqual(hooks, ["set up", "cleaned up"] * 4)

    def test_other_tests_are_run_as_ever(self):
        """A class without explored tests has unittest's `run`; in one with them, the others run once."""
        plain = type("Plain", (HygienicAsyncTestCase,), {"test": copy_of(body), "lives": []})
        self.assertIs(plain.run, unittest.IsolatedAsyncioTestCase.run)
        case = self.case(explore(max_runs=4)(copy_of(body)), test_other=copy_of(body))
        self.assertEqual(run(case("test_other")).kinds, ["ok"])
        self.assertEqual(len(self.lives), 1)

    def test_off(self):
        """The environment turns exploration off, and a wrong value is an error."""
        with mock.patch.dict("os.environ", ASYNCTESTKIT_EXPLORE="off"):
            self.assertEqual(run(self.case(explore(copy_of(body)))).kinds, ["ok"])
        self.assertEqual(len(self.lives), 1)
        with mock.patch.dict("os.environ", ASYNCTESTKIT_EXPLORE="maybe"):
            ran = run(self.case(explore(copy_of(body))))
        self.assertEqual(ran.kinds, ["ERROR"])
        self.assertIn("expected thorough or off", ran.text())

    def test_skips_and_expected_failures(self):
        """A skip decorator is one skip, and a failing schedule is an expected failure."""

        async def fails(self):
            order = []

            async def say(name):
                order.append(name)

            await asyncio.gather(say("a"), say("b"))
            self.assertEqual(order, ["a", "b"])

        self.assertEqual(run_body(unittest.skip("no")(explore(copy_of(body)))).kinds, ["skip"])
        self.assertEqual(run_body(unittest.expectedFailure(explore(fails))).kinds, ["expected failure"])
        case = self.case(unittest.expectedFailure(explore(copy_of(body))))
        self.assertEqual(run(case).kinds, ["unexpected success"])

    def test_tasks_that_do_not_exist(self):
        """A pattern that matches no task of the test is an error, once the test has run unchanged."""
        finished = run(self.case(explore(tasks="worker-*")(copy_of(body))))
        self.assertEqual(finished.kinds, ["ERROR"])
        self.assertIn(
            "ValueError: tasks is 'worker-*', and no task of the test has such a name", finished.text()
        )

    def test_inherited_tests(self):
        """A subclass explores inherited tests, also from a class outside of this library."""
        case = self.case(explore(max_runs=4)(copy_of(body)))
        run(type("Sub", (case,), {}))
        self.assertEqual(len(self.lives), 4)
        plain = self.case(explore(max_runs=4)(copy_of(body)), unittest.IsolatedAsyncioTestCase)
        run(type("Sub", (HygieneMixin, plain), {}))
        self.assertEqual(len(self.lives), 4)
        both = type("Both", (case,), {"test_more": explore(max_runs=3)(copy_of(body)), "lives": self.lives})
        self.lives.clear()
        run(both("test"))
        self.assertEqual(len(set(map(id, self.lives))), len(self.lives))

    def test_a_run_of_the_classs_own(self):
        """A `run` of the class's own is called for each schedule."""
        runs = []

        def run_one(self, result=None):
            runs.append(self)
            return super(case, self).run(result)

        case = self.case(explore(max_runs=4)(copy_of(body)), run=run_one)
        self.assertEqual(run(case).kinds, ["ok"])
        self.assertEqual(len(set(map(id, runs))), 4)

    def test_verbosely(self):
        """`-v` shows the line of statistics."""
        stream = io.StringIO()
        case = self.case(explore(max_runs=4)(copy_of(body)))
        unittest.TextTestRunner(stream, verbosity=2).run(case("test"))
        self.assertIn("explored 4 schedules, ", stream.getvalue())
        case = self.case(replay("")(copy_of(body)))
        unittest.TextTestRunner(stream, verbosity=2).run(case("test"))
        self.assertIn("explored 1 schedule, in ", stream.getvalue())

    def test_without_a_result(self):
        """`run()` without a result creates one, as unittest's does."""
        result = self.case(explore(max_runs=4)(copy_of(body)))("test").run()
        self.assertEqual((result.testsRun, result.wasSuccessful()), (1, True))

    def test_the_garbage_collector(self):
        """The garbage collector is off meanwhile, and is then restored."""
        seen = []

        async def look(self):
            seen.append(gc.isenabled())

        for enabled in (True, False):
            (gc.enable if enabled else gc.disable)()
            self.addCleanup(gc.enable)
            run_body(explore(copy_of(look)))
            self.assertEqual(gc.isenabled(), enabled)
        self.assertEqual(seen, [False] * 4)

    def test_a_sync_test(self):
        """It has one schedule."""
        self.assertEqual(run_body(explore(lambda self: None)).kinds, ["ok"])
        self.assertEqual(run_body(explore(tasks="a")(lambda self: None)).kinds, ["ok"])
