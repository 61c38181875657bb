"""`--junit`: the file that CI servers read."""

import unittest
from xml.etree import ElementTree

from asynctestkit.adoption.junit import junit_of
from asynctestkit.adoption.noted_results import NotedTest
from tests.adoption.records import leak, record


class JunitTests(unittest.TestCase):
    def suites(self, made, *tests):
        root = ElementTree.fromstring(junit_of(made, tests).encode())
        self.assertEqual(root.tag, "testsuites")
        return list(root)

    def test_every_test(self):
        """Every test has its class, name, time and outcome; the suite has the counts."""
        tests, _ = self.suites(
            record(),
            NotedTest("suite.T.test_a", 0.25),
            NotedTest("suite.T.test_b", 1.0, "failure", "Traceback\nAssertionError: no"),
            NotedTest("suite.T.test_c", 0.0, "error", "Traceback\nKeyError: \x1b[31m'k'"),
            NotedTest("suite.T.test_d", 0.0, "skipped", "why"),
        )
        self.assertEqual(
            {name: tests.get(name) for name in ("tests", "failures", "errors", "skipped", "time")},
            {"tests": "4", "failures": "1", "errors": "1", "skipped": "1", "time": "1.250"},
        )
        passed, failed, raised, skipped = tests
        self.assertEqual(passed.attrib, {"classname": "suite.T", "name": "test_a", "time": "0.250"})
        self.assertEqual(failed.find("failure").get("message"), "AssertionError: no")
        self.assertEqual(failed.find("failure").text, "Traceback\nAssertionError: no")
        self.assertEqual(raised.find("error").get("message"), "KeyError: [31m'k'")
        self.assertEqual(
            (skipped.find("skipped").get("message"), skipped.find("skipped").text), ("why", None)
        )

    def test_places(self):
        """A place is a test of its own: skipped if the run does not fail for it, else failed."""
        reported = [("T.a", leak()), ("T.b", leak())]
        _, places = self.suites(record(*reported))
        (place,) = places
        self.assertEqual(
            (place.get("classname"), place.get("name")),
            ("leaks.task", "bg:feed at shop/feed.py:9 in connect"),
        )
        self.assertEqual(place.find("skipped").get("message"), "2 left by 2 of the tests")
        self.assertIn("   left by T.b", place.find("skipped").text)
        _, places = self.suites(record(*reported, is_known=lambda row: False))
        self.assertEqual((places.get("failures"), places.get("skipped")), ("1", "0"))
        _, places = self.suites(record(*reported, is_known=lambda row: True))
        self.assertEqual((places.get("failures"), places.get("skipped")), ("0", "1"))
