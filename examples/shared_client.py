"""A client that a program keeps for ever: each test has its own, and a connection left open is told."""

import asyncio
import unittest
from typing import ClassVar

from asynctestkit import HygienicAsyncTestCase, LeakError, no_leaks


class Client:
    """One connection, made when it is first needed and kept in the class."""

    writer: asyncio.StreamWriter
    _shared: ClassVar["Client | None"] = None

    @classmethod
    async def shared(cls, port: int) -> "Client":
        if cls._shared is None:
            cls._shared = cls()
            _, cls._shared.writer = await asyncio.open_connection("127.0.0.1", port)
        return cls._shared

    @classmethod
    async def close_shared(cls) -> None:
        client, cls._shared = cls._shared, None
        if client is not None:
            client.writer.close()
            await client.writer.wait_closed()


class ClientTests(HygienicAsyncTestCase):
    async def asyncSetUp(self) -> None:
        async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(ignore, "127.0.0.1", 0)
        self.addAsyncCleanup(server.wait_closed)
        self.addCleanup(server.close)
        self.addAsyncCleanup(Client.close_shared)  # or the next test would get a dead connection
        self.port: int = server.sockets[0].getsockname()[1]

    async def test_it_is_kept(self) -> None:
        self.assertIs(await Client.shared(self.port), await Client.shared(self.port))

    async def test_one_that_is_left_open_is_told(self) -> None:
        """A connection belongs to a loop, and so to the test, whoever keeps it."""
        with self.assertRaises(LeakError) as caught:
            async with no_leaks(settle_time=0.05):  # for what may still end by itself
                await Client.shared(self.port)
        self.assertEqual([leak.kind for leak in caught.exception.leaks], ["transport"])


if __name__ == "__main__":
    unittest.main()
