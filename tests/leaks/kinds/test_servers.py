"""Servers that were left open."""

import asyncio
import pathlib
import tempfile
import unittest

from asynctestkit import STRICT_DETECTORS, ServerLeaks, no_leaks
from tests.leaks.contract import DetectorContract, Inner, run_body
from tests.running import run_case


async def converse(reader, writer):
    """A correct handler."""
    try:
        writer.write(await reader.read())
    finally:
        writer.close()


async def say_hello(server):
    """A correct client."""
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    writer.write(b"hello")
    writer.write_eof()
    assert await reader.read() == b"hello"
    writer.close()
    await writer.wait_closed()


def unix_path(case):
    """A path for a Unix socket, valid during an outer test."""
    folder = tempfile.TemporaryDirectory()
    case.addCleanup(folder.cleanup)
    return str(pathlib.Path(folder.name) / "socket")


class ServerContractTests(DetectorContract, unittest.TestCase):
    detector = ServerLeaks

    async def make(self):
        return await asyncio.start_server(converse, "127.0.0.1", 0)  # leaks

    async def use(self):
        server = await asyncio.start_server(converse, "127.0.0.1", 0)
        await say_hello(server)
        server.close()
        await server.wait_closed()

    def assertReleased(self, thing):
        self.assertFalse(thing.is_serving())
        self.assertEqual(list(thing.sockets), [])


class WhatIsALeakTests(unittest.TestCase):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual([*outcome.errors, *outcome.warnings], [], outcome.report)
        return outcome.leaks

    def kinds(self, body, **members):
        return [leak.kind for leak in self.leaks(body, **members)]

    def test_the_report_names_address_and_remedy(self):
        """The name is the address, with every socket of the server, and the report has the remedy."""

        async def test(case):
            case.server = await asyncio.start_server(converse, "127.0.0.1", 0)
            ports.append(case.server.sockets[0].getsockname()[1])

        ports = []
        (leak,) = self.leaks(test)
        self.assertEqual(leak.name, f"127.0.0.1:{ports[0]}")
        self.assertEqual(leak.description, "still serving")
        self.assertIn("server.close(); await server.wait_closed()", leak.remedy)

    def test_one_that_was_never_started_is_one(self):
        """A server that was never started is a leak, as its sockets are bound."""

        async def test(case):
            case.server = await asyncio.start_server(converse, "127.0.0.1", 0, start_serving=False)

        (leak,) = self.leaks(test)
        self.assertEqual(leak.description, "never started, and its socket is open")
        self.assertEqual(leak.created_at[-1].function, "test")

    def test_a_unix_server_is_named_by_its_path(self):
        """A Unix server is named by its path."""
        path = unix_path(self)

        async def test(case):
            await asyncio.start_unix_server(converse, path)

        (leak,) = self.leaks(test)
        self.assertEqual((leak.name, leak.created_at[-1].function), (path, "test"))

    def test_whatever_closes_it_in_time_will_do(self):
        """`async with`, `close()` in a cleanup, and a cancelled `serve_forever` each close a server."""

        async def test(case):
            async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
                await say_hello(server)
            server = await asyncio.start_server(converse, "127.0.0.1", 0)
            case.addCleanup(server.close)
            case.startBackground((await asyncio.start_server(converse, "127.0.0.1", 0)).serve_forever())
            await asyncio.sleep(0)

        self.assertEqual(self.kinds(test), [])

    def test_accepted_connections_are_reported_with_it(self):
        """A server and its idle connection, whose client was closed, are one leak; both are released."""

        async def test(case):
            class Idle(asyncio.Protocol):
                def connection_made(self, transport):
                    accepted.append(transport)

                def eof_received(self):
                    return True  # keep it open

            loop = asyncio.get_running_loop()
            server = await loop.create_server(Idle, "127.0.0.1", 0)
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.close()
            await writer.wait_closed()
            await case.settle()

        accepted = []
        self.assertEqual(self.kinds(test), ["server"])
        self.assertTrue(accepted[0].is_closing())

    def test_serve_forever_is_reported_as_the_task(self):
        """A leaked `serve_forever` is one leak, as cancelling the task closes its server."""

        async def test(case):
            server = await asyncio.start_server(converse, "127.0.0.1", 0)
            case.task = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(0)

        self.assertEqual(self.kinds(test), ["task"])

    def test_serve_forever_with_a_connection_is_not_stubborn(self):
        """On 3.12 a cancelled `serve_forever` waits for its connections; the client left open is the leak."""

        async def idle(reader, writer):
            kept.append(writer)

        async def test(case):
            server = await asyncio.start_server(idle, "127.0.0.1", 0)
            case.task = asyncio.create_task(server.serve_forever())
            case.streams = await asyncio.open_connection(*server.sockets[0].getsockname())
            while not kept:
                await asyncio.sleep(0)

        kept = []
        leaks = self.leaks(test, grace_period=0.1, settle_time=0.05)
        self.assertEqual([leak.kind for leak in leaks], ["task", "transport"])
        self.assertEqual(leaks[0].description[:13], "still pending")

    def test_one_of_another_loop_is_no_leak(self):
        """A server on another loop is not charged."""

        def test(case):
            loop = asyncio.SelectorEventLoop()
            self.addCleanup(loop.close)
            server = loop.run_until_complete(asyncio.start_server(converse, "127.0.0.1", 0))
            self.addCleanup(server.close)

        self.assertEqual(self.kinds(test), [])

    def test_an_older_one_is_no_leak(self):
        """A server from before the block, or before the test on a shared loop, is not charged."""

        async def test(case):
            server = await asyncio.start_server(converse, "127.0.0.1", 0)
            async with no_leaks(leak_detectors=STRICT_DETECTORS):
                await say_hello(server)
            server.close()

        self.assertEqual(self.kinds(test), [])

    def test_the_next_test_can_bind_the_port(self):
        """The port of a reported server is free again for the next test."""

        class Binds(Inner):
            port = 0

            async def test(self):
                server = await asyncio.start_server(converse, "127.0.0.1", Binds.port)
                Binds.port = server.sockets[0].getsockname()[1]

        for _ in range(3):
            outcome = run_case(Binds)
            self.assertEqual([leak.kind for leak in outcome.leaks], ["server"], outcome)

    def test_a_server_on_a_loop_that_the_test_closes(self):
        """A server on a loop that the test has closed is reported, and its socket closed."""

        async def start(case):
            case.server = await asyncio.start_server(converse, "127.0.0.1", 0)
            servers.append(case.server)

        def test(case):
            loop = asyncio.get_event_loop()
            loop.run_until_complete(start(case))
            loop.close()

        servers = []
        self.assertEqual(self.kinds(test), ["server"])
        self.assertEqual(list(servers[0].sockets), [])
