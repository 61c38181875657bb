"""What unittest prints about a failure: the user's lines, and no frame of this package."""

import asyncio
import os
import re
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase, LeakDetector, no_leaks
from tests.case_runs import PACKAGE_FOLDER, lines_of, run

PLAIN = unittest.IsolatedAsyncioTestCase


def raises_in(where, error):
    """A class that raises in one hook, two calls deep."""

    def inner():
        raise error("its own")  # raised

    def step(name):
        if name == where:
            inner()  # called

    async def async_step(name):
        await asyncio.sleep(0)
        step(name)

    def define(base):
        class Case(base):
            def setUp(self):
                self.addCleanup(step, "cleanup")
                step("setUp")

            async def asyncSetUp(self):
                self.addAsyncCleanup(async_step, "async cleanup")
                await async_step("asyncSetUp")

            async def test(self):
                await async_step("test")

            def test_sync(self):
                step("test_sync")

            async def asyncTearDown(self):
                await async_step("asyncTearDown")

            def tearDown(self):
                step("tearDown")

        return Case("test_sync" if where == "test_sync" else "test")

    return define


HOOKS = ("setUp", "asyncSetUp", "test", "test_sync", "asyncTearDown", "tearDown", "async cleanup", "cleanup")


def own_lines(text):
    """File and line of each frame of this file in a printed traceback."""
    return re.findall(rf'File "{re.escape(__file__)}", line (\d+)', text)


class TracebackTests(unittest.TestCase):
    maxDiff = None

    def printed(self, case):
        (text,) = (text for kind, _, text in run(case).outcomes if kind in ("FAIL", "ERROR"))
        return text

    def test_the_users_lines_and_no_others(self):
        """Failures and errors of every hook show the frames of the user's that the base class shows."""
        for error in (AssertionError, ValueError, asyncio.CancelledError):
            for where in HOOKS:
                with self.subTest(where, error=error):
                    define = raises_in(where, error)
                    text = self.printed(define(HygienicAsyncTestCase))
                    self.assertNotIn(PACKAGE_FOLDER, text)
                    self.assertEqual(own_lines(text), own_lines(self.printed(define(PLAIN))))
                    called, raised = (lines_of(raises_in, mark)[0] for mark in ("# called", "# raised"))
                    self.assertEqual(own_lines(text)[-2:], [str(called), str(raised)])

    def test_no_machinery_above_the_users_first_line(self):
        """The frames of asyncio and unittest that run the loop are left out: the user's line is the first."""
        for where in HOOKS:
            with self.subTest(where):
                text = self.printed(raises_in(where, ValueError)(HygienicAsyncTestCase))
                first_file = re.search(r'File "([^"]+)"', text)[1]
                self.assertEqual(first_file, __file__)

    def test_chained_exceptions(self):
        """Neither a cause nor a context shows a frame of this package."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                try:
                    await self.fails()
                except ZeroDivisionError as error:
                    raise ValueError("chained") from error

            async def test_context(self):
                try:
                    await self.fails()
                except ZeroDivisionError:
                    self.assertEqual(1, 2)

            async def fails(self):
                await asyncio.sleep(0)
                1 / 0

        for method in ("test", "test_context"):
            text = self.printed(Case(method))
            self.assertNotIn(PACKAGE_FOLDER, text)
            self.assertIn("1 / 0", text)

    def test_the_line_of_an_assertion_is_the_last(self):
        """A failed assertion ends on the user's line: unittest's own frames are removed as usual."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                await asyncio.sleep(0)
                self.assertEqual(1, 2)

        frames = re.findall(r'File "([^"]+)", line \d+, in (\w+)', self.printed(Case("test")))
        self.assertEqual(frames, [(__file__, "test")])

    def test_reports_of_our_own(self):
        """LeakError and DeadlineError print no frames: the places are in the report."""

        class Case(HygienicAsyncTestCase):
            deadline = 0.1

            async def test_leak(self):
                asyncio.create_task(asyncio.sleep(3600))

            async def test_deadline(self):
                await asyncio.sleep(3600)

        for method, error in (("test_leak", "LeakError"), ("test_deadline", "DeadlineError")):
            with mock.patch.dict(os.environ):
                os.environ.pop("PYTEST_CURRENT_TEST", None)  # there, the line of the test is shown
                text = self.printed(Case(method))
            self.assertNotIn(PACKAGE_FOLDER, text)
            self.assertNotIn('File "', text)
            self.assertTrue(text.startswith(f"asynctestkit.exceptions.{error}: "), text)
            self.assertIn(os.path.basename(__file__), text)

    def test_a_guarded_block_within_a_test(self):
        """What `no_leaks` raises shows the line of the block, and no inner frames."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                async with no_leaks():
                    asyncio.create_task(asyncio.sleep(3600))

        text = self.printed(Case("test"))
        self.assertIn("LeakError: the block at", text)
        self.assertNotIn(PACKAGE_FOLDER, text)
        self.assertEqual(len(own_lines(text)), 1)

    def test_errors_before_the_test(self):
        """Settings that do not go together, and a detector that cannot be made, show no inner frames."""

        class Fails(LeakDetector):
            kind, types = "pool", (Exception,)

            def __init__(self):
                raise ValueError("its own")  # raised

            def examine(self, obj): ...

        class Case(HygienicAsyncTestCase):
            async def test(self): ...

        for settings, error, frames in (
            ({"patch_time": True}, "ValueError: patch_time = True needs virtual time", 0),
            (
                {"clock": "virtual", "loop_factory": asyncio.SelectorEventLoop},
                'RuntimeError: clock = "virtual" needs the loop of asynctestkit',
                0,
            ),
            ({"leak_detectors": (Fails,)}, "ValueError: its own", 1),
        ):
            with self.subTest(error):
                text = self.printed(type("Case", (Case,), settings)("test"))
                self.assertIn(error, text)
                self.assertNotIn(PACKAGE_FOLDER, text)
                self.assertEqual(len(own_lines(text)), frames)

    def test_failures_of_helpers(self):
        """A helper that raises into a test shows the line that called it, and no inner frames."""

        class Case(HygienicAsyncTestCase):
            def test_outside_of_a_loop(self):
                self.startBackground(asyncio.sleep(0))  # called outside

            async def test_background(self):
                async def fails():
                    raise ValueError("in the background")

                self.startBackground(fails())

        text = self.printed(Case("test_outside_of_a_loop"))
        called, *_ = lines_of(type(self).test_failures_of_helpers, "# called outside")
        self.assertEqual(own_lines(text), [str(called)])
        self.assertNotIn(PACKAGE_FOLDER, text)
        self.assertIn("RuntimeError: startBackground needs a running loop", text)
        text = self.printed(Case("test_background"))
        self.assertNotIn(PACKAGE_FOLDER, text)
        self.assertIn('raise ValueError("in the background")', text)
