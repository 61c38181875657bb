"""Pairing members with expectations is a matter of the whole group; what it looks like is in test_groups."""

import itertools
import random
import unittest

from asynctestkit.assertions.group_trees import expected_lines, leaves, matches


class Group(Exception):
    def __init__(self, *exceptions):
        super().__init__()
        self.exceptions = exceptions


class MatchesTests(unittest.TestCase):
    def test_it_finds_a_pairing_where_there_is_one(self):
        """As trying all orders does, which a greedy pairing does not."""
        kinds = (Exception, ArithmeticError, ZeroDivisionError, OverflowError, LookupError, KeyError)
        chosen = random.Random(20)
        for _ in range(300):
            expected = tuple(chosen.choices(kinds, k=4))
            members = [kind() for kind in chosen.choices(kinds, k=4)]
            exists = any(all(map(isinstance, order, expected)) for order in itertools.permutations(members))
            self.assertEqual(matches(expected, members, Group), exists, (expected, members))

    def test_many_members(self):
        """Hundreds are paired at once."""
        members = [ZeroDivisionError() for _ in range(150)] + [OverflowError() for _ in range(150)]
        self.assertTrue(matches((ArithmeticError,) * 150 + (ZeroDivisionError,) * 150, members, Group))
        self.assertFalse(matches((OverflowError,) * 300, members, Group))

    def test_leaves(self):
        """In the order in which they stand."""
        a, b, c = ValueError("a"), ValueError("b"), ValueError("c")
        self.assertEqual(list(leaves(Group(a, Group(Group(b), c)), Group)), [a, b, c])

    def test_what_is_expected_as_a_tree(self):
        """Groups by their size."""
        self.assertEqual(expected_lines((OSError, (KeyError,))), [
            "  a group of 2", "  ├─ OSError", "  └─ a group of 1", "     └─ KeyError",
        ])  # fmt: skip


if __name__ == "__main__":
    unittest.main()
