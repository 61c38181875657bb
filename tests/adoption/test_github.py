"""The annotations and the summary of a run under GitHub Actions."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from asynctestkit.adoption.github import annotate, annotation, summary_page
from tests.adoption.records import leak, record


class AnnotationTests(unittest.TestCase):
    def test_a_place(self):
        """The command names file and line; characters that would end a value or a line are escaped."""
        (row,) = record(("T.a", leak(file="/project/a,b:c.py", description="100 % pending"))).rows
        text = annotation(row)
        head = "::warning file=a%2Cb%3Ac.py,line=9,title=task left behind by 1 of the tests::task 'bg:feed', "
        self.assertTrue(text.startswith(f"{head}100 %25 pending%0A   created in the test:%0A"), text)
        self.assertTrue(text.endswith("%0A   left by T.a"), text)
        self.assertNotIn("\n", text)

    def test_a_place_unknown(self):
        """For an unknown place the command names no file."""
        (row,) = record(("T.a", leak(file=None))).rows
        self.assertTrue(annotation(row).startswith("::warning title=task left behind by 1 of the tests::"))


class SummaryTests(unittest.TestCase):
    def test_the_table(self):
        """The table has one row each, in Markdown, with names escaped."""
        reported = [("T.a", leak(function="<lambda>")), ("T.a|b", leak(name="x", line=3))]
        lines = summary_page(record(*reported, is_known=lambda row: row.leak.name == "x")).splitlines()
        self.assertEqual(lines[0], "### Left behind: 10 tests, 2 leaky (2 leaks at 2 places, 1 of them new)")
        self.assertIn("| task | shop/feed.py:9 in &lt;lambda> | 1 | 1 | T.a | new |", lines)
        self.assertIn("| task | shop/feed.py:3 in connect | 1 | 1 | T.a\\|b | known |", lines)

    def test_a_clean_run(self):
        """A clean run has a one-line summary."""
        self.assertEqual(summary_page(record()).strip(), "### Left behind: 10 tests, none leaky")


class AnnotateTests(unittest.TestCase):
    def annotated(self, made, **variables):
        with mock.patch.dict(os.environ, variables), contextlib.redirect_stdout(io.StringIO()) as printed:
            annotate(made)
        return printed.getvalue().splitlines()

    def test_elsewhere_nothing_is_printed(self):
        """Nothing is printed outside of GitHub Actions."""
        self.assertEqual(self.annotated(record(("T.a", leak())), GITHUB_ACTIONS=""), [])

    def test_the_worst_ten(self):
        """The worst ten of the new places are annotated; the summary lists all, after its existing text."""
        reported = [("T.a", leak(line=number)) for number in range(1, 14)]
        made = record(*reported, is_known=lambda row: row.place.line < 3)
        with tempfile.TemporaryDirectory() as folder:
            summary = Path(folder, "summary.md")
            summary.write_text("before\n")
            lines = self.annotated(made, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
            self.assertTrue(summary.read_text().startswith("before\n### Left behind"))
            self.assertEqual(summary.read_text().count("| task |"), 13)
        self.assertEqual(len(lines), 10)
        self.assertIn("line=3,", lines[0])
        self.assertEqual(self.annotated(made, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=""), lines)

    def test_a_folder_within_the_repository(self):
        """Paths are relative to the root of the repository, as GitHub expects them."""
        made = record(("T.a", leak()))
        for root, file in (("/", "shop/feed.py"), ("/project", "shop/feed.py"), ("", "shop/feed.py")):
            (line,) = self.annotated(made, GITHUB_ACTIONS="true", GITHUB_WORKSPACE=root)
            self.assertIn(f"file={file},", line)
        made.folder = "/work/repository/api"
        (line,) = self.annotated(made, GITHUB_ACTIONS="true", GITHUB_WORKSPACE="/work/repository")
        self.assertIn("file=api/shop/feed.py,", line)
