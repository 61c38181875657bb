"""The command line of `python -m asynctestkit`."""

import os
import unittest
from unittest import mock

from asynctestkit.adoption.options import OptionsError, help_text, parse


class OptionsTests(unittest.TestCase):
    def setUp(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ASYNCTESTKIT_")}
        patch = mock.patch.dict(os.environ, kept, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def assertWrong(self, message, *arguments):
        with self.assertRaises(OptionsError) as caught:
            parse(arguments)
        self.assertIn(message, str(caught.exception))

    def test_unittests_arguments_stay_as_they_are(self):
        """unittest's arguments keep their order and their values, wherever ours stand."""
        options = parse(
            ["discover", "--json", "a.json", "-s", "tests", "-k", "--strict", "-fv", "--on-leak=fail",
             "--durations=5", "--dura", "3", "--locals", "pkg.test_x"]
        )  # fmt: skip
        self.assertEqual(
            options.arguments,
            ("discover", "-s", "tests", "-k", "--strict", "-fv", "--durations=5", "--dura", "3", "--locals",
             "pkg.test_x"),
        )  # fmt: skip
        self.assertEqual((options.json, options.on_leak), ("a.json", "fail"))
        self.assertNotIn("leak_detectors", options.settings)

    def test_after_two_dashes_nothing_is_ours(self):
        """After "--" all arguments are unittest's."""
        self.assertEqual(parse(["--", "--json", "x"]).arguments, ("--", "--json", "x"))

    def test_values_that_look_like_options(self):
        """What follows an option that takes a value is that value, even if it looks like an option."""
        self.assertEqual(parse(["--json", "-odd-"]).json, "-odd-")
        self.assertWrong("--json: expected one argument", "--json")
        self.assertEqual(parse(["-k"]).arguments, ("-k",))

    def test_the_defaults(self):
        """By default nothing fails, nothing is written, and no setting changes."""
        options = parse([])
        self.assertEqual((options.on_leak, options.settings, options.arguments), ("report", {}, ()))
        self.assertEqual({options.baseline, options.write_baseline, options.json, options.html}, {None})

    def test_slips(self):
        """A misspelt or abbreviated option of ours is an error that names the right one."""
        self.assertWrong("unknown option --dedline; did you mean --deadline?", "--dedline", "3")
        self.assertWrong("unknown option --write; did you mean --write-baseline?", "--write", "x")
        self.assertWrong("--on-leak: 'fial' is neither 'report' nor 'fail'; try 'fail'", "--on-leak", "fial")
        self.assertWrong("--deadline: 'x' is not a number", "--deadline", "x")
        self.assertWrong("--strict: ignored explicit argument 'x'", "--strict=x")

    def test_unknown_options(self):
        """Unknown options are left to unittest, which rejects them."""
        self.assertEqual(parse(["--frobnicate"]).arguments, ("--frobnicate",))

    def test_a_strict_baseline_needs_a_baseline(self):
        """`--strict-baseline` without a baseline is an error, as it would have no effect."""
        self.assertWrong("--strict-baseline needs a --baseline FILE", "--strict-baseline")

    def test_the_environment(self):
        """The environment sets what no option sets; a wrong value in it is an error, too."""
        with mock.patch.dict(os.environ, ASYNCTESTKIT_DEADLINE="7", ASYNCTESTKIT_ON_LEAK="fail"):
            self.assertEqual(parse([]).settings, {"deadline": 7.0})
            self.assertEqual(parse([]).on_leak, "fail")
            self.assertEqual(parse(["--on-leak=report"]).on_leak, "report")
            self.assertEqual(parse(["--deadline=3"]).settings, {"deadline": 3.0})
        with mock.patch.dict(os.environ, ASYNCTESTKIT_DEADLINE="soon"):
            self.assertWrong("ASYNCTESTKIT_DEADLINE is 'soon'")

    def test_a_file_in_a_folder_that_is_not_there(self):
        """A file in a missing folder is an error before the suite is run."""
        self.assertWrong("there is no folder", "--html", "no/such/folder/x.html")

    def test_help(self):
        """Both ways to ask for help work, and the help names every option."""
        self.assertTrue(parse(["-h"]).wants_help and parse(["--help"]).wants_help)
        for option in ("--deadline", "--write-baseline", "--html", "arguments of python -m unittest"):
            self.assertIn(option, help_text())
