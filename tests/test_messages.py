"""What every message has: few lines, the user's line, and the remedy.

The guide explains it by its words.
"""

import os
import unittest

import asynctestkit
from asynctestkit import STRICT_DETECTORS
from tests.messages import failures, leaks, refusals
from tests.repository.test_guide import is_said, phrases_explained


class MessagesTests(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.explained = phrases_explained()

    def assertReadable(self, text, most_lines):
        self.assertLessEqual(len(text.splitlines()), most_lines)
        explained = [phrase for phrase in self.explained if is_said(phrase, text.splitlines())]
        self.assertTrue(explained, "the guide's tables on reports have none of its words")
        self.assertNotIn("PhaseInterrupt", text)
        self.assertNotRegex(text, r"(?<![/\w])asynctestkit[/\\]\w+")  # a file of ours, below this folder
        self.assertNotIn(os.path.dirname(asynctestkit.__file__) + os.sep, text)

    def test_leaks(self):
        """The first line names the leak, the last the remedy; every kind is included."""
        kinds = set()
        for title, text in leaks():
            with self.subTest(title):
                self.assertReadable(text, 40)
                first, *_, last = text.splitlines()
                self.assertRegex(first, r"^left behind: \w+ '.+'$")
                self.assertRegex(last, r"^   remedy: .+")
                self.assertIn("\n   created in the test", text)
                kinds.add(first.split()[2])
        self.assertEqual(kinds, {detector.kind for detector in STRICT_DETECTORS})

    def test_failures(self):
        """Each has the line of the test and a remedy, unless the error is the user's own."""
        for title, text in failures():
            with self.subTest(title):
                self.assertReadable(text, 100)
                if title.endswith("test_in_the_background"):
                    self.assertIn("'bg:feed'", text)
                elif title.endswith("test_is_exempt_for_nothing"):
                    self.assertIn("remove the exemption", text)
                else:
                    self.assertRegex(text, r"(?m)^ *remedy: .+|; did you mean|; use mock\.patch$")
                if title.startswith(("Hanging", "Stuck")):
                    self.assertIn("messages.py", text)

    def test_refusals(self):
        """Invalid input is named, with what was expected or the nearest valid one."""
        for title, text in refusals():
            with self.subTest(title):
                self.assertReadable(text, 1)
                self.assertRegex(text, "expected|did you mean|looks like")
