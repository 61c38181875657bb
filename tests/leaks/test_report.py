"""Leaks as text, from values written by hand."""

import dataclasses
import os
import sysconfig
import unittest

from asynctestkit import Leak, Place
from asynctestkit.leaks.report import render, render_failure

CREATED = (Place("/src/test_feed.py", 12, "test_publishes"), Place("/src/feed.py", 40, "start"))
WORKER = Leak(
    kind="task",
    name="worker",
    description="still pending: Feed._work(), defined at feed.py:50 in Feed._work",
    phase="test",
    created_at=CREATED,
    waiting_at=(Place("/src/feed.py", 51, "_work"),),
    waits_on="Queue.get",
    remedy="end the consumer",
)


def named(leak, *names):
    return [dataclasses.replace(leak, name=name) for name in names]


class RenderTests(unittest.TestCase):
    maxDiff = None

    def assertRendered(self, leaks, *lines):
        self.assertEqual(render("FeedTests.test_publishes", leaks).splitlines()[1:], ["", *lines])

    def test_one_leak(self):
        """A leak is shown with its creation site, its await chain, and its remedy."""
        self.assertEqual(
            render("FeedTests.test_publishes", [WORKER]),
            "FeedTests.test_publishes left 1 thing behind:\n"
            "\n"
            "1. task 'worker', still pending: Feed._work(), defined at feed.py:50 in Feed._work\n"
            "   created in the test:\n"
            "     /src/test_feed.py:12 in test_publishes\n"
            "     /src/feed.py:40 in start\n"
            "   stands at:\n"
            "     /src/feed.py:51 in _work\n"
            "     which waits on Queue.get\n"
            "   remedy: end the consumer",
        )

    def test_what_is_unknown_is_left_out(self):
        """A leak with nothing but kind and name takes one line; without places there is no colon."""
        self.assertRendered(
            [Leak("pool", "main", "3 connections open")], "1. pool 'main', 3 connections open"
        )
        self.assertRendered(
            [Leak("pool", "main", "open", phase="setUp")], "1. pool 'main', open", "   created in set-up"
        )
        self.assertRendered(
            [Leak("task", "a", "still pending", waits_on="Event.wait")],
            "1. task 'a', still pending",
            "   stands at:",
            "     which waits on Event.wait",
        )

    def test_each_phase_has_its_words(self):
        """Phases are named in prose; an unknown one, of another runner, is shown as it is."""
        for phase, words in (
            ("setUp", "set-up"),
            ("test", "the test"),
            ("tearDown", "tear-down"),
            ("cleanup", "a cleanup"),
            ("warm-up", "warm-up"),
        ):
            self.assertIn(
                f"   created in {words}\n", render("x", [Leak("task", phase=phase, remedy="end it")])
            )

    def test_exceptions_were_raised_where_tasks_stand(self):
        """For an exception and a callback's error, the lines say where it was raised."""
        place = (Place("/src/feed.py", 60, "close"),)
        for kind, words in (("exception", "raised at"), ("callback", "raised at"), ("pool", "stands at")):
            self.assertRendered(
                [Leak(kind, "x", "it is bad", waiting_at=place)],
                f"1. {kind} 'x', it is bad",
                f"   {words}:",
                "     /src/feed.py:60 in close",
            )

    def test_of_many_creators_the_first_and_the_last_are_shown(self):
        """Of many places the test's line and those next to the creation are shown."""
        places = tuple(Place("/src/feed.py", line, "f") for line in range(1, 31))
        lines = render("x", [Leak("task", "a", "pending", phase="test", created_at=places)]).splitlines()
        numbers = [line.split(":")[1].split()[0] for line in lines if "feed.py" in line]
        self.assertEqual(numbers, ["1", "27", "28", "29", "30"])
        self.assertIn("     … 25 more …", lines)

    def test_files_are_shown_as_short_as_can_be(self):
        """Paths are relative to the current folder or to the standard library, if they lie there."""
        here = Place(os.path.join(os.getcwd(), "feed.py"), 1, "f")
        library = Place(os.path.join(sysconfig.get_path("stdlib"), "queue.py"), 2, "g")
        self.assertRendered(
            [Leak("pool", "x", "open", waiting_at=(here, library))],
            "1. pool 'x', open",
            "   stands at:",
            "     feed.py:1 in f",
            "     queue.py:2 in g",
        )


class FailureTests(unittest.TestCase):
    def first_line(self, leaks):
        first, _, rest = render_failure(leaks).partition("\n")
        self.assertEqual(rest, render("x", leaks).partition("\n")[2])
        return first

    def test_what_leaked_comes_first(self):
        """The first line names the leaks, as that is what a summary shows."""
        other = Leak("transport", "1.2.3.4:5", "open")
        self.assertEqual(self.first_line([WORKER]), "left behind: task 'worker'")
        self.assertEqual(
            self.first_line([*named(WORKER, "a", "b"), other]),
            "left behind: 2 tasks ('a', 'b'), transport '1.2.3.4:5'",
        )

    def test_many(self):
        """Three are named, and the rest counted."""
        leaks = [Leak("pool", str(number), "open") for number in range(6)]
        self.assertEqual(self.first_line(leaks), "left behind: pool '0', pool '1', pool '2' and 3 more")


class GroupingTests(unittest.TestCase):
    def first_lines(self, leaks):
        """The numbered first lines of entries."""
        return [line for line in render("x", leaks).splitlines() if line[:1].isdigit()]

    def test_leaks_of_one_site_are_one_entry(self):
        """Tasks created at one site with the same remedy are one entry, counted, and named in order."""
        text = render("x", named(WORKER, "b", "a", "b"))
        self.assertTrue(
            text.startswith("x left 3 things behind:\n\n1. 3 tasks ('b', 'a'), still pending: "), text
        )
        self.assertIn("   stands at:\n", text)

    def test_five_names_are_enough(self):
        """A list of names is cut after the fifth."""
        self.assertIn("1. 5 tasks ('1', '2', '3', '4', '5'), ", render("x", named(WORKER, *"12345")))
        self.assertIn("1. 6 tasks ('1', '2', '3', '4', '5', …), ", render("x", named(WORKER, *"123456")))

    def test_members_may_stand_elsewhere(self):
        """If members of a group stand in different places, the first one's is shown, with a remark."""
        other = dataclasses.replace(WORKER, waits_on="sleep(1)")
        text = render("x", [WORKER, other])
        self.assertIn("1. 2 tasks ", text)
        self.assertIn("   the first of them stands at:\n     /src/feed.py:51 in _work\n", text)
        self.assertIn("which waits on Queue.get", text)
        self.assertNotIn("sleep(1)", text)

    def test_what_differs_is_another_entry(self):
        """Kind, phase, site and remedy separate entries; they are in the order of their first members."""
        differing = [
            dataclasses.replace(WORKER, **{field: value})
            for field, value in (
                ("kind", "pool"),
                ("phase", "setUp"),
                ("created_at", CREATED[:1]),
                ("remedy", "re-raise CancelledError"),
            )
        ]
        lines = self.first_lines([WORKER, *differing, WORKER])
        self.assertEqual([line[:5] for line in lines], ["1. 2 ", "2. po", "3. ta", "4. ta", "5. ta"])

    def test_members_may_be_described_otherwise(self):
        """Leaks of one line are one entry, though their descriptions differ."""
        leaks = [dataclasses.replace(WORKER, description=f"failed: {number}") for number in range(1000)]
        self.assertEqual(self.first_lines(leaks), ["1. 1000 tasks ('worker'), failed: 0 (and others)"])

    def test_where_the_site_is_unknown_the_name_groups(self):
        """Leaks without a site are one entry a name."""
        leaks = [
            Leak("callback", "a", "broken"),
            Leak("callback", "b", "broken"),
            Leak("callback", "a", "broken"),
        ]
        self.assertEqual(self.first_lines(leaks), ["1. 2 callbacks ('a'), broken", "2. callback 'b', broken"])

    def test_several_of_a_kind(self):
        """The plural of each kind is English."""
        for kind, several in (("patch", "patches"), ("subprocess", "subprocesses"), ("unclosed", "unclosed")):
            leaks = [Leak(kind, "a", "there")] * 2
            self.assertEqual(self.first_lines(leaks), [f"1. 2 {several} ('a'), there"])

    def test_long_reports_are_cut(self):
        """After twenty entries the remaining leaks are counted, not the entries."""
        leaks = [Leak("pool", str(number), "open") for number in range(20)]
        self.assertNotIn("more", render("x", leaks))
        leaks += [Leak("pool", "20", "open"), Leak("pool", "21", "open"), Leak("pool", "21", "open")]
        text = render("x", leaks)
        self.assertTrue(text.startswith("x left 23 things behind:\n"), text)
        self.assertTrue(text.endswith("20. pool '19', open\n\n… and 3 more"), text)

    def test_no_report_is_endless(self):
        """A report has a hundred lines at most, however long its entries are."""
        places = tuple(Place(__file__, line, "f") for line in range(1, 31))
        leaks = [
            dataclasses.replace(WORKER, created_at=(*places, Place(__file__, n, "f")), waiting_at=places)
            for n in range(1, 20)
        ]
        text = render("x", leaks)
        self.assertLessEqual(len(render("x", leaks[:1]).splitlines()), 40)
        self.assertLessEqual(len(text.splitlines()), 100)
        self.assertRegex(text, r"… and 1\d more$")
