"""The canary of the fast access to the environment."""

import os
import unittest
from unittest import mock

from asynctestkit.cpython import environ_internals

NAMES = ("ASYNCTESTKIT_CANARY", "ASYNCTESTKIT_OTHER_CANARY")


class EnvironTests(unittest.TestCase):
    def values(self):
        return environ_internals.raw_values(os.environ, NAMES)

    def test_raw_values(self):
        """The raw values differ when the variables do, and are None for missing ones."""
        self.assertEqual(self.values(), (None, None))
        with mock.patch.dict(os.environ, {NAMES[0]: "ä"}):
            first = self.values()
            self.assertEqual(first[1], None)
            self.assertEqual(self.values(), first)
            os.environ[NAMES[0]] = "b"
            self.assertNotIn(self.values(), (first, (None, None)))
            os.environ[NAMES[0]] = "ä"
            self.assertEqual(self.values(), first)
        self.assertEqual(self.values(), (None, None))

    def test_an_environment_that_is_a_dictionary(self):
        """A dictionary that a test has put in the place of the environment works as well."""
        with mock.patch.object(os, "environ", {NAMES[1]: "x"}):
            self.assertEqual(self.values(), (None, "x"))


if __name__ == "__main__":
    unittest.main()
