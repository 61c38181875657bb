"""The mixin's findings are added to an outcome that a test already has, however it is run."""

import contextlib
import unittest
import warnings

from asynctestkit import HygienicAsyncTestCase, MockBuilders
from asynctestkit.cpython.versions import HAS_RUNNER
from tests.running import run_case


class Plain(MockBuilders, unittest.IsolatedAsyncioTestCase):
    pass


BASES = (Plain, HygienicAsyncTestCase)


class BesideTests(unittest.TestCase):
    """A finding never replaces the test's own outcome."""

    def run_test(self, base, test, **members):
        return run_case(type("Case", (base,), {"test": test, **members}))

    def leave(self, case):
        case.makeSession({"GET u": [case.makeResponse()]})

    def test_a_failed_test_keeps_its_failure(self):
        """A failure, error, failed subtest or failed tear-down stays the one entry, with a warning."""

        async def fails(case):
            self.leave(case)
            case.fail("own")

        async def raises(case):
            self.leave(case)
            raise ValueError("own")

        async def sub(case):
            self.leave(case)
            with case.subTest():
                case.fail("own")

        async def passes(case):
            self.leave(case)

        def tearDown(case):
            case.fail("own")

        for base in BASES:
            for body, members in ((fails, {}), (raises, {}), (sub, {}), (passes, {"tearDown": tearDown})):
                with self.subTest(base.__name__, body=body.__name__):
                    outcome = self.run_test(base, body, **members)
                    (error,) = [*outcome.failures, *outcome.errors]
                    self.assertEqual(str(error), "own")
                    (warning,) = outcome.leak_warnings
                    self.assertIn("Case.test: left over on mocks:\n", warning)  # nothing else names it
                    self.assertIn("1 of 1 scripted answer never used", warning)

    def test_skips_and_expected_failures_stay(self):
        """A test that skips itself, or fails as expected, does not become a failure."""

        async def skips(case):
            self.leave(case)
            case.skipTest("own")

        @unittest.expectedFailure
        async def expected(case):
            self.leave(case)
            case.fail("own")

        for base in BASES:
            self.assertEqual(self.run_test(base, skips).skipped, ["own"])
            outcome = self.run_test(base, expected)
            self.assertEqual((len(outcome.expected_failures), outcome.failures), (1, []))

    def test_a_passing_test_that_was_expected_to_fail(self):
        """A finding at the end is not the failure that a test was expected to have."""

        @unittest.expectedFailure
        async def test(case):
            self.leave(case)

        for base in BASES:
            outcome = self.run_test(base, test)
            self.assertEqual(len(outcome.failures), 1)

    def test_a_warning_that_is_an_error_stays_beside(self):
        """Under `-W error` the warning is shown, and not raised."""

        async def test(case):
            warnings.simplefilter("error")
            self.leave(case)
            case.fail("own")

        for base in BASES:
            with warnings.catch_warnings():
                outcome = self.run_test(base, test)
            self.assertEqual([str(error) for error in [*outcome.failures, *outcome.errors]], ["own"])

    def test_debug_raises_it(self):
        """`debug()`, which has no result, raises the finding; a failing body raises its own exception."""

        async def passes(case):
            self.leave(case)
            self.leave(case)

        async def fails(case):
            self.leave(case)
            raise ValueError("own")

        for base in BASES:
            case = type("Case", (base,), {"test": passes})("test")
            with self.assertRaisesRegex(AssertionError, "left over on mocks"):
                case.debug()
            if not HAS_RUNNER and case._asyncioTestLoop is not None:  # before 3.11
                case._tearDownAsyncioLoop()
        # Before 3.11 a plain case that fails in `debug()` hangs when it dies.
        case = type("Case", (HygienicAsyncTestCase,), {"test": fails})("test")
        with self.assertRaisesRegex(ValueError, "own"):
            case.debug()
        case._tearDownAsyncioRunner()

    def test_cleanups_in_the_middle_of_a_test(self):
        """A test that calls doCleanups itself is checked at its end; an override changes nothing."""
        for base in BASES:
            for leaves in (True, False):

                class Case(base):
                    expected = leaves

                    def doCleanups(self):
                        return super().doCleanups()

                    def test(self):
                        cm = self.makeAsyncContext()
                        finish(cm.__aenter__())
                        self.doCleanups()
                        if self.expected:
                            finish(cm.__aexit__(None, None, None))

                with self.subTest(base.__name__, leaves=leaves):
                    outcome = run_case(Case)
                    self.assertEqual(len(outcome.failures), not leaves, outcome.report)

    def test_an_instance_that_runs_twice(self):
        """Each run of an instance is checked separately."""

        async def test(case):
            self.leave(case)

        case = type("Case", (HygienicAsyncTestCase,), {"test": test})("test")
        for _ in range(2):
            result = unittest.TestResult()
            case.run(result)
            self.assertEqual(len(result.failures), 1)


def finish(coroutine):
    """Runs a coroutine that never waits, without a loop."""
    with contextlib.suppress(StopIteration):
        coroutine.send(None)
