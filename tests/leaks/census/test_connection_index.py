"""The connections of a loop, indexed."""

import asyncio
import unittest

from asynctestkit.leaks.census import connection_index
from asynctestkit.leaks.census.connection_index import ends_of, index_of, indexing


class ConnectionIndexTests(unittest.IsolatedAsyncioTestCase):
    """The loop is a plain one: it lists its connections itself."""

    async def asyncSetUp(self):
        self.loop = asyncio.get_running_loop()
        self.accepted = []

        class Accepting(asyncio.Protocol):
            def connection_made(protocol, transport):
                self.accepted.append((transport, protocol))

        self.server = await self.loop.create_server(Accepting, "127.0.0.1", 0)
        self.address = self.server.sockets[0].getsockname()
        self.opened, self.protocol = await self.loop.create_connection(asyncio.Protocol, *self.address)
        while not self.accepted:
            await asyncio.sleep(0)

    async def asyncTearDown(self):
        for transport in (self.opened, self.accepted[0][0]):
            transport.abort()
        self.server.close()
        await self.server.wait_closed()

    async def test_by_its_ends(self):
        """A connection is found by its own and the other end's address, until it is closed."""
        index = index_of(self.loop)
        ends = ends_of(self.opened)
        self.assertEqual(ends[1], self.address)
        self.assertEqual(index.between(ends), [self.opened])
        self.assertEqual(index.between(ends[::-1]), [self.accepted[0][0]])
        self.opened.abort()
        self.assertEqual(index.between(ends), [])
        self.assertEqual(index.between(("nowhere", None)), [])

    async def test_as_what_a_server_accepted(self):
        """The accepted end is found by itself and by its protocol; others are not."""
        index = index_of(self.loop)
        transport, protocol = self.accepted[0]
        self.assertIs(index.accepted_as(transport), transport)
        self.assertIs(index.accepted_as(protocol), transport)
        self.assertIsNone(index.accepted_as(self.opened))
        self.assertIsNone(index.accepted_as(self.protocol))
        transport.abort()
        self.assertIsNone(index.accepted_as(transport))

    async def test_one_for_many_questions(self):
        """Within a block there is one index; outside of it, each query has its own."""
        self.assertIsNot(index_of(self.loop), index_of(self.loop))
        with indexing(self.loop):
            self.assertIs(index_of(self.loop), index_of(self.loop))
        self.assertEqual(connection_index._indices, {})
