"""`python -m asynctestkit`."""

import runpy
import sys
import unittest
from unittest import mock


class MainTests(unittest.TestCase):
    def test_it_audits(self):
        """It audits with the arguments of the process, and ends with the status."""
        with (
            mock.patch.object(sys, "argv", ["python -m asynctestkit", "-k", "name"]),
            mock.patch("asynctestkit.adoption.run.main", return_value=7) as main,
            self.assertRaises(SystemExit) as ended,
        ):
            runpy.run_module("asynctestkit", run_name="__main__")
        main.assert_called_once_with(["-k", "name"])
        self.assertEqual(ended.exception.code, 7)

    def test_it_can_be_imported(self):
        """Importing the module runs nothing."""
        with mock.patch("asynctestkit.adoption.run.main") as main:
            runpy.run_module("asynctestkit.__main__", run_name="asynctestkit.__main__")
        main.assert_not_called()
