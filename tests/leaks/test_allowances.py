"""Exemptions."""

import dataclasses
import unittest

from asynctestkit import STRICT_DETECTORS, Allowance, Leak, LeakDetector, TaskLeaks
from asynctestkit.leaks.allowances import apply


class Pool:
    pass


class PoolLeaks(LeakDetector):
    kind = "tasq pool"  # near to "task", but a kind of its own
    types = (Pool,)


def allowance(kind="task", **patterns):
    return Allowance(kind, reason="this is what is tested", **patterns)


class StrictPoolLeaks(PoolLeaks):
    kind = "exceptions"  # derived from another detector, and near to "exception"


class AllowanceTests(unittest.TestCase):
    def assertRefused(self, error, text, *arguments, **options):
        with self.assertRaisesRegex(error, text):
            Allowance(*arguments, **options)

    def test_it_is_a_frozen_value(self):
        """Equal allowances are one member of a set, and cannot be changed."""
        self.assertEqual(len({allowance(name="bg:*"), allowance(name="bg:*"), allowance()}), 2)
        with self.assertRaises(dataclasses.FrozenInstanceError):
            allowance().kind = "coroutine"

    def test_a_reason_is_required(self):
        """The reason has to be a string that is not empty."""
        self.assertRefused(TypeError, "reason", "task")
        self.assertRefused(ValueError, "^reason is empty; ", "task", reason=" ")
        self.assertRefused(TypeError, "^reason is None, expected a string$", "task", reason=None)

    def test_a_kind_is_a_string_that_says_something(self):
        """The usual mistakes, an empty kind and a class in its place, are rejected."""
        self.assertRefused(ValueError, "^kind is empty; ", "", reason="why")
        self.assertRefused(TypeError, "^kind is <class .*, expected a string$", PoolLeaks, reason="why")

    def test_a_pattern_is_a_string_or_none(self):
        """A pattern that is neither a string nor None is rejected by name."""
        for field in ("name", "coroutine"):
            self.assertRefused(
                TypeError,
                f"^{field} is 3, expected a pattern such as 'bg:",
                "task",
                reason="why",
                **{field: 3},
            )

    def test_a_misspelled_kind_is_refused(self):
        """A kind similar to a built-in one is rejected, with the right spelling."""
        for wrong, right in (("tasks", "task"), ("Task", "task"), ("corutine", "coroutine")):
            self.assertRefused(
                ValueError,
                f"^unknown kind of leak '{wrong}'; did you mean '{right}'\\?$",
                wrong,
                reason="why",
            )

    def test_a_detector_whose_definition_failed_is_ignored(self):
        """A detector class whose definition was rejected is ignored, though a cycle keeps it for a while."""
        for members in ({"types": (Pool,)}, {"kind": int, "types": (Pool,)}):
            with self.subTest(members):
                with self.assertRaises(TypeError) as refused:
                    type("Mine", (LeakDetector,), members)
                self.assertRefused(ValueError, "did you mean 'task'", "tasks", reason="why")
                del refused

    def test_known_kinds_are_accepted(self):
        """Built-in kinds, those of existing detectors, and those that resemble none are accepted."""
        kinds = [detector.kind for detector in (*STRICT_DETECTORS, PoolLeaks, StrictPoolLeaks)]
        for kind in (*kinds, "kafka consumer"):
            with self.subTest(kind):
                self.assertEqual(allowance(kind).kind, kind)

    def test_a_kind_similar_to_that_of_a_users_detector(self):
        """A kind similar to that of a user's detector is accepted: the detector may be defined later."""
        self.assertNotIn("tasq pools", [detector.kind for detector in (PoolLeaks, StrictPoolLeaks)])
        self.assertEqual(allowance("tasq pools").kind, "tasq pools")

    def test_a_detector_that_derives_from_a_built_in_one(self):
        """A detector that shares the kind of its built-in base does not make that a user's kind."""
        heir = type("Heir", (TaskLeaks,), {})
        self.assertEqual(heir.kind, "task")
        self.assertRefused(ValueError, "did you mean 'task'", "tasks", reason="why")

    def test_it_is_printed_as_it_is_written(self):
        """Its repr in a message is the decorator, with the patterns that were given."""
        self.assertEqual(str(allowance()), "allow_leaks('task')")
        self.assertEqual(
            str(allowance(name="bg:*", coroutine="poll")),
            "allow_leaks('task', name='bg:*', coroutine='poll')",
        )


class MatchingTests(unittest.TestCase):
    LEAK = Leak("task", name="bg:poll-1", coroutine="Client.poll")

    def test_patterns(self):
        """Every pattern must match the whole of its field, with its case; without patterns all match."""
        for patterns, expected in (
            ({}, True),
            ({"name": "bg:*"}, True),
            ({"name": "bg:poll-[0-9]"}, True),
            ({"name": "bg:"}, False),
            ({"name": "BG:*"}, False),
            ({"coroutine": "*.poll"}, True),
            ({"coroutine": "poll"}, False),
            ({"name": "bg:*", "coroutine": "Client.*"}, True),
            ({"name": "bg:*", "coroutine": "Server.*"}, False),
            ({"name": "fg:*", "coroutine": "Client.*"}, False),
        ):
            with self.subTest(patterns):
                self.assertIs(allowance(**patterns).matches(self.LEAK), expected)

    def test_another_kind(self):
        """An allowance applies to one kind only, whatever the names."""
        self.assertFalse(allowance("coroutine", name="*").matches(self.LEAK))

    def test_apply(self):
        """One that matches is enough; all that match are marked as used, and no others."""
        used = set()
        every, named, other = allowance(), allowance(name="bg:*"), allowance(name="fg:*")
        self.assertTrue(apply((other, named, every), self.LEAK, used))
        self.assertEqual(used, {every, named})
        self.assertFalse(apply((other,), self.LEAK, used))
        self.assertFalse(apply((), self.LEAK, used))
        self.assertEqual(used, {every, named})
