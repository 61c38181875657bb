"""Members are paired with expectations over the whole group; test_groups has the messages."""

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
        """A pairing is found whenever trying all orders finds one, which a greedy pairing does not."""
        kinds = (Exception, ArithmeticError, ZeroDivisionError, OverflowError, LookupError, KeyError)
        chosen = random.Random(20)
        for _ in range(300):
            expected = tuple(chosen.choices(kinds, k=4))
            members = [kind() for kind in chosen.choices(kinds, k=4)]
            exists = any(all(map(isinstance, order, expected)) for order in itertools.permutations(members))
            self.assertEqual(matches(expected, members, Group), exists, (expected, members))

    def test_many_members(self):
        """Hundreds of members are paired without delay."""
        members = [ZeroDivisionError() for _ in range(150)] + [OverflowError() for _ in range(150)]
        self.assertTrue(matches((ArithmeticError,) * 150 + (ZeroDivisionError,) * 150, members, Group))
        self.assertFalse(matches((OverflowError,) * 300, members, Group))

    def test_leaves(self):
        """Leaves are listed in the order of the group."""
        a, b, c = ValueError("a"), ValueError("b"), ValueError("c")
        self.assertEqual(list(leaves(Group(a, Group(Group(b), c)), Group)), [a, b, c])

    def test_what_is_expected_as_a_tree(self):
        """An expected group is shown with its size."""
        self.assertEqual(expected_lines((OSError, (KeyError,))), [
            "  a group of 2", "  ├─ OSError", "  └─ a group of 1", "     └─ KeyError",
        ])  # fmt: skip


if __name__ == "__main__":
    unittest.main()
