"""An error in the loop's log is a value."""

import dataclasses
import unittest

from asynctestkit.leaks.census.loop_error import LoopError


class LoopErrorTests(unittest.TestCase):
    def test_it_is_a_frozen_value(self):
        """Two reports of the same error are equal, and cannot be changed."""
        error = ValueError("broken")
        report = LoopError("Exception in callback", error, None)
        self.assertEqual(report, LoopError("Exception in callback", error, None))
        self.assertNotEqual(report, LoopError("Exception in callback", ValueError("broken"), None))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            report.message = "another"
