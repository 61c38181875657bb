"""The record of a run."""

import json
import unittest

from asynctestkit import Place
from asynctestkit.adoption.record import Record
from tests.adoption.records import FOLDER, leak, record


class RecordTests(unittest.TestCase):
    def test_leaks_of_one_line_are_one_row(self):
        """Leaks of one line are one row, with their count, their tests and the first leak."""
        made = record(
            ("T.a", leak(name="Task-1")), ("T.a", leak(name="Task-2")), ("T.b", leak(name="Task-3"))
        )
        (row,) = made.rows
        self.assertEqual((row.count, row.tests, row.leak.name), (3, {"T.a": 2, "T.b": 1}, "Task-1"))
        self.assertEqual(row.place, Place("shop/feed.py", 9, "connect"))

    def test_other_lines_and_names_are_other_rows(self):
        """Leaks of other lines, or with other names, are other rows, though a baseline ignores lines."""
        made = record(("T.a", leak()), ("T.a", leak(line=10)), ("T.a", leak(name="bg:other")))
        self.assertEqual(len(made.rows), 3)

    def test_the_worst_come_first(self):
        """Places that most tests have left come first; of equals, those with more leaks."""
        made = record(
            ("T.a", leak(name="once")),
            ("T.a", leak(name="twice")), ("T.a", leak(name="twice")),
            ("T.a", leak(name="in two tests")), ("T.b", leak(name="in two tests")),
        )  # fmt: skip
        self.assertEqual([row.leak.name for row in made.rows], ["in two tests", "twice", "once"])

    def test_what_is_new_comes_before_what_is_known(self):
        """New places come before known ones, however often those were left."""
        reported = [("T.a", leak(name="known")), ("T.b", leak(name="known")), ("T.a", leak(name="new"))]
        made = record(*reported, is_known=lambda row: row.leak.name == "known")
        self.assertEqual(
            [(row.leak.name, row.is_new) for row in made.rows], [("new", True), ("known", False)]
        )

    def test_a_place_unknown(self):
        """An unknown place is shown as unknown."""
        (row,) = record(("T.a", leak(file=None))).rows
        self.assertEqual((row.place, row.shown_place), (None, "an unknown place"))

    def test_the_summary(self):
        """The summary counts tests, leaky tests and leaks; with a baseline, new ones as well."""
        self.assertEqual(record(tests_run=5012).summary(), "5,012 tests, none leaky")
        self.assertEqual(
            record(("T.a", leak()), tests_run=1).summary(), "1 test, 1 leaky (1 leak at 1 place)"
        )
        reported = [("T.a", leak()), ("T.b", leak()), ("T.b", leak(name="other"))]
        self.assertEqual(record(*reported).summary(), "10 tests, 2 leaky (3 leaks at 2 places)")
        self.assertEqual(
            record(*reported, is_known=lambda row: row.leak.name == "other").summary(),
            "10 tests, 2 leaky (3 leaks at 2 places, 1 of them new)",
        )

    def test_another_process(self):
        """The record of another process, sent as JSON, is added as if it had been made here."""
        there = record(("T.a", leak()), ("T.a", leak()), ("T.b", leak(waiting_at=(Place("/x.py", 1, "f"),))))
        there.is_complete = False
        here = record(("T.c", leak()), ("T.c", leak(name="other")), tests_run=5)
        here.merge(json.loads(json.dumps(there.to_values())))
        self.assertEqual((here.tests_run, here.is_complete), (15, False))
        self.assertEqual(here.rows[0].tests, {"T.c": 1, "T.a": 2, "T.b": 1})
        alone = Record(FOLDER)
        alone.merge(json.loads(json.dumps(there.to_values())))
        self.assertEqual(alone.rows, there.rows)
