"""The results of a run, for a terminal."""

import unittest

from asynctestkit.adoption.baseline import Baseline, Entry
from asynctestkit.adoption.identity import Identity
from asynctestkit.adoption.table import render_record, render_table, render_unmet
from tests.adoption.records import leak, record


class TableTests(unittest.TestCase):
    maxDiff = None

    def test_columns(self):
        """Text is aligned left, numbers right."""
        made = record(
            ("suite.T.a", leak()), ("suite.T.b", leak()), ("suite.T.c", leak(kind="server", line=117))
        )
        self.assertEqual(
            render_table(made.rows),
            [
                "kind    created at                   leaks  tests  one of the tests",
                "task    shop/feed.py:9 in connect        2      2  suite.T.a",
                "server  shop/feed.py:117 in connect      1      1  suite.T.c",
            ],
        )

    def test_a_clean_run(self):
        """A clean run has one line."""
        self.assertEqual(render_record(record()), ["10 tests, none leaky"])

    def test_a_leaky_run(self):
        """A leaky run has the table, each row in full with its tests, and the total as the last line."""
        reported = [("T.a", leak()), ("T.b", leak()), ("T.c", leak()), ("T.c", leak(name="x"))]
        reported += [("T.d", leak(name="x"))]
        lines = render_record(record(*reported))
        self.assertTrue(lines[0].startswith("kind"), lines[0])
        self.assertIn("1. task 'bg:feed', still pending", lines)
        self.assertIn("   remedy: await it", lines)
        self.assertIn("   left by T.a and 2 other tests", lines)
        self.assertIn("2. task 'x', still pending", lines)
        self.assertIn("   left by T.c and 1 other test", lines)
        self.assertEqual(lines[-1], "10 tests, 4 leaky (5 leaks at 2 places)")
        self.assertIn("   left by T.e", render_record(record(("T.e", leak()))))

    def test_with_a_baseline(self):
        """With a baseline only new rows are shown, and entries without a match are listed."""
        gone = Entry(Identity("task", "shop/feed.py", "connect", "gone"))
        made = record(("T.a", leak()), ("T.a", leak(name="new")), is_known=lambda row: row.leak.name != "new")
        lines = render_record(made, Baseline("leaks.json"), [gone])
        self.assertNotIn("bg:feed", "".join(lines))
        self.assertIn("1. task 'new', still pending", lines)
        self.assertEqual(
            lines[-2:],
            [
                "leaks.json: no longer matches anything: task 'gone' of connect in shop/feed.py",
                "10 tests, 1 leaky (2 leaks at 2 places, 1 of them new)",
            ],
        )

    def test_an_entry_without_a_place(self):
        """An entry without a place is shown by its name alone."""
        entry = Entry(Identity("callback", "", "", "boom"))
        self.assertEqual(
            list(render_unmet([entry], "b.json")), ["b.json: no longer matches anything: callback 'boom'"]
        )
