"""A runner that shows source gets the test's line of a failure, and none of our frames."""

import asyncio
import os
import traceback
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase, LeakError, no_leaks
from asynctestkit.lifecycle.raising import fail

HERE = __file__


class Cases:
    """Hidden from test loaders."""

    class Tests(HygienicAsyncTestCase):
        deadline = 0.1

        async def test_leak(self):
            self.task = asyncio.create_task(asyncio.sleep(3600))

        async def test_leak_elsewhere(self):
            self.task = await make()

        async def test_overrun(self):
            await asyncio.Event().wait()
            await asyncio.sleep(3600)  # waits: for the deadline, not to come here

        async def test_cause(self):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ValueError("on the way out") from None

        async def test_block(self):
            async with no_leaks(settle_time=0):
                self.task = asyncio.create_task(asyncio.sleep(3600))


async def make():
    return asyncio.create_task(asyncio.sleep(3600))


class FailTests(unittest.TestCase):
    def failed(self, name, under_pytest=True):
        """The exception that the test fails with, and the frames that pytest shows: unittest's left out."""
        caught = []

        class Result(unittest.TestResult):
            def addFailure(self, test, err):
                entries = traceback.walk_tb(err[2])
                frames = [(f.f_globals.get("__unittest"), f.f_code, line) for f, line in entries]
                caught.append((err[1], [(code, line) for own, code, line in frames if not own]))

        with mock.patch.dict(os.environ, {"PYTEST_CURRENT_TEST": name} if under_pytest else {}):
            if not under_pytest:
                os.environ.pop("PYTEST_CURRENT_TEST", None)
            Cases.Tests(name).run(Result())
        ((error, frames),) = caught
        return error, frames

    def test_the_line_of_the_test(self):
        """One frame remains: of the test's function, at the line that created the leak, or at its first."""
        for name, offset in (("test_leak", 1), ("test_leak_elsewhere", 1), ("test_overrun", 0)):
            with self.subTest(name):
                _, ((code, line),) = self.failed(name)
                function = getattr(Cases.Tests, name).__code__
                self.assertEqual(
                    (code.co_filename, code.co_name, code.co_firstlineno, line),
                    (HERE, name, function.co_firstlineno, function.co_firstlineno + offset),
                )

    @mock.patch.dict(os.environ)
    def test_a_failure_is_in_no_cycle(self):
        """A failure is in no reference cycle, so that it is destroyed with its last reference."""
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        guard = mock.Mock(source=(HERE, 1), subject="x.test")
        for cause in (None, ValueError()):
            try:
                fail(guard, LeakError("left behind: nothing", ()), cause)
            except LeakError as failure:
                (variables,) = (
                    frame.f_locals
                    for frame, _ in traceback.walk_tb(failure.__traceback__)
                    if frame.f_code is fail.__code__
                )
            self.assertEqual(variables, {"guard": guard})

    def test_a_cause(self):
        """The cause is that of the failure; without a cause none is shown."""
        error, _ = self.failed("test_cause")
        self.assertIsInstance(error.__cause__, ValueError)
        error, _ = self.failed("test_overrun")
        self.assertEqual((error.__cause__, error.__suppress_context__), (None, True))

    def test_elsewhere(self):
        """Without pytest no frame is constructed, and a block has the user's own frame."""
        self.assertEqual(self.failed("test_leak", under_pytest=False)[1], [])
        _, frames = self.failed("test_block")
        self.assertIn("test_block", [code.co_name for code, _ in frames])
        self.assertEqual({code.co_filename for code, _ in frames} & {HERE}, {HERE})
