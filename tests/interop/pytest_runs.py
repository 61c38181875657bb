"""Suites under a real pytest, with pytest-asyncio, pytest-xdist, anyio and aiohttp: the plug-in's reports.

Run by `make interop`; `tests/test_pytest_plugin.py` does without them.
"""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from tests.case_runs import ROOT, environment

CLASSES = """
    import asyncio
    import unittest

    import aiohttp.test_utils
    import aiohttp.web


    class Feed:
        async def connect(self):
            self.task = asyncio.create_task(asyncio.sleep(3600), name="bg:feed")


    class FeedTests(unittest.IsolatedAsyncioTestCase):
        async def test_leaks(self):
            await Feed().connect()

        async def test_leaks_again(self):
            await Feed().connect()

        async def test_clean(self):
            pass


    class ServerTests(aiohttp.test_utils.AioHTTPTestCase):
        async def get_application(self):
            return aiohttp.web.Application()

        async def test_answers(self):
            answer = await self.client.get("/")
            self.assertEqual(answer.status, 404)
            await Feed().connect()
"""
FUNCTIONS = """
    import asyncio

    import pytest
    import pytest_asyncio

    from test_classes import Feed


    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def shared():
        feed = Feed()
        await feed.connect()
        yield feed
        feed.task.cancel()


    @pytest.mark.asyncio(loop_scope="module")
    async def test_of_a_shared_fixture(no_leaks, shared):
        assert not shared.task.done()


    @pytest.mark.asyncio
    @pytest.mark.parametrize("number", [1, 2.5])
    async def test_with_parameters(no_leaks, number):
        if number == 2.5:
            await Feed().connect()


    @pytest.mark.asyncio
    async def test_unguarded():
        await Feed().connect()


    @pytest.mark.anyio
    @pytest.mark.usefixtures("no_leaks")
    async def test_of_anyio(anyio_backend):
        await Feed().connect()


    @pytest.fixture
    def anyio_backend():
        return "asyncio"


    def test_sync(no_leaks):
        pass
"""


class PytestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.write("test_classes.py", CLASSES)

    def write(self, name, source):
        (self.folder / name).write_text(textwrap.dedent(source), "utf-8")

    def pytest(self, *options, mode="strict"):
        """The exit status; the output is kept."""
        arguments = (
            "-q",
            "-p",
            "asynctestkit.pytest_plugin",
            "-p",
            "no:cacheprovider",
            "-o",
            f"asyncio_mode={mode}",
        )
        settings = ("-o", "asyncio_default_fixture_loop_scope=function")
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments, *settings, *options],
            cwd=self.folder, env=environment(COLUMNS="120"), timeout=120, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.printed = ended.stdout
        return ended.returncode

    def assertPrinted(self, *lines):
        for line in lines:
            self.assertIn(line, self.printed)


class ClassesTests(PytestCase):
    def test_a_report(self):
        """No test fails; aiohttp's test case is covered as well, and the table is in the summary."""
        self.assertEqual(self.pytest("--hygiene=report"), 0, self.printed)
        self.assertPrinted(
            "= left behind =",
            "task  test_classes.py:11 in connect      3      3  test_classes.FeedTests.test_leaks",
            "4 tests, 3 leaky (3 leaks at 1 place)",
            "4 passed",
        )

    def test_leaks_that_count(self):
        """With leaks charged, the test's line is shown, and no line of this package."""
        self.assertEqual(self.pytest("--hygiene=fail", "-k", "test_leaks_again"), 1, self.printed)
        self.assertPrinted(
            ">       await Feed().connect()",
            "LeakError: left behind: task 'bg:feed'",
            "test_classes.py:19: LeakError",
        )
        self.assertNotIn(f"asynctestkit{os.sep}", self.printed)

    def test_several_processes(self):
        """Several processes have one table."""
        self.assertEqual(self.pytest("--hygiene=report", "-n", "2"), 0, self.printed)
        self.assertPrinted("4 tests, 3 leaky (3 leaks at 1 place)")
        self.assertEqual(self.printed.count("left behind"), 1)

    def test_a_baseline(self):
        """Known leaks are accepted, also in several processes; new ones fail the run."""
        self.assertEqual(self.pytest("--hygiene=report", "--hygiene-write-baseline=b.json"), 0, self.printed)
        self.assertEqual(
            self.pytest("--hygiene=fail", "--hygiene-baseline=b.json", "-n", "2"), 0, self.printed
        )
        self.assertPrinted("0 of them new")
        self.write("test_classes.py", CLASSES.replace("bg:feed", "bg:other"))
        self.assertEqual(self.pytest("--hygiene=report", "--hygiene-baseline=b.json"), 1, self.printed)
        self.assertPrinted("1. task 'bg:other'", "no longer matches anything: task 'bg:feed'", "4 passed")

    def test_wrong_use(self):
        """Wrong use ends pytest with a message."""
        self.assertEqual(self.pytest("--hygiene=report", "--hygiene-baseline=no.json"), 4)
        self.assertPrinted("ERROR: baseline no.json cannot be read: No such file or directory")


class FunctionsTests(PytestCase):
    def setUp(self):
        super().setUp()
        self.write("test_functions.py", FUNCTIONS)

    def test_functions_that_use_the_fixture(self):
        """Functions that use the fixture fail for their leaks; fixtures of wider scope are no leaks."""
        for mode in ("strict", "auto"):
            with self.subTest(mode):
                self.assertEqual(self.pytest("test_functions.py", mode=mode), 1, self.printed)
                self.assertPrinted(
                    "LeakError: left behind: task 'bg:feed'",
                    "FAILED test_functions.py::test_with_parameters[2.5] - asynctestkit.exceptions.LeakError",
                    "FAILED test_functions.py::test_of_anyio",
                    "no_leaks guards async test functions, which test_sync is not",
                    "2 failed, 3 passed, 1 error",
                )
                self.assertNotIn(f"asynctestkit{os.sep}", self.printed)

    def test_a_report(self):
        """The leaks of functions and classes are in one table."""
        arguments = ("--hygiene=report", "-n", "2", "--deselect", "test_functions.py::test_sync")
        self.assertEqual(self.pytest(*arguments, mode="auto"), 0, self.printed)
        self.assertPrinted("9 tests, 5 leaky (5 leaks at 1 place)", "9 passed")


class BesidePluginsTests(PytestCase):
    def test_time_limits_and_sockets(self):
        """pytest-timeout's limit, by signal or thread, and pytest-socket's ban change no verdict."""
        for options in (
            ("--timeout=60",),
            ("--timeout=60", "--timeout-method=thread"),
            ("--disable-socket", "--allow-unix-socket", "--deselect", "test_classes.py::ServerTests"),
        ):
            with self.subTest(options):
                self.assertEqual(self.pytest("--hygiene=fail", *options), 1, self.printed)
                self.assertPrinted("LeakError: left behind: task 'bg:feed'", "1 passed")

    def test_a_limit_that_is_reached(self):
        """pytest-timeout ends the test at its limit, and the next one is guarded."""
        self.write(
            "test_hangs.py",
            """
            import asyncio
            import unittest


            class Tests(unittest.IsolatedAsyncioTestCase):
                async def test_a_hang(self):
                    await asyncio.sleep(3600)

                async def test_b_leak(self):
                    self.task = asyncio.create_task(asyncio.sleep(3600), name="bg:next")
            """,
        )
        self.assertEqual(self.pytest("--hygiene=fail", "--timeout=1", "test_hangs.py"), 1, self.printed)
        self.assertPrinted("Timeout (>1.0s) from pytest-timeout", "LeakError: left behind: task 'bg:next'")
        self.assertPrinted("2 failed")


class OwnSuiteTests(unittest.TestCase):
    def test_the_librarys_own_tests(self):
        """The library's own tests pass under pytest as under unittest, with its plug-in loaded."""
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "asynctestkit.pytest_plugin",
             "-p", "no:cacheprovider", "tests", "--ignore=tests/interop"],
            cwd=ROOT, env=environment(), timeout=1800, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.assertEqual(ended.returncode, 0, ended.stdout[-6000:])
        self.assertRegex(ended.stdout, r"[1-9]\d{3,} passed")


if __name__ == "__main__":
    unittest.main()
