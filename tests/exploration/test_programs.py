"""A correct program never fails, whatever the schedule: a few of each; `tests.schedules` runs more."""

import unittest

from asynctestkit import explore
from tests.case_runs import run
from tests.exploration.programs import FAULTY_NAMES, NAMES, FaultyPrograms, Programs, copy_of


class ProgramsTests(unittest.TestCase):
    def test_no_schedule_fails(self):
        """With holds, pairs of holds and random schedules all pass, and the second run equals the first."""
        for name in NAMES:
            with self.subTest(name):
                marked = explore(max_runs=20)(copy_of(getattr(Programs, name)))
                ran = run(type("Case", (Programs,), {"test": marked}))
                self.assertEqual(ran.kinds, ["ok"], ran.text())

    def test_no_fault_fails(self):
        """With each call failing in each way, alone and with holds, nothing is reported to the user."""
        for name in FAULTY_NAMES:
            with self.subTest(name):
                marked = explore(faults=True, holds=1, max_runs=25)(copy_of(getattr(FaultyPrograms, name)))
                ran = run(type("Case", (FaultyPrograms,), {"test": marked}))
                self.assertEqual((ran.kinds, ran.warned, ran.logged), (["ok"], [], ""), ran.text())
