"""The mixin's place among the bases of a class."""

import unittest
from unittest import mock

from asynctestkit import HygieneMixin, HygienicAsyncTestCase
from tests.case_runs import run


class Plain(unittest.IsolatedAsyncioTestCase):
    async def test(self): ...


class PlaceTests(unittest.TestCase):
    def test_behind_what_it_should_guard(self):
        """Behind IsolatedAsyncioTestCase it would guard nothing: an error when the class is created."""
        for behind in ((unittest.IsolatedAsyncioTestCase, HygieneMixin), (Plain, HygieneMixin)):
            with self.subTest(behind), self.assertRaises(TypeError) as caught:
                type("Case", behind, {})
            self.assertEqual(
                str(caught.exception),
                "HygieneMixin has no effect behind IsolatedAsyncioTestCase; "
                "expected class Case(HygieneMixin, …)",
            )

    def test_in_the_place_of_what_it_should_guard(self):
        """A suite may be tried, without a change to its files, by putting our class under that name."""
        with mock.patch.object(unittest, "IsolatedAsyncioTestCase", HygienicAsyncTestCase):
            direct = type("Case", (unittest.IsolatedAsyncioTestCase,), {"test": Plain.test})
            derived = type("Case", (direct, Plain), {})
            self.assertEqual([run(each).kinds for each in (direct, derived)], [["ok"], ["ok"]])

    def test_before_a_plain_test_case(self):
        """A TestCase without a loop cannot be guarded: an error when a class with tests is created."""
        text = "Case is no IsolatedAsyncioTestCase, which HygieneMixin guards"
        with self.assertRaisesRegex(TypeError, text):
            type("Case", (HygieneMixin, unittest.TestCase), {"test": Plain.test})

    def test_a_base_that_is_completed_later(self):
        """A base without tests may get its IsolatedAsyncioTestCase in a subclass."""
        base = type("Base", (HygieneMixin, unittest.TestCase), {"answer": 42})
        mixin = type("Mixin", (HygieneMixin,), {"test": Plain.test})
        for bases in ((base, Plain), (mixin, Plain), (mixin, unittest.IsolatedAsyncioTestCase)):
            self.assertEqual(run(type("Case", bases, {})).kinds, ["ok"])


if __name__ == "__main__":
    unittest.main()
