"""A guard has every member that a phase needs."""

import unittest

from asynctestkit.lifecycle.guarded import Guarded
from tests.limits.test_subject import members, opened_guard


class GuardedTests(unittest.TestCase):
    def test_a_guard_is_one(self):
        """A guard has every member of the protocol from `open` to `close`."""
        guard = opened_guard(self)
        self.assertEqual([name for name in members(Guarded) if not hasattr(guard, name)], [])
