"""Which tasks handle a connection."""

import asyncio
import contextlib
import unittest

from asynctestkit.leaks.sweeping.connections import connection_handled_by


class Waiting(asyncio.Protocol):
    """Starts a method of its own for each connection."""

    def __init__(self, tasks):
        self.tasks = tasks

    def connection_made(self, transport):
        self.tasks.append(asyncio.ensure_future(self.handle(), loop=asyncio.get_running_loop()))

    async def handle(self):
        await asyncio.get_running_loop().create_future()


class ConnectionTests(unittest.IsolatedAsyncioTestCase):
    """The loop is a plain one: it lists its connections itself."""

    async def asyncSetUp(self):
        self.tasks = []

    async def asyncTearDown(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def settle(self):
        while not self.tasks:
            await asyncio.sleep(0)

    async def test_streams(self):
        """A server's handler is recognized by its streams, and leads to the client's end."""

        async def handle(reader, writer):
            self.tasks.append(asyncio.current_task())
            with contextlib.suppress(asyncio.CancelledError):  # 3.12.1 logs that as an error of its own
                await asyncio.get_running_loop().create_future()
            writer.transport.abort()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await self.settle()
            self.assertIs(connection_handled_by(self.tasks[0]), writer.transport)
            writer.close()
            self.tasks[0].cancel()

    async def test_a_protocol(self):
        """A task that runs a method of the protocol is recognized by `self`."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Waiting(self.tasks), "127.0.0.1", 0)
        async with server:
            transport, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
            await self.settle()
            self.assertIs(connection_handled_by(self.tasks[0]), transport)
            transport.abort()

    async def test_other_tasks(self):
        """A task without such an argument, or one that has not begun or is done, handles no connection."""

        async def waits(argument):
            await asyncio.get_running_loop().create_future()

        async def ends():
            pass

        loop = asyncio.get_running_loop()
        others = [asyncio.create_task(waits(self)), asyncio.create_task(ends())]
        await asyncio.sleep(0)
        self.assertEqual([connection_handled_by(each) for each in others], [None, None])
        server = await loop.create_server(lambda: Waiting(self.tasks), "127.0.0.1", 0)
        async with server:  # also if there is a connection
            transport, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
            await self.settle()
            self.assertEqual([connection_handled_by(each) for each in others], [None, None])
            transport.abort()
        self.tasks += others
