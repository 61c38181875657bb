"""Law 5, for the examples: each runs as a user would run it, and the output of a failure lies beside it."""

import re
import subprocess
import sys
import unittest

from examples.__main__ import READING_ORDER, modules
from tests.repository.test_readme import environment, normalised
from tests.repository.tree import ROOT

EXAMPLES = ROOT / "examples"


def run(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples", *names], cwd=ROOT, env=environment(), encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


class ExamplesTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ended = run("all")
        cls.clean, *parts = re.split(r"(?m)^And what goes wrong: (.+)\n", cls.ended.stdout)
        cls.failures = dict(zip(parts[::2], parts[1::2], strict=True))

    def test_they_pass(self):
        """Every example without a stored failure passes, and there are some."""
        names = modules(EXAMPLES)
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            self.assertIn(f" ({name}.", self.clean)
        self.assertRegex(self.clean, r"Ran [1-9]\d* tests in .+\n\nOK")

    def test_each_prints_the_failure_beside_it(self):
        """The output of a failing example is exactly that of the file beside it."""
        names = modules(EXAMPLES / "failures")
        self.assertGreaterEqual(len(names), 4)
        self.assertEqual([*self.failures], names)
        for name in names:
            with self.subTest(name):
                expected = (ROOT / name.replace(".", "/")).with_suffix(".txt").read_text(encoding="utf-8")
                shown, _, _ = self.failures[name].partition("The clean run passed")
                self.assertEqual(normalised(shown, str(ROOT)), normalised(expected, str(ROOT)))

    def test_the_demo_says_that_all_went_as_expected(self):
        """The demo ends by saying that it saw every expected failure."""
        self.assertEqual(self.ended.returncode, 0, self.ended.stdout)
        self.assertTrue(self.ended.stdout.endswith("The clean run passed, and every failure was found.\n"))


class IndexTests(unittest.TestCase):
    def test_each_has_its_line(self):
        """Without a name, each example is listed once, with its subject."""
        ended = run()
        self.assertEqual(ended.returncode, 0, ended.stdout)
        for module in (*modules(EXAMPLES), *modules(EXAMPLES / "failures")):
            name = re.escape(module.removeprefix("examples."))
            self.assertEqual(len(re.findall(rf"(?m)^  {name} +\w.+\.$", ended.stdout)), 1, ended.stdout)

    def test_the_reading_order_has_each_once(self):
        """The reading order has every example once, and no others."""
        files = {file.stem for file in EXAMPLES.glob("[a-z]*.py")}
        self.assertEqual(sorted(READING_ORDER), sorted(files))

    def test_one_by_name(self):
        """Only the named one is run, and the exit status is that of unittest."""
        passed, failed = run("echo_server"), run("failures.deadlock")
        self.assertEqual(passed.returncode, 0, passed.stdout)
        self.assertNotIn("examples.retry", passed.stdout)
        self.assertIn("(examples.echo_server.", passed.stdout)
        self.assertEqual(failed.returncode, 1, failed.stdout)

    def test_a_misspelt_name(self):
        """A misspelt name is an error with the nearest one, or the way to the list, and nothing is run."""
        for name, hint in (("retyr", "did you mean retry?"), ("x", "`python -m examples` lists them")):
            ended = run("echo_server", name)
            self.assertEqual((ended.returncode, ended.stdout), (2, f"there is no example {name!r}; {hint}\n"))
