"""An audited run, from its arguments to its exit status."""

import asyncio
import contextlib
import functools
import io
import json
import os
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

from asynctestkit.adoption.run import WRONG_USE, main
from tests.case_runs import run_module

MODULE = "suite_under_audit"


class Suites:
    """The classes that are run under audit; unittest does not look for tests in here."""

    class Suite(unittest.IsolatedAsyncioTestCase):
        async def test_a_leak(self):
            asyncio.create_task(asyncio.sleep(3600), name="bg:feed")

        async def test_b_clean(self):
            pass

    class Failing(Suite):
        async def test_c_failure(self):
            self.fail("no")

    class Interrupted(Suite):
        async def test_b_clean(self):
            raise KeyboardInterrupt


class RunCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.baseline = str(self.folder / "b.json")
        for patch in (
            mock.patch.object(sys, "argv", list(sys.argv)),
            mock.patch.dict(os.environ, GITHUB_ACTIONS=""),
            mock.patch("unittest.main", functools.partial(unittest.main, testLoader=unittest.TestLoader())),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def audited(self, case, *arguments):
        """The exit status of a run of this class in this process; its output is kept."""
        unittest.main.keywords["testLoader"].testNamePatterns = None  # of a run before
        module = types.ModuleType(MODULE)
        module.Case = case
        printed = io.StringIO()
        with mock.patch.dict(sys.modules, {MODULE: module}), contextlib.redirect_stderr(printed):
            with contextlib.redirect_stdout(printed):
                try:
                    return main([*arguments, *([MODULE] if case is not None else [])])
                finally:
                    self.printed = printed.getvalue()


class StatusTests(RunCase):
    def test_a_leak_alone_is_no_failure(self):
        """A leak alone fails nothing: the status is unittest's, and the total comes last."""
        self.assertEqual(self.audited(Suites.Suite), 0)
        self.assertIn("\nOK\n", self.printed)
        self.assertEqual(self.printed.splitlines()[-1], "2 tests, 1 leaky (1 leak at 1 place)")
        self.assertEqual(sys.argv[1:], [MODULE])
        self.assertEqual(self.audited(Suites.Failing), 1)

    def test_leaks_that_count(self):
        """With leaks charged, their tests fail."""
        self.assertEqual(self.audited(Suites.Suite, "--on-leak=fail"), 1)
        self.assertIn("FAILED (failures=1)", self.printed)

    def test_wrong_use(self):
        """After wrong use nothing is run, and the message names the error."""
        self.assertEqual(self.audited(Suites.Suite, "--dedline=3"), WRONG_USE)
        self.assertEqual(
            self.printed,
            "python -m asynctestkit: error: unknown option --dedline; did you mean --deadline?\n",
        )
        self.assertEqual(self.audited(Suites.Suite, "--baseline=no.json"), WRONG_USE)
        self.assertIn("baseline no.json cannot be read", self.printed)

    def test_help(self):
        """`--help` runs nothing."""
        self.assertEqual(self.audited(Suites.Suite, "--help"), 0)
        self.assertIn("--write-baseline FILE", self.printed)
        self.assertNotIn("Ran", self.printed)

    def test_unittest_ends_by_itself(self):
        """For an option unknown to unittest, unittest itself ends the run with its message."""
        self.assertEqual(self.audited(Suites.Suite, "--frobnicate"), 2)
        self.assertIn("unrecognized arguments: --frobnicate", self.printed)

    def test_no_tests(self):
        """Without tests the status is that of this version's unittest."""
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as plain:
            unittest.main(module=None, argv=["unittest", "-k", "none", __name__])
        self.assertEqual(self.audited(Suites.Suite, "-k", "none"), int(plain.exception.code))

    def test_a_file_that_cannot_be_written(self):
        """A file that cannot be written is reported at the end, and the status shows it."""
        with mock.patch(
            "asynctestkit.adoption.whole_file.os.replace",
            side_effect=PermissionError(13, "Permission denied"),
        ):
            self.assertEqual(self.audited(Suites.Suite, "--json", str(self.folder / "a.json")), WRONG_USE)
        self.assertIn("a.json cannot be written: Permission denied", self.printed)


class RatchetTests(RunCase):
    def test_what_is_known_is_accepted(self):
        """With the written baseline the same suite passes, whether leaks are charged or not."""
        self.assertEqual(self.audited(Suites.Suite, "--write-baseline", self.baseline), 0)
        self.assertEqual(self.audited(Suites.Suite, "--baseline", self.baseline), 0)
        self.assertEqual(self.audited(Suites.Suite, "--baseline", self.baseline, "--on-leak=fail"), 0)
        self.assertIn("(1 leak at 1 place, 0 of them new)", self.printed)

    def test_what_is_new_fails_the_run(self):
        """A new leak fails the run, though no test fails, and is named."""
        self.audited(Suites.Suite, "--write-baseline", self.baseline, "-k", "clean")
        self.assertEqual(self.audited(Suites.Suite, "--baseline", self.baseline), 1)
        self.assertIn("\nOK\n", self.printed)
        self.assertIn("1. task 'bg:feed'", self.printed)

    def test_what_is_known_and_gone(self):
        """An entry without a match is reported, and fails a complete run if that is asked for."""
        self.audited(Suites.Suite, "--write-baseline", self.baseline)
        clean = ("--baseline", self.baseline, "-k", "clean")
        self.assertEqual(self.audited(Suites.Suite, *clean), 0)
        self.assertIn("no longer matches anything: task 'bg:feed'", self.printed)
        self.assertEqual(self.audited(Suites.Suite, *clean, "--strict-baseline"), 1)
        stopped = ("--baseline", self.baseline, "--strict-baseline", "-f", "-k", "failure")
        self.assertEqual(self.audited(Suites.Failing, *stopped), 1)
        self.assertNotIn("no longer matches anything", self.printed)

    def test_a_file_that_is_no_baseline(self):
        """A file that is no baseline is neither read nor overwritten."""
        Path(self.baseline).write_text("my notes")
        self.assertEqual(self.audited(Suites.Suite, "--write-baseline", self.baseline), WRONG_USE)
        self.assertEqual(Path(self.baseline).read_text(), "my notes")


class StoppedTests(RunCase):
    def test_an_interruption(self):
        """After an interrupt what was run is reported and written, and the interrupt is raised again."""
        page = self.folder / "a.json"
        with self.assertRaises(KeyboardInterrupt):
            self.audited(Suites.Interrupted, "--json", str(page), "--write-baseline", self.baseline)
        values = json.loads(page.read_text())
        self.assertEqual((values["complete"], values["tests"], values["leaks"]), (False, 2, 1))
        self.assertIn("bg:feed", Path(self.baseline).read_text())

    def test_a_module_that_ends_the_process(self):
        """A module that ends the process ends it with its own message."""
        with mock.patch("unittest.main", side_effect=SystemExit("needs a server")):
            with self.assertRaises(SystemExit) as caught:
                self.audited(Suites.Suite)
        self.assertEqual(str(caught.exception), "needs a server")
        self.assertIn("0 tests, none leaky", self.printed)

    def test_a_child_of_a_test(self):
        """A child process that a test has forked reports nothing."""
        with mock.patch("asynctestkit.adoption.run.os.getpid", side_effect=[1, 2]):
            with self.assertRaises(KeyboardInterrupt):
                self.audited(Suites.Interrupted)
        self.assertNotIn("leaky", self.printed)


class FilesOfARunTests(RunCase):
    def test_every_test_is_in_the_file_for_ci_servers(self):
        """The JUnit file has every test with its outcome."""
        page = self.folder / "a.xml"
        self.audited(Suites.Failing, "--junit", str(page), "--html", str(self.folder / "a.html"))
        self.assertIn('name="unittest"', page.read_text())
        self.assertIn("AssertionError: no", page.read_text())
        self.assertIn("bg:feed", (self.folder / "a.html").read_text())

    def test_a_class_that_cannot_be_guarded(self):
        """A class that cannot be guarded is named before the run."""
        with mock.patch("asynctestkit.adoption.auditing.guard_all", return_value=(["a.Case"], lambda: None)):
            self.assertEqual(self.audited(Suites.Suite), 0)
        self.assertIn("a.Case cannot be guarded", self.printed)


class ProcessTests(unittest.TestCase):
    SOURCE = """
        import asyncio, unittest
        from unittest.async_case import IsolatedAsyncioTestCase as Case

        class Base(Case):
            @classmethod
            def setUpClass(cls):
                cls.resource = cls.__name__

        class LeakyTests(Base):
            async def test_a(self):
                self.assertEqual(LeakyTests.resource, "LeakyTests")
                asyncio.create_task(asyncio.sleep(3600), name="bg:feed")
            async def test_b(self):
                with self.subTest(n=1):
                    self.fail("no")
            async def test_c(self):
                self.skipTest("why")

        def load_tests(loader, tests, pattern):
            return unittest.TestSuite([LeakyTests("test_c"), LeakyTests("test_a"), LeakyTests("test_b")])
    """

    def test_unittests_own_output_comes_first_and_is_the_same(self):
        """The output begins as that of `python -m unittest`: names, order, tracebacks, status."""
        plain = run_module(self.SOURCE, "-v", "test_it")
        audit = run_module(self.SOURCE, "-v", "test_it", module="asynctestkit")
        self.assertEqual((plain.returncode, audit.returncode, audit.stdout), (1, 1, plain.stdout))
        expected, found = (
            [line for line in text.splitlines() if not line.startswith(("Ran ", "  File "))]
            for text in (plain.stderr, audit.stderr)
        )
        self.assertEqual(found[: len(expected)], expected)
        self.assertEqual(found[-1], "3 tests, 1 leaky (1 leak at 1 place)")
