"""Every failure is an AssertionError, every warning a UserWarning, and each can be pickled."""

import pickle
import unittest

from asynctestkit.exceptions import (
    BlockedLoopError,
    DeadlineError,
    DeadlockError,
    LeakError,
    LeakWarning,
    RunawayError,
    StaleAllowanceError,
    UnnamedTaskError,
)
from asynctestkit.leaks.leak import Leak
from asynctestkit.stacks.places import Place

LEAK = Leak(kind="task", name="Task-1", created_at=(Place("/x.py", 3, "test"),))


class ExceptionsTests(unittest.TestCase):
    def test_failures_are_assertion_errors(self):
        """unittest reports each of them as FAIL, not as ERROR."""
        for error in (
            BlockedLoopError,
            DeadlineError,
            DeadlockError,
            LeakError,
            RunawayError,
            StaleAllowanceError,
            UnnamedTaskError,
        ):
            with self.subTest(error.__name__):
                self.assertTrue(issubclass(error, unittest.TestCase.failureException))

    def test_the_warning_is_a_user_warning(self):
        """Python shows a UserWarning by default."""
        self.assertTrue(issubclass(LeakWarning, UserWarning))

    def test_a_leak_error_carries_its_leaks(self):
        """The message is the text only; the leaks are an attribute, in order."""
        error = LeakError("report", (LEAK,))
        self.assertEqual(str(error), "report")
        self.assertEqual(error.leaks, (LEAK,))

    def test_a_leak_error_needs_no_leaks(self):
        """Raised with only a message, it has no leaks."""
        self.assertEqual(LeakError("report").leaks, ())

    def test_each_can_be_pickled(self):
        """Test runners that use several processes send failures from one to another."""
        for kind in (DeadlineError, BlockedLoopError, StaleAllowanceError, UnnamedTaskError, LeakWarning):
            error = kind("text")
            with self.subTest(type(error).__name__):
                copy = pickle.loads(pickle.dumps(error))
                self.assertIs(type(copy), type(error))
                self.assertEqual(str(copy), "text")

    def test_leaks_are_pickled_with_their_error(self):
        """Pickled leaks are equal to the original ones."""
        copy = pickle.loads(pickle.dumps(LeakError("report", (LEAK,))))
        self.assertIs(type(copy), LeakError)
        self.assertEqual((str(copy), copy.leaks), ("report", (LEAK,)))
