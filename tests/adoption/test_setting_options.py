"""Every setting as an option."""

import argparse
import dataclasses
import unittest

from asynctestkit import STRICT_DETECTORS, Allowance, Settings
from asynctestkit.adoption.setting_options import add_setting_options, settings_in


class SettingOptionsTests(unittest.TestCase):
    def parser(self):
        parser = argparse.ArgumentParser(exit_on_error=False, add_help=False)
        add_setting_options(parser)
        return parser

    def given(self, *arguments):
        return settings_in(self.parser().parse_args(arguments))

    def test_every_setting_has_its_option(self):
        """Every setting has an option of its name; three are read in another way."""
        options = {name for name, value in vars(self.parser().parse_args([])).items()}
        settings = {field.name for field in dataclasses.fields(Settings)}
        self.assertEqual(settings - options, {"on_leak", "leak_detectors", "allowed_leaks"})
        self.assertEqual(options - settings, {"strict", "allow"})

    def test_what_is_not_given_is_not_set(self):
        """A setting that is not given keeps its default."""
        self.assertEqual(self.given(), {})

    def test_values_are_read_as_their_settings_say(self):
        """Values are read by the type of their setting: numbers, limits (0 is none), flags, choices."""
        for arguments, expected in (
            (["--deadline", "10"], {"deadline": 10.0}),
            (["--deadline", "0", "--blocking-threshold=0.1"], {"deadline": None, "blocking_threshold": 0.1}),
            (["--settle-time=0", "--grace-period=2"], {"settle_time": 0.0, "grace_period": 2.0}),
            (["--asyncio-debug", "True"], {"asyncio_debug": True}),
            (["--require-task-names", "--patch-time"], {"require_task_names": True, "patch_time": True}),
            (["--random-seed", "7", "--clock", "virtual"], {"random_seed": 7, "clock": "virtual"}),
            (["--strict"], {"leak_detectors": STRICT_DETECTORS}),
        ):
            with self.subTest(arguments):
                given = self.given(*arguments)
                self.assertEqual(given, expected)
                Settings(**given)

    def test_allowances(self):
        """An allowance is a kind and, after a colon, a pattern for the name, which may contain colons."""
        reason = "allowed on the command line"
        self.assertEqual(
            self.given("--allow", "task:bg:*", "--allow", "thread"),
            {
                "allowed_leaks": (
                    Allowance("task", name="bg:*", reason=reason),
                    Allowance("thread", reason=reason),
                )
            },
        )

    def test_wrong_values(self):
        """A wrong value is an error of its option that says what is expected, or the nearest value."""
        for arguments, message in (
            (["--deadline=soon"], "argument --deadline: 'soon' is not a number of seconds"),
            (
                ["--deadline=-1"],
                "argument --deadline: deadline is -1.0, expected a number of seconds that is not",
            ),
            (["--asyncio-debug=yes"], "argument --asyncio-debug: 'yes' is neither true nor false"),
            (["--random-seed=x"], "argument --random-seed: 'x' is not an integer"),
            (["--clock=virtul"], "try 'virtual'"),
            (["--allow=tsk:x"], "did you mean 'task'?"),
        ):
            with self.subTest(arguments), self.assertRaises(argparse.ArgumentError) as caught:
                self.given(*arguments)
            self.assertIn(message, str(caught.exception))
