"""The shortest schedule that fails."""

import unittest
from types import SimpleNamespace

from asynctestkit.exploration.deviations import Cancel, Hold
from asynctestkit.exploration.shrinking import shrunk


class ShrinkingTests(unittest.TestCase):
    def shrunk(self, schedule, needed):
        self.runs = 0

        def fails(candidate):
            self.runs += 1
            tasks = {each.task for each in candidate}
            return SimpleNamespace(schedule=candidate) if needed <= tasks else None

        return shrunk(SimpleNamespace(schedule=tuple(schedule)), fails).schedule

    def test_what_is_not_needed_goes(self):
        """Of a hundred deviations the two that matter remain, in far fewer runs than there are subsets."""
        schedule = [Hold(str(number), 1) for number in range(100)]
        self.assertEqual(self.shrunk(schedule, {"3", "77"}), (schedule[3], schedule[77]))
        self.assertLess(self.runs, 200)

    def test_one_deviation_stays(self):
        """A single deviation remains, as there is none shorter."""
        self.assertEqual(self.shrunk([Cancel("a", 1)], {"a"}), (Cancel("a", 1),))

    def test_a_hold_until_a_step_becomes_a_plain_one(self):
        """A hold until a step becomes a plain one if that fails as well."""
        schedule = [Hold("a", 1, ("b", 2)), Hold("b", 1, ("a", 2))]
        self.assertEqual(self.shrunk(schedule, {"a", "b"}), (Hold("a", 1), Hold("b", 1)))

    def test_a_hold_until_a_step_stays_where_it_has_to(self):
        """A hold until a step remains if the plain one is a different schedule."""
        only = Hold("a", 1, ("b", 2))
        found = shrunk(SimpleNamespace(schedule=(only,)), lambda candidate: None)
        self.assertEqual(found.schedule, (only,))
