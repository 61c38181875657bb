"""`explore` and `replay` as decorators, and the environment."""

import re
import unittest
from unittest import mock

from asynctestkit import explore, replay
from asynctestkit.exploration.deviations import Hold
from asynctestkit.exploration.plan import Plan, is_planned, plan_of


def environment(**variables):
    return mock.patch.dict("os.environ", variables)


def method(): ...


class ExploreTests(unittest.TestCase):
    def test_with_and_without_brackets(self):
        """With and without brackets the decorator marks the method and returns it."""

        def one(): ...
        def other(): ...

        self.assertIs(explore(one), one)
        self.assertIs(explore(holds=1, cancellations=True)(other), other)
        self.assertEqual(plan_of(one), Plan())
        self.assertEqual(plan_of(other), Plan(holds=1, cancellations=True))
        self.assertEqual((plan_of(other).most, plan_of(one).most), (2, 2))
        self.assertEqual(plan_of(explore(faults=True)(lambda: None)), Plan(faults=True))
        self.assertEqual((Plan(faults=True).most, Plan(cancellations=True, faults=True).most), (3, 3))
        self.assertTrue(is_planned(one))

    def test_a_method_without_it_has_no_plan(self):
        """An undecorated method has no plan, and is run as usual."""
        self.assertIsNone(plan_of(method))
        self.assertFalse(is_planned(method))

    def test_wrong_values_are_refused(self):
        """Wrong values are rejected at once, and named."""
        for error, options in (
            (ValueError, {"holds": -1}),
            (TypeError, {"holds": 1.5}),
            (TypeError, {"holds": True}),
            (ValueError, {"max_runs": 0}),
            (ValueError, {"seconds": -1}),
            (ValueError, {"seconds": float("nan")}),
            (TypeError, {"seconds": "ten"}),
            (TypeError, {"cancellations": 1}),
            (TypeError, {"faults": "yes"}),
            (TypeError, {"tasks": ["a"]}),
        ):
            ((name, value),) = options.items()
            with self.subTest(options), self.assertRaisesRegex(error, f"^{name} is {re.escape(repr(value))}"):
                explore(**options)

    def test_a_class_is_no_test_method(self):
        """Decorating a class, or an object that is not callable, is an error."""
        for wrong in (ExploreTests, 7):
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, "test methods"):
                explore()(wrong)


class ReplayTests(unittest.TestCase):
    def test_a_schedule(self):
        """A schedule is parsed when the decorator runs."""
        self.assertEqual(plan_of(replay("hold:a@2")(lambda: None)).schedule, (Hold("a", 2),))
        with self.assertRaisesRegex(ValueError, "none of hold:"):
            replay("a@2")


class EnvironmentTests(unittest.TestCase):
    def test_off_and_thorough(self):
        """`off` runs a test once, `thorough` for longer; neither affects a replay."""
        one, other = explore(holds=1)(lambda: None), replay("hold:a@2")(lambda: None)
        with environment(ASYNCTESTKIT_EXPLORE="off"):
            self.assertIsNone(plan_of(one))
            self.assertIsNotNone(plan_of(other))
        with environment(ASYNCTESTKIT_EXPLORE="thorough"):
            self.assertEqual(plan_of(one), Plan(holds=1, max_runs=100_000, seconds=600.0))
            self.assertEqual(plan_of(other).max_runs, 2000)
        with environment(ASYNCTESTKIT_EXPLORE="on"), self.assertRaisesRegex(ValueError, "thorough or off"):
            plan_of(one)

    def test_a_schedule(self):
        """The variable sets the schedule of every explored test, and an error names the variable."""
        one = explore(lambda: None)
        with environment(ASYNCTESTKIT_SCHEDULE="hold:a@2"):
            self.assertEqual(plan_of(one).schedule, (Hold("a", 2),))
            self.assertIsNone(plan_of(method))
        with environment(ASYNCTESTKIT_SCHEDULE="a@2"), self.assertRaisesRegex(ValueError, "_SCHEDULE: 'a@2'"):
            plan_of(one)
