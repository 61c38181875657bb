"""Which schedules are tried, and in what order."""

import unittest
from types import SimpleNamespace
from unittest import mock

from asynctestkit.exploration import search as search_module
from asynctestkit.exploration.deviations import Cancel, Fault, Hold, text_of
from asynctestkit.exploration.plan import Plan
from asynctestkit.exploration.records import Applied
from asynctestkit.exploration.search import Search, cancellations_in, shorter_holds

TRACE = [("test", 1), ("a", 1), ("b", 1), ("test", 2)]


def life(schedule=(), trace=TRACE, crossroads=(("a", 1), ("b", 1)), possible=()):
    applied = [Applied(each, None) for each in schedule]
    return SimpleNamespace(
        schedule=schedule,
        trace=trace,
        crossroads=list(crossroads),
        applied=applied,
        mains={"test"},
        internals=set(),
        possible=possible,
    )


class SearchTests(unittest.TestCase):
    def tried(self, plan, lives=None, first=None, most=400):
        """The schedules that are tried if each deviation produces a new order."""
        self.search = Search(first or life(), plan)
        attempts, tried = self.search.attempts(), []
        attempt = next(attempts, None)
        while attempt is not None and len(tried) < most:
            tried.append("by chance" if attempt.walk is not None else text_of(attempt.schedule))
            order = [(str(each), 1) for each in sorted(attempt.schedule, key=str)]
            answer = life(attempt.schedule, TRACE + order, possible=self.search._first.possible)
            try:
                attempt = attempts.send(answer)
            except StopIteration:
                attempt = None
        return [each for each in tried if each != "by chance"]

    def test_the_shortest_come_first(self):
        """Every single hold is tried, then every pair, once each."""
        self.assertEqual(self.tried(Plan()), ["hold:a@1", "hold:b@1", "hold:a@1,hold:b@1"])
        self.assertTrue(self.search.is_exhausted)
        self.assertEqual((self.search.distinct, self.search.walked), (4, 100))

    def test_cancellations(self):
        """Cancellations are tried alone, before pairs, then with each hold; never of the test's own task."""
        tried = self.tried(Plan(holds=1, cancellations=True))
        self.assertEqual(tried[:4], ["hold:a@1", "hold:b@1", "cancel:a@1", "cancel:b@1"])
        self.assertIn("hold:a@1,cancel:b@1", tried)
        self.assertFalse([each for each in tried if each.count("cancel") > 1 or "test@" in each])

    def test_faults(self):
        """Faults are tried after the cancellations, alone and with each hold, never with a cancellation."""
        first = life(possible=(Fault("get", 1), Fault("get", 1, "TimeoutError")))
        plan = Plan(holds=1, cancellations=True, faults=True)
        tried = self.tried(plan, first=first)
        fault, late = "fault:get@1", "fault:get@1=TimeoutError"
        self.assertEqual(tried[2:6], ["cancel:a@1", "cancel:b@1", fault, late])
        self.assertIn(f"hold:a@1,{late}", tried)
        self.assertFalse([each for each in tried if each.count("fault") + each.count("cancel") > 1])
        self.assertEqual(self.tried(Plan(holds=0, faults=True), first=first), [fault, late])
        self.assertTrue(self.search.is_exhausted)

    def test_faults_by_chance(self):
        """Every other random schedule has a fault."""
        search = Search(life(possible=(Fault("get", 1),)), Plan(holds=1, faults=True))
        attempts = search.attempts()
        attempt, walked = next(attempts), []
        while len(walked) < 4:
            if attempt.walk is not None:
                walked.append(text_of(attempt.schedule))
            attempt = attempts.send(life(attempt.schedule, [*TRACE, ("c", len(walked))]))
        self.assertEqual(walked, ["fault:get@1", "", "fault:get@1", ""])

    def test_tasks_by_pattern(self):
        """Only matching tasks are held or cancelled, and there are no random schedules."""
        tried = self.tried(Plan(cancellations=True, tasks="a*"))
        self.assertEqual(tried, ["hold:a@1", "cancel:a@1", "hold:a@1,cancel:a@1"])
        self.assertEqual(self.search.walked, 0)

    def test_a_pattern_that_matches_no_task(self):
        """It is refused once no task in any run has had such a name."""
        search = Search(life(), Plan(tasks="c*"))
        self.assertEqual(list(search.attempts()), [])
        with self.assertRaisesRegex(
            ValueError, "tasks is 'c\\*', .* no task .*: there are 'a', 'b', 'test'$"
        ):
            search.require_tasks()
        search.note(life(trace=[*TRACE, ("c", 1)]))
        search.require_tasks()

    def test_a_test_of_one_task(self):
        """For a test of one task there is nothing to try, which is a complete search."""
        self.assertEqual(self.tried(Plan(), first=life(crossroads=())), [])
        self.assertTrue(self.search.is_exhausted)

    def test_an_order_that_is_known_is_not_deviated_from(self):
        """A hold that produces a known order is not extended to pairs."""
        search = Search(life(), Plan())
        attempts = search.attempts()
        self.assertEqual(text_of(next(attempts).schedule), "hold:a@1")
        attempts.send(life())
        attempt = attempts.send(life())
        self.assertIsNotNone(attempt.walk)
        self.assertEqual(search.distinct, 1)
        self.assertTrue(search.is_exhausted)

    def test_a_shorter_hold(self):
        """Shorter holds end before each overtaking step except the last, which is the full hold."""
        first = life(trace=[("a", 1), ("b", 1), ("c", 1), ("b", 2)])
        held = life((Hold("a", 1),), [("b", 1), ("c", 1), ("b", 2), ("a", 1)])
        self.assertEqual(list(shorter_holds(first, held)), [Hold("a", 1, ("b", 1)), Hold("a", 1, ("c", 1))])
        for other in (Cancel("a", 1), Fault("get", 1)):
            self.assertEqual(list(shorter_holds(first, life((other,)))), [])

    def test_shorter_holds_come_after_the_plain_one(self):
        """Shorter holds are tried alone, and only if the full hold has changed the order."""
        trace = [("a", 1), ("b", 1), ("b", 2)]
        search = Search(life(trace=trace, crossroads=[("a", 1)]), Plan(holds=1))
        attempts = search.attempts()
        self.assertEqual(text_of(next(attempts).schedule), "hold:a@1")
        held = life((Hold("a", 1),), [("b", 1), ("b", 2), ("a", 1)])
        self.assertEqual(text_of(attempts.send(held).schedule), "hold:a@1>b@1")
        attempts.send(life((Hold("a", 1, ("b", 1)),), [("b", 1), ("a", 1), ("b", 2)]))
        self.assertEqual(search.distinct, 3)

    def test_a_shorter_hold_may_change_nothing(self):
        """A shorter hold that changes nothing is not extended."""
        trace = [("a", 1), ("b", 1), ("b", 2)]
        search = Search(life(trace=trace, crossroads=[("a", 1)]), Plan(holds=1))
        attempts = search.attempts()
        next(attempts)
        attempts.send(life((Hold("a", 1),), [("b", 1), ("b", 2), ("a", 1)]))
        attempts.send(life((Hold("a", 1, ("b", 1)),), trace))
        self.assertEqual(search.distinct, 2)

    def test_not_all_are_deviated_from_further(self):
        """Only so many orders are remembered, so that memory is bounded."""
        with mock.patch.object(search_module, "_MOST_BASES", 1):
            self.assertEqual(self.tried(Plan()), ["hold:a@1", "hold:b@1", "hold:a@1,hold:b@1"])
            self.assertEqual(self.search.distinct, 4)

    def test_the_cancellations_of_a_life(self):
        """Cancellations are before the first step of a task, and around each wait."""
        found = list(cancellations_in(life(trace=[("a", 1), ("b", 1), ("a", 2)]), {"a"}))
        self.assertEqual(found, [Cancel("a", 1), Cancel("a", 1, asleep=True), Cancel("a", 2)])
