"""The referrers of many objects are found in one walk over the heap."""

import gc
import types
import unittest
import weakref
from pathlib import Path
from unittest import mock

from asynctestkit.cpython import originals
from asynctestkit.leaks.census.holders import holders_of, owned_by


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
    __slots__ = ("__weakref__", "held")  # before 3.11 a dictionary of attributes lies in between

    def __init__(self, held):
        self.held = held


class OwnedTests(unittest.TestCase):
    def test_through_attributes_and_containers(self):
        """What an owner has is found through dictionaries, lists and tuples, up to the given depth."""
        direct, listed, deeper = [1], [2], [3]
        owners = Owner(direct), Owner([listed, {"key": (deeper,)}])
        for depth, expected in enumerate(
            ([direct], [direct, listed], [direct, listed], [direct, listed, deeper])
        ):
            with self.subTest(depth=depth):
                found = owned_by((Owner,), [direct, listed, deeper, *owners], depth)
                self.assertEqual(found, set(map(id, expected)))

    def test_other_owners_do_not_count(self):
        """Only instances of the given types own something, subclasses included."""
        thing = [1]
        owner = type("Special", (Owner,), {})(thing)
        self.assertEqual(owned_by((Path,), [thing], depth=3), set())
        self.assertEqual(owned_by((Path, Owner), [thing], depth=3), {id(owner.held)})

    def test_a_lazy_object(self):
        """An owner is not asked for its `__class__`: a lazy object would begin to work, or raise."""

        class Lazy(Owner):
            @property
            def __class__(self):
                raise RuntimeError("not configured")

        thing = [1]
        lazy = Lazy(thing)
        self.assertEqual(owned_by((Lazy,), [thing], depth=1), {id(lazy.held)})

    def test_what_several_share(self):
        """An owner of a container owns all that is in it."""
        first, second, foreign = [1], [2], [3]
        owner = Owner((first, [second]))
        self.assertEqual(
            owned_by((Owner,), [*owner.held, second, foreign], depth=3),
            {id(first), id(second), id(owner.held[1])},
        )
