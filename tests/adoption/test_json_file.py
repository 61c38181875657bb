"""`--json`: all results, for programs."""

import json
import re
import unittest

from asynctestkit.adoption import json_file
from asynctestkit.adoption.baseline import Entry
from asynctestkit.adoption.identity import Identity
from asynctestkit.adoption.json_file import json_of
from tests.adoption.records import leak, record


class JsonTests(unittest.TestCase):
    maxDiff = None

    def test_the_whole_file(self):
        """The file has the counts, and each place with its tests, its first leak and its report."""
        reported = [("T.a", leak(name="Task-1")), ("T.b", leak(name="Task-2")), ("T.b", leak(file=None))]
        values = json.loads(json_of(record(*reported), [Entry(Identity("task", "a.py", "f", "x"), "why")]))
        self.assertEqual(
            {name: values[name] for name in ("version", "complete", "tests", "leaky_tests", "leaks")},
            {"version": 1, "complete": True, "tests": 10, "leaky_tests": 2, "leaks": 3},
        )
        place, unknown = values["places"]
        example, report = place.pop("example"), place.pop("report")
        self.assertEqual(
            place,
            {
                "kind": "task", "name": "Task-*", "file": "shop/feed.py", "line": 9, "function": "connect",
                "new": True, "leaks": 2, "tests": {"T.a": 1, "T.b": 1},
            },
        )  # fmt: skip
        self.assertEqual(example["created_at"][-1], ["/project/shop/feed.py", 9, "connect"])
        self.assertTrue(report.startswith("1. task 'Task-1', still pending\n"), report)
        self.assertEqual((unknown["file"], unknown["line"], unknown["function"]), ("", 0, ""))
        self.assertEqual(
            values["unmet"],
            [{"kind": "task", "file": "a.py", "function": "f", "name": "x", "reason": "why"}],
        )

    def test_every_field_is_documented(self):
        """The module's docstring documents every field, in the order of the file."""
        values = json.loads(json_of(record(("T.a", leak()))))
        fields = [*values, *values["places"][0]]
        documented = re.findall(r"^(?:  )?([a-z_]+)  ", json_file.__doc__, re.MULTILINE)
        self.assertEqual(sorted(documented), sorted(fields))
