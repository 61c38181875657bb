"""All that refers to many objects is found in one walk."""

import gc
import types
import unittest
from unittest import mock

from asynctestkit.cpython import originals
from asynctestkit.leaks.census.holders import holders_of


class HoldersTests(unittest.TestCase):
    def test_each_has_its_own(self):
        """Every object has what refers to it, by its id, and nothing else."""
        first, second, lonely = [1], [2], [3]
        one, both = {"held": first}, [first, second]
        holders = holders_of(iter((first, second, lonely)))
        self.assertEqual(holders.keys(), {id(first), id(second), id(lonely)})
        self.assertCountEqual(map(id, holders[id(first)]), [id(one), id(both)])
        self.assertEqual([id(each) for each in holders[id(second)]], [id(both)])
        self.assertEqual(holders[id(lonely)], [])

    def test_modules_are_not_looked_into(self):
        """What a module written in C keeps for itself is not touched: on 3.12 some of that is dead."""
        with mock.patch.object(originals.gc, "get_referents", wraps=gc.get_referents) as asked:
            holders_of([[]])
        looked_into = [type(call.args[0]) for call in asked.call_args_list]
        self.assertTrue(looked_into)
        self.assertNotIn(types.ModuleType, looked_into)

    def test_nothing_asked(self):
        """Without objects the heap is not walked at all."""
        with mock.patch.object(originals.gc, "get_objects", side_effect=AssertionError):
            self.assertEqual(holders_of([]), {})
