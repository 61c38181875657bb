"""How objects are related to event loops."""

import asyncio
import unittest

from asynctestkit.leaks.census.loop_relations import (
    is_related_to_asyncio,
    loops_of,
    parts_of,
    parts_of_asyncio,
)


class Plain:
    pass


class Awaiting:
    async def close(self):
        pass


class Generating:
    async def items(self):
        yield


class RelationsTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.addCleanup(self.loop.close)

    def holding(self, held):
        holder = Plain()
        holder.held = held
        return holder

    def test_loops_of(self):
        """The loops are the object itself, one that it holds, or that of a held future; each once."""
        future = self.loop.create_future()
        for thing in (
            self.loop,
            self.holding(self.loop),
            self.holding(future),
            self.holding([future, self.loop]),
        ):
            self.assertEqual(loops_of(thing), [self.loop])
        self.assertEqual(loops_of(self.holding("nothing")), [])

    def test_not_by_way_of_code(self):
        """References through classes are not followed, as they lead to everything."""
        Plain.loop = self.loop
        self.addCleanup(delattr, Plain, "loop")
        self.assertEqual(loops_of(Plain()), [])

    def test_not_beyond_loops(self):
        """Objects that a loop holds are not parts of an object that holds the loop."""
        other = asyncio.SelectorEventLoop()
        self.addCleanup(other.close)
        self.loop.other = other
        self.assertEqual(loops_of(self.holding(self.loop)), [self.loop])

    def test_is_related_to_asyncio(self):
        """An object is related by what it holds, or by its asynchronous methods."""
        future = self.loop.create_future()
        for thing in (Awaiting(), Generating(), self.holding(future), self.loop):
            self.assertTrue(is_related_to_asyncio(thing), thing)
        for thing in (Plain(), [], self.holding({"a": Plain()}), open.__doc__):
            self.assertFalse(is_related_to_asyncio(thing), thing)

    def test_parts(self):
        """The nearest parts come first, and their number is bounded, though there are cycles."""
        thing = self.holding(None)
        thing.held = thing
        self.assertIs(next(iter(parts_of(thing))), thing)
        self.assertEqual(sum(part is thing for part in parts_of(thing)), 1)
        many = [Plain() for _ in range(5000)]
        self.assertLess(len(list(parts_of(many))), 300)

    def test_parts_of_asyncio(self):
        """Only objects that asyncio has created are found."""
        future = self.loop.create_future()
        self.assertEqual(list(parts_of_asyncio(self.holding([Plain(), future]))), [future])
