"""Transports that were left open: connections, datagram endpoints, pipes."""

import asyncio
import gc
import os
import socket
import unittest

from asynctestkit import TransportLeaks
from tests.leaks.contract import DetectorContract, run_body
from tests.leaks.kinds.test_servers import unix_path


class Silent(asyncio.Protocol):
    """Keeps its end open, whatever the other end does."""

    def __init__(self):
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def eof_received(self):
        return True

    def connection_lost(self, error):
        if not self.lost.done():
            self.lost.set_result(None)


class Deaf:
    """A listening socket that accepts no connections, and is older than the test."""

    def __init__(self, case):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        case.addCleanup(self.socket.close)
        self.address = self.socket.getsockname()
        self.port = self.address[1]


def is_closed(transport):
    return transport.is_closing() and not any(getattr(transport, name, None) for name in ("_sock", "_pipe"))


class TransportContractTests(DetectorContract, unittest.TestCase):
    detector = TransportLeaks

    def setUp(self):
        super().setUp()
        self.deaf = Deaf(self)

    async def make(self):
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, *self.deaf.address)  # leaks
        return transport

    async def use(self):
        transport = await self.make()
        transport.write(b"not waited for")
        transport.close()

    def assertReleased(self, thing):
        self.assertTrue(is_closed(thing))


class PausedTransportContractTests(TransportContractTests):
    """Only weak references hold a transport that does not read, so it is destroyed when dropped."""

    async def make(self):
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, *self.deaf.address)  # leaks
        transport.pause_reading()
        return transport


class StreamContractTests(TransportContractTests):
    """On 3.12 and later a dropped StreamWriter closes its transport, and Python itself warns."""

    async def make(self):
        _, writer = await asyncio.open_connection(*self.deaf.address)  # leaks
        return writer

    async def use(self):
        writer = await self.make()
        writer.close()
        await writer.wait_closed()

    def assertReleased(self, thing):
        self.assertTrue(is_closed(thing.transport))


class LeaksTestCase(unittest.TestCase):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual([*outcome.errors, *outcome.warnings], [], outcome.report)
        return outcome.leaks

    def names(self, body, **members):
        return [(leak.kind, leak.name) for leak in self.leaks(body, **members)]

    def kinds(self, body, **members):
        return [leak.kind for leak in self.leaks(body, **members)]


class EveryKindOfTransportTests(LeaksTestCase):
    def one(self, body, **members):
        (leak,) = self.leaks(body, **members)
        self.assertEqual(leak.kind, "transport")
        self.assertEqual(leak.created_at[-1].function, "test")
        return leak

    def test_a_connection_of_streams(self):
        """The name has both addresses, and the remedy is the writer's."""
        deaf, names = Deaf(self), []

        async def test(case):
            case.streams = await asyncio.open_connection(*deaf.address)
            names.append(case.streams[1].get_extra_info("sockname"))

        leak = self.one(test)
        self.assertEqual(leak.name, f"127.0.0.1:{names[0][1]} -> 127.0.0.1:{deaf.port}")
        self.assertEqual(leak.description, "connection still open, with protocol StreamReaderProtocol")
        self.assertEqual(leak.remedy, "writer.close(); await writer.wait_closed()")

    def test_a_dropped_stream(self):
        """On every version a dropped StreamWriter is one leak, and nothing else is reported."""
        deaf = Deaf(self)

        async def test(case):
            await asyncio.open_connection(*deaf.address)
            gc.collect()

        self.assertEqual(self.one(test).remedy, "writer.close(); await writer.wait_closed()")

    def test_a_unix_connection(self):
        """A Unix client has no address of its own; its peer has a path."""
        path = unix_path(self)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen()

        async def test(case):
            case.streams = await asyncio.open_unix_connection(path)

        self.assertEqual(self.one(test).name, f"-> {path}")

    def test_a_pair(self):
        """The two ends of a pair have no addresses, and are two leaks."""

        async def test(case):
            loop = asyncio.get_running_loop()
            for end in socket.socketpair():
                await loop.create_connection(asyncio.Protocol, sock=end)

        self.assertEqual([name[:3] for _, name in self.names(test)], ["fd ", "fd "])

    def test_datagram_endpoints(self):
        """A bound endpoint is named by its address, a connected one by both."""
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(peer.close)
        peer.bind(("127.0.0.1", 0))
        names = []

        async def test(case):
            loop = asyncio.get_running_loop()
            for options in ({"local_addr": ("127.0.0.1", 0)}, {"remote_addr": peer.getsockname()}):
                transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, **options)
                names.append(f"127.0.0.1:{transport.get_extra_info('sockname')[1]}")

        leaks = self.leaks(test)
        names[1] += f" -> 127.0.0.1:{peer.getsockname()[1]}"
        self.assertEqual({leak.name for leak in leaks}, set(names))
        self.assertEqual({leak.description[:17] for leak in leaks}, {"datagram endpoint"})
        self.assertEqual({leak.remedy for leak in leaks}, {"transport.close()"})

    def test_pipes(self):
        """Pipes are named by their descriptors, and their directions are distinguished."""

        async def test(case):
            loop = asyncio.get_running_loop()
            read, write = os.pipe()
            await loop.connect_read_pipe(asyncio.Protocol, os.fdopen(read, "rb", 0))
            await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(write, "wb", 0))
            names.extend((f"fd {read}", f"fd {write}"))

        names = []
        found = {leak.name: leak.description.partition(" still")[0] for leak in self.leaks(test)}
        self.assertEqual(found, dict(zip(names, ("pipe for reading", "pipe for writing"), strict=True)))

    def test_closed_transports_of_every_kind(self):
        """Transports that were closed, and not waited for, are no leaks."""
        deaf = Deaf(self)

        async def test(case):
            loop = asyncio.get_running_loop()
            transports = [(await loop.create_connection(asyncio.Protocol, *deaf.address))[0]]
            endpoint = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
            )
            read, write = (os.fdopen(fd, mode, 0) for fd, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
            transports += [
                endpoint[0],
                (await loop.connect_read_pipe(asyncio.Protocol, read))[0],
                (await loop.connect_write_pipe(asyncio.BaseProtocol, write))[0],
            ]
            for transport in transports:
                transport.close()

        self.assertEqual(self.names(test), [])

    def test_the_line_is_found_through_tasks(self):
        """The site has the lines of the task that opened it, after those that started the task."""
        deaf = Deaf(self)

        async def connect():
            return await asyncio.open_connection(*deaf.address)

        async def test(case):
            case.streams = await asyncio.wait_for(connect(), 10)

        (leak,) = self.leaks(test)
        self.assertEqual([place.function for place in leak.created_at][-2:], ["test", "connect"])
