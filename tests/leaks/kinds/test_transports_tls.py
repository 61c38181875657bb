"""TLS transports that were left open."""

import asyncio
import gc
import sys
import threading
import unittest

from asynctestkit import DEFAULT_DETECTORS
from asynctestkit.cpython import transport_internals
from tests.cpython.test_transport_internals import client_side, server_side
from tests.leaks.contract import run_body
from tests.leaks.kinds.test_servers import converse
from tests.leaks.kinds.test_transports import Deaf, LeaksTestCase, Silent, is_closed


class TlsTests(LeaksTestCase):
    async def serve(self, case, handle=converse):
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=server_side())
        case.addCleanup(server.close)
        return server

    def connect(self, server, **options):
        return asyncio.open_connection(
            "127.0.0.1", server.sockets[0].getsockname()[1], ssl=client_side(), **options
        )

    def test_a_connection_is_one_leak(self):
        """A TLS transport and its carrier are one leak, at the line that opened it."""

        async def idle(reader, writer):
            kept.append(writer)

        async def test(case):
            server = await self.serve(case, idle)
            case.streams = await self.connect(server)
            server.close()

        kept = []
        (leak,) = self.leaks(test)
        self.assertEqual(leak.description, "TLS connection still open, with protocol StreamReaderProtocol")
        self.assertEqual(leak.created_at[-1].function, "test")

    def test_a_dropped_connection_is_one_leak(self):
        """Dropped without being read, both transports are destroyed with one report; so is their socket."""

        async def test(case):
            async def idle(reader, writer):
                kept.append(writer)

            server = await self.serve(case, idle)
            loop = asyncio.get_running_loop()
            port = server.sockets[0].getsockname()[1]
            transport, _ = await loop.create_connection(
                asyncio.Protocol, "127.0.0.1", port, ssl=client_side()
            )
            transport_internals.carrier_of(transport).pause_reading()
            del transport
            gc.collect()
            server.close()

        kept = []
        outcome = run_body(test)
        self.assertEqual([leak.kind for leak in outcome.leaks if leak.kind != "socket"], ["transport"])
        self.assertEqual([each for each in outcome.warnings if "transport" in str(each.message)], [])

    def test_a_closing_connection_has_the_time(self):
        """A closed TLS connection that waits for a slow peer's answer is no leak."""
        deaf, answer = Deaf(self), threading.Event()

        def serve():
            plain, _ = deaf.socket.accept()
            with server_side().wrap_socket(plain, server_side=True) as secure:
                answer.wait(10)
                self.assertEqual(secure.recv(1), b"")

        async def test(case):
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(
                Silent, *deaf.address, ssl=client_side(), server_hostname="localhost"
            )
            kept.append(transport)
            transport.close()
            loop.call_later(0.05, answer.set)

        kept = []
        thread = threading.Thread(target=serve)
        thread.start()
        self.assertEqual(self.names(test, leak_detectors=DEFAULT_DETECTORS), [])
        thread.join()
        self.assertTrue(is_closed(kept[0]))

    def test_a_closed_connection_is_no_leak(self):
        """A closed connection gets time to shut down, with the peer's close or without."""

        async def test(case):
            server = await self.serve(case)
            _, writer = await self.connect(server)
            writer.write(b"x" * 100_000)
            writer.close()
            server.close()

        self.assertEqual(self.names(test), [])

    @unittest.skipIf(sys.version_info < (3, 11), "StreamWriter.start_tls is new in 3.11")
    def test_a_connection_that_was_upgraded(self):
        """After `start_tls` there is one transport to close, created where the plain one was."""

        async def upgrades(reader, writer):
            writer.write(await reader.readline())
            await writer.start_tls(server_side())
            kept.append(writer)

        async def test(case):
            server = await asyncio.start_server(upgrades, "127.0.0.1", 0)
            case.addCleanup(server.close)
            case.streams = await asyncio.open_connection(*server.sockets[0].getsockname())
            case.streams[1].write(b"upgrade\n")
            await case.streams[0].readline()
            await case.streams[1].start_tls(client_side(), server_hostname="localhost")

        kept = []
        (leak,) = self.leaks(test)
        self.assertEqual(leak.description[:14], "TLS connection")
        self.assertEqual(leak.created_at[-1].function, "test")
