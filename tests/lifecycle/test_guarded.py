"""A guard is what a phase is a part of: it has all that a phase asks for."""

import unittest

from asynctestkit.lifecycle.guarded import Guarded
from tests.limits.test_subject import members, opened_guard


class GuardedTests(unittest.TestCase):
    def test_a_guard_is_one(self):
        """From `open` to `close` it has every member."""
        guard = opened_guard(self)
        self.assertEqual([name for name in members(Guarded) if not hasattr(guard, name)], [])
