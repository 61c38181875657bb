"""`assertCancelSafe` of code that uses servers: within the run, and of the test's own loop."""

import asyncio
import os
import socket
import unittest

from asynctestkit import HygienicAsyncTestCase
from tests.case_runs import run_body


async def echo(reader, writer):
    try:
        writer.write(await reader.readline())
        await writer.drain()
    finally:
        writer.close()


async def ask(address):
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(b"x\n")
        await reader.readline()
    finally:
        writer.close()


async def receive(end):
    await asyncio.get_running_loop().sock_recv(end, 1)


class OwnServerTests(HygienicAsyncTestCase):
    async def test_a_server_of_the_run(self):
        """A server that the coroutine starts and closes is safe, also while asyncio starts it."""

        async def work():
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            async with server:
                await ask(server.sockets[0].getsockname())

        await self.assertCancelSafe(work)

    @unittest.skipUnless(hasattr(asyncio, "start_unix_server"), "has no Unix sockets")
    async def test_a_unix_server_of_the_run(self):
        """The same for a Unix socket."""
        path = os.fspath(self.makeTempDir() / "socket")

        async def work():
            async with await asyncio.start_unix_server(echo, path):
                await asyncio.sleep(0)

        await self.assertCancelSafe(work)

    async def test_a_server_that_is_started_later(self):
        """`start_serving=False` keeps its meaning."""

        async def work():
            server = await asyncio.start_server(echo, "127.0.0.1", 0, start_serving=False)
            try:
                self.assertFalse(server.is_serving())
                await server.start_serving()
            finally:
                server.close()

        await self.assertCancelSafe(work)

    async def test_a_server_that_is_not_closed(self):
        """A server that the code itself leaves open when it is cancelled is a fault."""

        async def work():
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            await asyncio.sleep(1)  # waits: on virtual time
            server.close()

        with self.assertRaisesRegex(AssertionError, "left behind: server '127.0.0.1:"):
            await self.assertCancelSafe(work)


class OuterServerTests(unittest.TestCase):
    def test_a_server_of_the_tests_own_loop(self):
        """It cannot answer, so the deadline ends the test; the report says why, and where to create it."""

        async def test(self):
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            self.addCleanup(server.close)
            await self.assertCancelSafe(lambda: ask(server.sockets[0].getsockname()))

        text = run_body(test, deadline=0.3).text()
        for each in (
            "it waited in another loop, which ran within the test's own:\n  task '",
            "', ask()\n",
            "await reader.readline()",
            "stood still meanwhile, and so did what it serves: '127.0.0.1:",
            "remedy: create in the same coroutine what it waits for, such as the server",
        ):
            self.assertIn(each, text)
        self.assertNotIn("selectors.py", text)

    def test_without_a_server(self):
        """What else it may wait for is not guessed."""
        near, far = socket.socketpair()
        self.addCleanup(near.close)
        self.addCleanup(far.close)
        near.setblocking(False)

        async def test(self):
            await self.assertCancelSafe(lambda: receive(near))

        text = run_body(test, deadline=0.3).text()
        self.assertIn("it waited in another loop, which ran within the test's own:\n  task '", text)
        self.assertIn("remedy: create in the same coroutine what it waits for", text)
        self.assertNotIn("what it serves", text)


if __name__ == "__main__":
    unittest.main()
