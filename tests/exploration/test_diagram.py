"""Schedules in words, and as a diagram."""

import asyncio
import unittest

from asynctestkit.exploration.deviations import Cancel, Fault, Hold
from asynctestkit.exploration.diagram import diagram, innermost, ordinal, sentence, step_of
from asynctestkit.exploration.records import Applied, Taken
from asynctestkit.stacks.await_chain import AwaitChain
from asynctestkit.stacks.places import Place

STORE = Place("/srv/store.py", 41, "save")
PACKAGE = Place("/usr/lib/site-packages/redis/client.py", 7, "send")
QUEUES = Place(asyncio.queues.__file__, 150, "get")
AT_STORE = AwaitChain((STORE,), "Lock.acquire")


def step(task, number, at=0.0, after=AT_STORE, before=AT_STORE):
    return Taken((task, number), at, before, after)


class WordsTests(unittest.TestCase):
    def test_ordinals(self):
        """Ordinals are written as in English."""
        self.assertEqual([ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 111)],
                         ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "111th"])  # fmt: skip

    def test_the_innermost_line_of_the_users(self):
        """The project's own lines precede those of a package, and those precede asyncio's."""
        self.assertEqual(innermost(AwaitChain((STORE, PACKAGE, QUEUES), "")), STORE)
        self.assertEqual(innermost(AwaitChain((PACKAGE, QUEUES), "")), PACKAGE)
        self.assertEqual(innermost(AwaitChain((QUEUES,), "")), QUEUES)
        self.assertIsNone(innermost(AwaitChain((), "")))

    def test_sentences(self):
        """A sentence says which task was slow or cancelled, before which step, and where."""
        said = sentence(Applied(Hold("saver", 2), AT_STORE), {"test"})
        self.assertEqual(said, "task 'saver' was slow before its 2nd step, at /srv/store.py:41 in save")
        self.assertEqual(
            sentence(Applied(Hold("test", 3, ("saver", 1)), AwaitChain((), "")), {"test"}),
            "the test's own task (test) was slow before its 3rd step, "
            "until the 1st step of task 'saver' was taken",
        )
        self.assertIn(
            "was cancelled as it began to wait, after its 1st step",
            sentence(Applied(Cancel("a", 1, True), AT_STORE), ()),
        )
        self.assertIn(
            "was cancelled as it was about to take its 2nd step",
            sentence(Applied(Cancel("a", 2), AT_STORE), ()),
        )
        failed = Applied(Fault("session.get", 2), AT_STORE, "TimeoutError", ("test", 1))
        self.assertEqual(
            sentence(failed, {"test"}),
            "the 2nd call of session.get failed with TimeoutError, in the test's own task (test), "
            "at /srv/store.py:41 in save",
        )
        self.assertEqual(
            sentence(Applied(Fault("get", 1), AwaitChain((), ""), "KeyError"), ()),
            "the 1st call of get failed with KeyError",
        )
        self.assertEqual(step_of(("test", 2), {"test"}), "the 2nd step of the test's own task (test)")


class DiagramTests(unittest.TestCase):
    def test_a_column_for_each_task(self):
        """Each task has a column; the held and the cancelled step are marked."""
        taken = [
            step("test", 1, after=AwaitChain((), "gather of 2, pending: 'saver', 'reader'")),
            step("reader", 1, after=AwaitChain((QUEUES,), "Queue.get")),
            step("saver", 1, 0.5, after="returned"),
            step("reader", 2, 1.25, before=AwaitChain((QUEUES,), ""), after="cancelled"),
        ]
        shown = diagram(taken, [Hold("saver", 1), Cancel("reader", 1, asleep=True), Cancel("reader", 2)])
        self.assertEqual(
            [line.split() for line in shown],
            [
                ["seconds", "test", "reader", "saver"],
                ["0.000", "start", "→", "?", "gather", "of", "2"],
                ["0.000", "start", "→", "queues.py:150", "Queue.get", "CANCELLED"],
                ["0.500", "SLOW", "start", "→", "returned"],
                ["1.250", "CANCELLED", "queues.py:150", "→", "cancelled"],
            ],
        )
        columns = [shown[0].index(name) for name in ("test", "reader", "saver")]
        self.assertEqual(
            [line.index(word) for line, word in zip(shown[1:4], ("start", "start", "SLOW"), strict=True)],
            columns,
        )

    def test_a_call_that_failed(self):
        """The step of a failed call is marked and never cut from the diagram; a call may be in no step."""
        taken = [step("a", number) for number in range(1, 101)]
        failed = [Applied(Fault("get", 1), AT_STORE, "ValueError", key) for key in (("a", 50), None)]
        shown = diagram(taken, [Fault("get", 1)], failed)
        self.assertEqual(["FAULT" in line for line in shown].count(True), 1)
        (line,) = (line.split() for line in shown if "FAULT" in line)
        self.assertEqual(line, ["0.000", "store.py:41", "→", "FAULT", "→", ":41", "Lock.acquire"])

    def test_many_tasks_are_one_column(self):
        """Many tasks share one column, as theirs would be too wide."""
        shown = diagram([step(f"client-{number}", 2) for number in range(9)], [])
        self.assertEqual(shown[0].split(), ["seconds", "task", "from", "→", "to"])
        self.assertEqual(shown[1].split(), ["0.000", "client-0", "store.py:41", "→", ":41", "Lock.acquire"])

    def test_a_long_one_is_cut(self):
        """A long diagram keeps its ends, and the surroundings of the deviations."""
        taken = [step("a", number) for number in range(1, 101)]
        shown = diagram(taken, [Hold("a", 50)])
        self.assertEqual(sum("more …" in line for line in shown), 2)
        self.assertEqual(sum("SLOW" in line for line in shown), 1)
        self.assertLess(len(shown), 25)
