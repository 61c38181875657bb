"""The referrers of many objects are found in one walk over the heap."""

import gc
import types
import unittest
import weakref
from unittest import mock

from asynctestkit.cpython import originals
from asynctestkit.leaks.census.holders import holders_of, owners_by_attributes


class HoldersTests(unittest.TestCase):
    def test_each_has_its_own(self):
        """Every object has its referrers, by its id, and no others."""
        first, second, lonely = [1], [2], [3]
        one, both = {"held": first}, [first, second]
        holders = holders_of(iter((first, second, lonely)))
        self.assertEqual(holders.keys(), {id(first), id(second), id(lonely)})
        self.assertCountEqual(map(id, holders[id(first)]), [id(one), id(both)])
        self.assertEqual([id(each) for each in holders[id(second)]], [id(both)])
        self.assertEqual(holders[id(lonely)], [])

    def test_modules_are_not_looked_into(self):
        """What a C module keeps internally is not touched: on 3.12 some of that is dead."""
        with mock.patch.object(originals.gc, "get_referents", wraps=gc.get_referents) as asked:
            holders_of([[]])
        looked_into = [type(each) for call in asked.call_args_list for each in call.args]
        self.assertTrue(looked_into)
        self.assertNotIn(types.ModuleType, looked_into)

    def test_proxies_are_not_asked(self):
        """A proxy whose object is gone raises if it is asked for anything."""
        gone = weakref.proxy(Owner(None))
        thing = []
        owner = [thing]
        self.assertEqual([id(each) for each in holders_of(iter((thing,)), [gone])[id(thing)]], [id(owner)])

    def test_nothing_asked(self):
        """Without objects the heap is not walked."""
        with mock.patch.object(originals.gc, "get_objects", side_effect=AssertionError):
            self.assertEqual(holders_of([]), {})


class Owner:
    def __init__(self, held):
        self.held = held


class OwnersTests(unittest.TestCase):
    def test_through_attributes_and_containers(self):
        """An owner is found through dictionaries, lists and tuples, up to the given depth."""
        thing, other = [1], [2]
        direct, listed = Owner(thing), Owner([other])
        for depth, expected in ((0, []), (1, [listed]), (3, [listed])):
            with self.subTest(depth=depth):
                found = owners_by_attributes([thing, other], depth)
                owners = {key: [o for o in each if isinstance(o, Owner)] for key, each in found.items()}
                # From 3.11 an instance has its attributes without a dictionary.
                self.assertIn(owners[id(thing)], ([direct], [] if depth == 0 else [direct]))
                if depth != 1:
                    self.assertEqual(owners[id(other)], expected)

    def test_a_lazy_object(self):
        """An owner is not asked for its `__class__`: a lazy object would begin to work, or raise."""

        class Lazy(Owner):
            @property
            def __class__(self):
                raise RuntimeError("not configured")

        thing = [1]
        lazy = Lazy(thing)
        found = owners_by_attributes([thing], depth=1)[id(thing)]
        self.assertEqual([each for each in found if type(each) is Lazy], [lazy])

    def test_what_several_share(self):
        """An owner of a container owns all that is in it."""
        first, second = [1], [2]
        owner = Owner((first, [second]))
        found = owners_by_attributes([first, second], depth=3)
        for thing in (first, second):
            self.assertTrue(any(each is owner for each in found[id(thing)]))
