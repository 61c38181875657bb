"""Locks and contexts that are lost because a call has failed."""

import unittest
from types import SimpleNamespace

from asynctestkit.exploration.faults import Raised
from asynctestkit.exploration.unreleased import unreleased_report

COPY, OTHER = "a Lock that was acquired at x.py:7 in copy", "a Lock that was acquired at x.py:9 in other"


def life(*held, has_passed=True, released=(), through=()):
    raised = [Raised(ValueError(), frozenset(each.__code__ for each in through))]
    return SimpleNamespace(held=list(held), has_passed=has_passed, released=set(released), raised=raised)


def copy(): ...


class LostTests(unittest.TestCase):
    def test_a_test_that_came_to_its_end(self):
        """After a complete test, what is held more often than without the fault is lost."""
        self.assertEqual(unreleased_report(life(COPY), life(COPY)), "")
        text = unreleased_report(life(COPY, COPY, OTHER), life(COPY))
        self.assertEqual(text.splitlines()[1:3], [f"  {COPY}", f"  {OTHER}"])
        self.assertIn("remedy: release it", text)

    def test_a_test_that_has_ended_early(self):
        """After a test ended early, only what the function of the failed call would have released is lost."""
        usual = life(released=[COPY, OTHER])
        ended = life(COPY, OTHER, has_passed=False, through=[copy])
        self.assertEqual(unreleased_report(ended, usual).splitlines()[1:-1], [f"  {COPY}"])
        self.assertEqual(unreleased_report(ended, life()), "")
        self.assertEqual(unreleased_report(life(COPY, has_passed=False), usual), "")
