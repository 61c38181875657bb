"""`async_iterator` in real `async for`."""

import asyncio
import itertools
import unittest
from collections.abc import AsyncIterator

from asynctestkit.mocks import after, async_iterator, never


class IteratorTests(unittest.IsolatedAsyncioTestCase):
    async def test_it_gives_its_items_once(self):
        """Items come in order, once."""
        cursor = async_iterator([1, 2])
        self.assertEqual([row async for row in cursor], [1, 2])
        self.assertEqual([row async for row in cursor], [])
        self.assertEqual(cursor.__anext__.await_count, 4)
        self.assertIs(aiter(cursor), cursor)
        self.assertIsInstance(cursor, AsyncIterator)

    async def test_exceptions_come_at_their_point(self):
        """An exception among the items is raised at its place; later items can still be requested."""
        cursor, rows = async_iterator([1, ConnectionError("lost"), 2]), []
        with self.assertRaisesRegex(ConnectionError, "lost"):
            async for row in cursor:
                rows.append(row)
        self.assertEqual(rows, [1])
        self.assertEqual(await anext(cursor), 2)

    async def test_items_take_their_time(self):
        """Delays and `never()` among the items can be cancelled."""
        messages = async_iterator([after(0, "late"), never()])
        self.assertEqual(await anext(messages), "late")
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(messages), 0.001)

    async def test_closing_ends_it(self):
        """After `aclose` there are no more items, and that it was closed can be asserted."""
        cursor = async_iterator([1, 2])
        await anext(cursor)
        await cursor.aclose()
        self.assertEqual([row async for row in cursor], [])
        cursor.aclose.assert_awaited_once_with()

    async def test_an_endless_subscription_leaves_others_a_turn(self):
        """A consumer of an endless generator can be cancelled, though every item is available at once."""
        got = []

        async def consume():
            async for message in async_iterator(itertools.count()):
                got.append(message)

        task = asyncio.create_task(consume())
        while not got:
            await asyncio.sleep(0)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(got[:2], [0, 1][: len(got)])
