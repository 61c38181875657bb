"""Law 5, for the examples: each runs as a user would run it, and what its failure prints lies beside it."""

import re
import subprocess
import sys
import unittest

from examples.__main__ import modules
from tests.repository.test_readme import environment, normalised
from tests.repository.tree import ROOT

EXAMPLES = ROOT / "examples"


class ExamplesTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ended = subprocess.run(
            [sys.executable, "-m", "examples"], cwd=ROOT, env=environment(), encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        cls.clean, *parts = re.split(r"(?m)^And what goes wrong: (.+)\n", cls.ended.stdout)
        cls.failures = dict(zip(parts[::2], parts[1::2], strict=True))

    def test_they_pass(self):
        """Every example that is no lesson in failing passes, and there are some."""
        names = modules(EXAMPLES)
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            self.assertIn(f" ({name}.", self.clean)
        self.assertRegex(self.clean, r"Ran [1-9]\d* tests in .+\n\nOK")

    def test_each_prints_the_failure_beside_it(self):
        """What unittest prints for a failing example is, to the letter, what the file beside it shows."""
        names = modules(EXAMPLES / "failures")
        self.assertGreaterEqual(len(names), 4)
        self.assertEqual([*self.failures], names)
        for name in names:
            with self.subTest(name):
                expected = (ROOT / name.replace(".", "/")).with_suffix(".txt").read_text(encoding="utf-8")
                shown, _, _ = self.failures[name].partition("The clean run passed")
                self.assertEqual(normalised(shown, str(ROOT)), normalised(expected, str(ROOT)))

    def test_the_demo_says_that_all_went_as_expected(self):
        """It ends by saying that it saw every failure."""
        self.assertEqual(self.ended.returncode, 0, self.ended.stdout)
        self.assertTrue(self.ended.stdout.endswith("The clean run passed, and every failure was found.\n"))
