"""Law 5, for the examples: each runs as a user would run it, and what its failure prints lies beside it."""

import subprocess
import sys
import unittest

from examples.__main__ import modules, run_unittest
from tests.repository.test_readme import environment, normalised
from tests.repository.tree import ROOT

EXAMPLES = ROOT / "examples"


class CleanExamplesTests(unittest.TestCase):
    def test_they_pass(self):
        """Every example that is no lesson in failing passes, and there are some."""
        names = modules(EXAMPLES)
        self.assertGreaterEqual(len(names), 3)
        ended = run_unittest(*names)
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertRegex(ended.stdout, r"Ran [1-9]\d* tests")


class FailingExamplesTests(unittest.TestCase):
    def test_each_prints_the_failure_beside_it(self):
        """What unittest prints for a failing example is, to the letter, what the file beside it shows."""
        names = modules(EXAMPLES / "failures")
        self.assertGreaterEqual(len(names), 4)
        for name in names:
            with self.subTest(name):
                ended = subprocess.run(
                    [sys.executable, "-m", "unittest", name],
                    cwd=ROOT, env=environment(), encoding="utf-8",
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                )  # fmt: skip
                self.assertEqual(ended.returncode, 1, ended.stdout)
                expected = (ROOT / name.replace(".", "/")).with_suffix(".txt").read_text(encoding="utf-8")
                self.assertEqual(normalised(ended.stdout, str(ROOT)), normalised(expected, str(ROOT)))


class DemoTests(unittest.TestCase):
    def test_it_says_that_all_went_as_expected(self):
        """`make demo` runs every example, shows each failure, and ends by saying that it saw them all."""
        ended = subprocess.run(
            [sys.executable, "-m", "examples"], cwd=ROOT, env=environment(), encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertIn("The clean run passed, and every failure was found.", ended.stdout)
        for kind in ("task 'bg:heartbeat-alice'", "stubborn", "never awaited", "DeadlineError"):
            self.assertIn(kind, ended.stdout)
