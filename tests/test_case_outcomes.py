"""A test keeps the outcome that it has, whatever it leaks; the environment overrides every setting."""

import asyncio
import os
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase, hygiene
from tests.case_runs import run, run_body


def start():
    asyncio.create_task(asyncio.sleep(3600), name="leaked")


class DecidedTests(unittest.TestCase):
    def assertToldOnly(self, body, kinds, **members):
        """Asserts one LeakWarning and the outcomes `kinds`; also under `-W error`."""
        finished = run_body(body, **members)
        self.assertEqual(finished.kinds, kinds)
        self.assertEqual(len(finished.leak_warnings), 1, finished.warned)
        self.assertIn("'leaked'", finished.leak_warnings[0])
        self.assertIn("Case.test", finished.leak_warnings[0])
        strictly = run_body(body, action="error", **members)
        self.assertEqual(strictly.kinds, kinds)
        self.assertEqual(len(strictly.leak_warnings), 1, strictly.warned)
        return finished

    def test_a_failed_test(self):
        """A test that fails and leaks fails once, with its own failure."""

        async def body(case):
            start()
            case.fail("its own")

        self.assertIn("its own", self.assertToldOnly(body, ["FAIL"]).text())

    def test_a_test_with_an_error(self):
        """A test that raises an error and leaks keeps its error."""

        async def body(_):
            start()
            raise ValueError("its own")

        self.assertIn("its own", self.assertToldOnly(body, ["ERROR"]).text())

    def test_a_skipped_test(self):
        """A test that skips itself after it has leaked stays skipped."""

        async def body(case):
            start()
            case.skipTest("not today")

        self.assertToldOnly(body, ["skip"])

    def test_an_expected_failure(self):
        """An expected failure that leaks stays one."""

        @unittest.expectedFailure
        async def body(case):
            start()
            case.fail("as expected")

        self.assertToldOnly(body, ["expected failure"])

    def test_a_leak_is_no_expected_failure(self):
        """A test that is expected to fail, and only leaks, fails for the leak."""

        @unittest.expectedFailure
        async def body(_):
            start()

        finished = run_body(body)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertIn("'leaked'", finished.text())

    def test_a_failed_subtest(self):
        """A failed subtest is the outcome of its test."""

        async def body(case):
            start()
            with case.subTest(number=1):
                case.fail("its own")

        finished = self.assertToldOnly(body, ["subtest failed"])
        self.assertEqual(finished.leak_warnings[0].count("'leaked'"), 1)

    def test_a_passed_subtest(self):
        """A passed subtest is not."""

        async def body(case):
            start()
            with case.subTest(number=1):
                pass

        self.assertEqual(run_body(body).kinds[-1], "FAIL")

    def test_failures_around_the_body(self):
        """A failure of any hook is the outcome of the test, like one of the body."""

        async def leaks(_):
            start()

        async def fails(case):
            case.fail("its own")

        async def leaks_and_fails(case):
            start()
            case.fail("its own")

        def fails_at_once(case):
            case.fail("its own")

        async def adds_a_failing_cleanup(case):
            start()
            case.addAsyncCleanup(fails, case)

        self.assertToldOnly(leaks, ["FAIL"], asyncSetUp=leaks_and_fails)
        self.assertToldOnly(leaks, ["FAIL"], asyncTearDown=fails)
        self.assertToldOnly(leaks, ["FAIL"], tearDown=fails_at_once)
        self.assertToldOnly(adds_a_failing_cleanup, ["FAIL"])

    def test_a_leak_of_a_failed_test_that_blocks_the_sweep(self):
        """A sweep that had to be interrupted adds nothing to a test that has failed."""

        async def blocks_when_cancelled():
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                while True:
                    pass

        async def body(case):
            asyncio.create_task(blocks_when_cancelled(), name="leaked")
            await asyncio.sleep(0)
            case.fail("its own")

        finished = run_body(body, deadline=0.2, grace_period=0.1)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertIn("its own", finished.text())
        self.assertTrue(any("the sweep after it" in text for text in finished.leak_warnings))

    def test_leaks_that_are_to_be_ignored(self):
        """With `on_leak = "ignore"` no leak is reported, whether the test failed or passed."""
        ended = []

        async def body(case):
            ended.append(asyncio.create_task(asyncio.sleep(3600)))

        async def failing(case):
            await body(case)
            case.fail("its own")

        for each, kinds in ((body, ["ok"]), (failing, ["FAIL"])):
            finished = run_body(each, on_leak="ignore")
            self.assertEqual((finished.kinds, finished.warned), (kinds, []))
        self.assertTrue(all(task.cancelled() for task in ended))

    def test_leaks_that_are_to_be_warned_of(self):
        """With `on_leak = "warn"` a leak is a warning that names the test, and an error under -W error."""

        async def body(_):
            start()

        finished = run_body(body, on_leak="warn")
        self.assertEqual(finished.kinds, ["ok"])
        (warning,) = finished.leak_warnings
        self.assertIn("Case.test left 1 thing behind", warning)
        self.assertEqual(run_body(body, on_leak="warn", action="error").kinds, ["ERROR"])


class EnvironmentTests(unittest.TestCase):
    def run_with(self, variables, *cases):
        with mock.patch.dict(os.environ, variables):
            return run(*cases)

    def test_it_overrides_class_and_decorator(self):
        """ASYNCTESTKIT_ON_LEAK holds for every test, whatever class and `@hygiene` say."""

        class Case(HygienicAsyncTestCase):
            on_leak = "fail"

            async def test(self):
                start()

            @hygiene(on_leak="fail")
            async def test_decorated(self):
                start()

        self.assertEqual(run(Case).kinds, ["FAIL", "FAIL"])
        finished = self.run_with({"ASYNCTESTKIT_ON_LEAK": "warn"}, Case)
        self.assertEqual((finished.kinds, len(finished.leak_warnings)), (["ok", "ok"], 2))

    def test_the_deadline(self):
        """ASYNCTESTKIT_DEADLINE limits every phase, and 0 removes the limit."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                await asyncio.sleep(0.3)  # waits: for longer than the deadline

        self.assertEqual(self.run_with({"ASYNCTESTKIT_DEADLINE": "0.1"}, Case).kinds, ["FAIL"])
        Case.deadline = 0.1
        self.assertEqual(self.run_with({"ASYNCTESTKIT_DEADLINE": "0"}, Case).kinds, ["ok"])

    def test_malformed_values(self):
        """A malformed value is the same clear error in every hygienic test, and the run goes on."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                raise AssertionError("never runs")

            def test_sync(self):
                raise AssertionError("never runs")

        class Plain(unittest.IsolatedAsyncioTestCase):
            async def test_plain(self):
                pass

        for variable, value in (
            ("ASYNCTESTKIT_ON_LEAK", "explode"),
            ("ASYNCTESTKIT_DEADLINE", "soon"),
            ("ASYNCTESTKIT_SETTLE_TIME", "-1"),
            ("ASYNCTESTKIT_GRACE_PERIOD", "nan"),
        ):
            with self.subTest(variable):
                finished = self.run_with({variable: value}, Case, Plain)
                self.assertEqual(finished.kinds, ["ERROR", "ERROR", "ok"])
                clear = f"ValueError: environment variable {variable} is {value!r}, expected "
                for _, _, text in finished.outcomes[:2]:
                    self.assertIn(clear, text)
                self.assertEqual((finished.warned, finished.logged, finished.stderr), ([], "", ""))
                self.assertEqual(run(NextTests).kinds, ["ok"])


class NextTests(HygienicAsyncTestCase):
    async def test_next(self):
        await asyncio.sleep(0)
