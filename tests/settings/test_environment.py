"""What the environment overrides, and which values are rejected."""

import os
import re
import unittest
from unittest import mock

from asynctestkit.settings.environment import _reject_misspelt_variables, from_environment


class SettingsTestCase(unittest.TestCase):
    """Begins without any of the package's variables in the environment."""

    def setUp(self):
        others = {k: v for k, v in os.environ.items() if not k.startswith("ASYNCTESTKIT_")}
        patch = mock.patch.dict(os.environ, others, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def set(self, **variables):
        os.environ.update({f"ASYNCTESTKIT_{name}": text for name, text in variables.items()})

    def assertRefused(self, error, message, call, *args, **options):
        with self.assertRaises(error) as caught:
            call(*args, **options)
        self.assertIs(type(caught.exception), error)
        self.assertEqual(str(caught.exception), message)


class EnvironmentTests(SettingsTestCase):
    def test_without_variables_nothing_is_overridden(self):
        """Without variables nothing is overridden."""
        self.assertEqual(from_environment(), {})

    def test_every_variable(self):
        """Each variable overrides its setting, with spaces around the value ignored."""
        self.set(ON_LEAK="warn", SETTLE_TIME="2.5", GRACE_PERIOD="0", DEADLINE=" 7 ")
        self.assertEqual(
            from_environment(), {"on_leak": "warn", "settle_time": 2.5, "grace_period": 0.0, "deadline": 7.0}
        )

    def test_no_deadline(self):
        """A deadline of 0 in the environment is no deadline."""
        self.set(DEADLINE="0")
        self.assertEqual(from_environment(), {"deadline": None})

    def test_an_unknown_variable_is_refused(self):
        """An unknown variable is an error, as it would have no effect."""
        _reject_misspelt_variables.cache_clear()
        self.addCleanup(_reject_misspelt_variables.cache_clear)
        with mock.patch.dict(os.environ, {"ASYNCTESTKIT_DEALINE": "3"}):
            message = "unknown environment variable ASYNCTESTKIT_DEALINE; did you mean ASYNCTESTKIT_DEADLINE?"
            for _ in range(2):
                with self.assertRaisesRegex(ValueError, re.escape(message)):
                    from_environment()
        _reject_misspelt_variables.cache_clear()
        with mock.patch.dict(os.environ, {"ASYNCTESTKIT_HOME": "/srv", "ASYNCTESTKIT_VERSION": "3"}):
            self.assertEqual(from_environment(), {}, "these are the project's own")

    def test_malformed_values_are_refused(self):
        """The error names the variable, its value and what was expected, without an internal cause."""
        for name, text, expected in (
            ("ON_LEAK", "Fail", "fail, warn or ignore"),
            ("SETTLE_TIME", "fast", "a number of seconds, such as 1.5"),
            ("GRACE_PERIOD", "-1", "a number of seconds, such as 0.5"),
            ("DEADLINE", "", "a number of seconds, such as 120, or 0 for none"),
            ("DEADLINE", "nan", "a number of seconds, such as 120, or 0 for none"),
        ):
            with self.subTest(name, text=text), mock.patch.dict(os.environ):
                self.set(**{name: text})
                with self.assertRaises(ValueError) as caught:
                    from_environment()
                message = f"environment variable ASYNCTESTKIT_{name} is {text!r}, expected {expected}"
                self.assertEqual(str(caught.exception), message)
                self.assertTrue(caught.exception.__suppress_context__)
