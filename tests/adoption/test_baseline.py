"""The file of known leaks."""

import json
import tempfile
import unittest
from pathlib import Path

from asynctestkit import Allowance
from asynctestkit.adoption.baseline import Baseline, BaselineError, Entry
from asynctestkit.adoption.identity import Identity
from tests.adoption.records import leak, record

ENTRY = {"kind": "task", "file": "shop/feed.py", "function": "connect", "name": "bg:*", "reason": "known"}


class BaselineCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name, "leaks.json"))

    def read(self, text):
        Path(self.path).write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
        return Baseline.read(self.path)

    def of_entries(self, *entries):
        return self.read({"version": 1, "leaks": [{**ENTRY, **each} for each in entries]})

    def row(self, *arguments, **fields):
        (row,) = record(("T.a", leak(*arguments, **fields))).rows
        return row


class MatchingTests(BaselineCase):
    def test_a_known_leak(self):
        """An entry accepts its kind, file, function and pattern, at whatever line."""
        self.assertTrue(self.of_entries({}).accepts(self.row(line=77)))

    def test_leaks_that_are_not_known(self):
        """A leak that differs from an entry in any of the four is not known."""
        baseline = self.of_entries({})
        for other in (
            {"kind": "server"}, {"file": "/project/other.py"}, {"function": "other"}, {"name": "other"}
        ):  # fmt: skip
            with self.subTest(other):
                self.assertFalse(baseline.accepts(self.row(**other)))

    def test_what_was_not_met(self):
        """The entries that no leak has matched are listed."""
        baseline = self.of_entries({}, {"name": "gone"})
        self.assertTrue(baseline.accepts(self.row()))
        self.assertEqual([entry.identity.name for entry in baseline.unmet()], ["gone"])

    def test_an_entry_is_an_allowance(self):
        """An entry can be moved into the code as an allowance, with its reason."""
        (entry,) = self.of_entries({}).entries
        self.assertEqual(entry.allowance, Allowance("task", name="bg:*", reason="known"))


class WritingTests(BaselineCase):
    def test_what_is_written_is_sorted_and_counts_nothing(self):
        """Equal runs write equal files, with one entry a line and no counts."""
        reported = [("T.b", leak(name="Task-2")), ("T.a", leak(kind="server", name="127.0.0.1:80"))]
        text = Baseline(self.path).text(record(*reported).rows, keeps_others=False)
        again = [
            ("T.a", leak(kind="server", name="127.0.0.1:81", line=5)),
            *[("T.c", leak(name="Task-7"))] * 3,
        ]
        self.assertEqual(Baseline(self.path).text(record(*again).rows, keeps_others=False), text)
        self.assertEqual(
            text,
            '{"version": 1, "leaks": [\n'
            '{"kind": "server", "file": "shop/feed.py", "function": "connect", "name": "*", '
            '"reason": "there when the baseline was written"},\n'
            '{"kind": "task", "file": "shop/feed.py", "function": "connect", "name": "Task-*", '
            '"reason": "there when the baseline was written"}\n'
            "]}\n",
        )

    def test_nothing_found(self):
        """A run without leaks writes an empty list, which can be read."""
        self.assertEqual(self.read(Baseline(self.path).text([], keeps_others=False)).entries, [])

    def test_reasons_are_kept(self):
        """Entries that were matched keep their reason and their pattern; the others are dropped."""
        baseline = self.of_entries({}, {"name": "gone"})
        rows = record(("T.a", leak()), ("T.a", leak(name="other"))).rows
        written = self.read(baseline.text(rows, keeps_others=False))
        self.assertEqual(
            [(entry.identity.name, entry.reason) for entry in written.entries],
            [("bg:*", "known"), ("other", "there when the baseline was written")],
        )

    def test_a_run_that_was_stopped_drops_nothing(self):
        """A run that was stopped drops no entry, as it may not have reached the leak."""
        written = self.read(self.of_entries({}).text([], keeps_others=True))
        self.assertEqual(
            written.entries, [Entry(Identity("task", "shop/feed.py", "connect", "bg:*"), "known")]
        )


class ReadingTests(BaselineCase):
    def test_files_that_cannot_be_read(self):
        """A malformed file is an error that names the file and the fault."""
        for text, message in (
            ("{", "is not JSON: Expecting property name"),
            ("[]", 'has no list of "leaks"'),
            ({"leaks": 3}, 'has no list of "leaks"'),
            ({"version": 9, "leaks": []}, "is of version 9, and this asynctestkit reads version 1"),
            ({"version": 1, "leaks": ["x"]}, "entry 1 is 'x', expected an object"),
            (
                {"version": 1, "leaks": [ENTRY, {**ENTRY, "name": 3}]},
                "entry 2: 'name' is 3, expected a string",
            ),
            ({"version": 1, "leaks": [{**ENTRY, "kind": "tsk"}]}, "did you mean 'task'?"),
            ({"version": 1, "leaks": [{**ENTRY, "reason": ""}]}, "entry 1: reason is empty"),
        ):
            with self.subTest(text), self.assertRaises(BaselineError) as caught:
                self.read(text)
            self.assertIn(message, str(caught.exception))
            self.assertIn(self.path, str(caught.exception))

    def test_a_file_that_is_not_there(self):
        """A file that does not exist cannot be accepted, but it can be written."""
        with self.assertRaisesRegex(BaselineError, "cannot be read: No such file"):
            Baseline.read(self.path)
        self.assertEqual(Baseline.to_write(self.path).entries, [])

    def test_a_file_to_be_written_that_is_no_baseline(self):
        """A file that is no baseline is not overwritten: it is an error."""
        Path(self.path).write_text("my notes")
        with self.assertRaises(BaselineError):
            Baseline.to_write(self.path)
        self.assertEqual(Path(self.path).read_text(), "my notes")
