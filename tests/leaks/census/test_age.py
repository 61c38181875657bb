"""Whether an object that is being destroyed is older than a test."""

import asyncio
import gc
import io
import os
import sys
import unittest
import weakref

from asynctestkit.leaks.census.age import (
    is_known_to_be_new,
    is_not_among,
    is_older_coroutine,
    is_older_future,
    origin_of,
    reference_to,
)
from asynctestkit.leaks.census.heap import heap


async def coroutine():
    pass


class Thing:
    def __init__(self, *parts):
        self.parts = list(parts)

    def __del__(self):
        pass


class CoroutineTests(unittest.TestCase):
    def made(self, depth):
        before = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(depth)
        self.addCleanup(sys.set_coroutine_origin_tracking_depth, before)
        made = coroutine()
        self.addCleanup(made.close)
        return made

    def test_its_origin_tells(self):
        """Without an origin a coroutine is older, with the requested depth new, with more from debug mode."""
        self.assertTrue(is_older_coroutine(self.made(0), False))
        self.assertFalse(is_older_coroutine(self.made(1), False))
        longer = self.made(5)
        sys.set_coroutine_origin_tracking_depth(1)
        self.assertTrue(is_older_coroutine(longer, False))
        self.assertFalse(is_older_coroutine(longer, True))

    def test_the_origin(self):
        """The origin has the lines that created a coroutine; other objects have none."""
        self.assertEqual(origin_of(self.made(1))[0][2], "made")
        self.assertIsNone(origin_of(self))


class FutureTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.addCleanup(self.loop.close)

    def test_among_the_known(self):
        """A known object is recognized by address and identity, as an address may be reused."""
        future, other = self.loop.create_future(), self.loop.create_future()
        self.assertTrue(is_older_future(future, {id(future): weakref.ref(future)}))
        self.assertFalse(is_older_future(future, {id(future): weakref.ref(other)}))
        self.assertFalse(is_older_future(future, {id(future): None}))
        self.assertFalse(is_older_future(future, {}))
        self.assertFalse(is_older_future(self, {}))

    def test_on_a_frozen_heap(self):
        """An object that the collector does not see is older."""
        older = self.loop.create_future()
        gc.freeze()
        try:
            self.assertTrue(is_older_future(older, None))
            self.assertFalse(is_older_future(self.loop.create_future(), None))
        finally:
            gc.unfreeze()


class AnythingTests(unittest.TestCase):
    def test_without_a_mark(self):
        """Without a mark no object is known to be new."""
        self.assertFalse(heap.is_marked_once())
        self.assertFalse(is_known_to_be_new(Thing()))

    def is_new(self, make, between=lambda: None):
        """Whether an object, created before or after a mark, counts as new when it is destroyed."""
        from asynctestkit.leaks.census.census import Census

        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        census = Census((), ())
        census.open(loop)
        try:
            return is_known_to_be_new(make())
        finally:
            census.close()

    def test_a_thing_written_in_python(self):
        """An object of a Python class is new only if all that it holds is new."""
        older = Thing()
        self.assertTrue(self.is_new(lambda: Thing(Thing())))
        self.assertFalse(self.is_new(lambda: older))

    def test_a_thing_written_in_c(self):
        """The destruction of an object of a C class does not make it visible to the collector."""
        older = io.FileIO(os.devnull)
        self.addCleanup(older.close)
        self.assertFalse(self.is_new(lambda: older))
        new = []
        self.assertTrue(self.is_new(lambda: new.append(io.FileIO(os.devnull)) or new[0]))
        new[0].close()


class KnownTests(unittest.TestCase):
    def test_is_not_among(self):
        """The address of a destroyed object does not remain known."""
        thing, other = Thing(), Thing()
        self.assertTrue(is_not_among({}, thing))
        self.assertFalse(is_not_among({id(thing): weakref.ref(thing)}, thing))
        self.assertTrue(is_not_among({id(thing): weakref.ref(other)}, thing))
        self.assertFalse(is_not_among({id(thing): None}, thing))

    def test_reference_to(self):
        """An object without support for weak references has None."""
        thing = Thing()
        self.assertIs(reference_to(thing)(), thing)
        self.assertIsNone(reference_to([]))
