"""One canary for each private name behind transports and servers, as in canaries.py."""

import asyncio
import gc
import os
import pathlib
import socket
import ssl
import sys
import unittest
import warnings

from asynctestkit.cpython import transport_internals
from asynctestkit.cpython.versions import ON_WINDOWS
from tests.cpython.canaries import Canary

CERTIFICATE = pathlib.Path(__file__).parents[1] / "localhost.pem"


def server_side():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_side():
    return ssl.create_default_context(cafile=str(CERTIFICATE))


class TransportCanaries(Canary):
    async def connected(self, protocol=asyncio.Protocol):
        """A transport and the socket at the other end."""
        here, there = socket.socketpair()
        self.addCleanup(there.close)
        transport, _ = await self.loop.create_connection(protocol, sock=here)
        return transport, there

    def close(self, *transports):
        for transport in transports:
            transport.abort()
        self.run_in_loop(asyncio.sleep(0))
        self.run_in_loop(asyncio.sleep(0))

    def test_is_open_and_holds_resource(self):
        """Open, closing with its socket still there, and closed are distinguished."""
        transport, _ = self.run_in_loop(self.connected())
        states = []
        states.append((transport_internals.is_open(transport), transport_internals.holds_resource(transport)))
        transport.close()
        states.append((transport_internals.is_open(transport), transport_internals.holds_resource(transport)))
        self.close()
        states.append((transport_internals.is_open(transport), transport_internals.holds_resource(transport)))
        self.assertEqual(states, [(True, True), (False, True), (False, False)])
        self.assertFalse(transport_internals.is_open(asyncio.Transport()))

    @unittest.skipIf(ON_WINDOWS, "pipes are the proactor's")
    def test_pipes_are_open_until_closed(self):
        """The same holds for the transports of pipes."""
        fds = os.pipe()
        read = self.loop.connect_read_pipe(asyncio.Protocol, os.fdopen(fds[0], "rb", 0))
        write = self.loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(fds[1], "wb", 0))
        transports = [self.run_in_loop(read)[0], self.run_in_loop(write)[0]]
        self.assertEqual([transport_internals.is_open(each) for each in transports], [True, True])
        self.assertTrue(all(isinstance(each, transport_internals.TRANSPORTS) for each in transports))
        for transport in transports:
            transport.close()
        self.close()
        self.assertEqual([transport_internals.holds_resource(each) for each in transports], [False, False])

    def test_carrier_of_and_carried_by_and_carries_tls_and_protocol_above(self):
        """A TLS transport and its carrier refer to each other; it is open while the carrier is."""

        async def connect():
            server = await self.loop.create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=server_side())
            secure, _ = await self.loop.create_connection(
                asyncio.Protocol,
                *server.sockets[0].getsockname(),
                ssl=client_side(),
                server_hostname="localhost",
            )
            return server, secure

        server, secure = self.run_in_loop(connect())
        plain = transport_internals.carrier_of(secure)
        self.assertIsInstance(secure, transport_internals.TRANSPORTS)
        self.assertIsNot(plain, secure)
        self.assertIs(transport_internals.carrier_of(plain), plain)
        self.assertIs(transport_internals.carried_by(plain), secure)
        self.assertIsNone(transport_internals.carried_by(secure))
        self.assertEqual([transport_internals.carries_tls(each) for each in (plain, secure)], [True, False])
        self.assertIs(transport_internals.protocol_above(plain.get_protocol()), secure.get_protocol())
        self.assertIs(transport_internals.protocol_above(secure.get_protocol()), secure.get_protocol())
        self.assertTrue(transport_internals.is_open(secure))
        plain.close()
        self.assertFalse(transport_internals.is_open(secure))
        server.close()
        accepted = (
            transport_internals.carried_by(each) for each in transport_internals.connections_of(self.loop)
        )
        self.close(secure, *filter(None, accepted))
        self.assertIsNone(transport_internals.carrier_of(secure))

    def test_server_of_and_connections_of(self):
        """An accepted connection has its server; a loop lists its open connections."""

        async def connect():
            server = await self.loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
            client, _ = await self.loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
            while len(transport_internals.connections_of(self.loop)) < 2:
                await asyncio.sleep(0)
            return server, client

        server, client = self.run_in_loop(connect())
        (accepted,) = (each for each in transport_internals.connections_of(self.loop) if each is not client)
        self.assertIs(transport_internals.server_of(accepted), server)
        self.assertIsNone(transport_internals.server_of(client))
        server.close()
        self.close(client, accepted)
        self.assertEqual(transport_internals.connections_of(self.loop), [])

    def test_is_watched(self):
        """A transport that the protocol keeps open after the end of file is no longer watched."""

        class Stubborn(asyncio.Protocol):
            def eof_received(self):
                return True

        transport, other_end = self.run_in_loop(self.connected(Stubborn))
        self.run_in_loop(asyncio.sleep(0))
        self.assertTrue(transport_internals.is_watched(transport))
        other_end.shutdown(socket.SHUT_WR)
        for _ in range(3):
            self.run_in_loop(asyncio.sleep(0))
        self.assertFalse(transport_internals.is_watched(transport))
        self.close(transport)
        self.assertFalse(transport_internals.is_watched(transport))

    @unittest.skipIf(ON_WINDOWS, "pipes are the proactor's")
    def test_serves_subprocess(self):
        """A pipe to a child is recognized by its protocol."""

        async def spawn():
            child, _ = await self.loop.subprocess_exec(
                asyncio.SubprocessProtocol, sys.executable, "-c", "import sys; sys.stdin.read()"
            )
            found = [transport_internals.serves_subprocess(child.get_pipe_transport(fd)) for fd in range(3)]
            child.get_pipe_transport(0).close()
            await child._wait()
            child.close()
            return found

        self.assertEqual(self.run_in_loop(spawn()), [True] * 3)
        transport, _ = self.run_in_loop(self.connected())
        self.assertFalse(transport_internals.serves_subprocess(transport))
        self.close(transport)

    def drop(self, protocol=asyncio.Protocol):
        """The warnings that are issued when an open transport is dropped."""
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            transport, _ = self.run_in_loop(self.connected(protocol))
            self.run_in_loop(asyncio.sleep(0))
            transport.pause_reading()
            yield transport
            del transport
            gc.collect()
        yield [str(each.message) for each in heard if "transport" in str(each.message)]

    def test_hook_unclosed_transports(self):
        """The hook gets an open transport when it is dropped, and decides whether Python warns."""
        for is_taken in (True, False):
            seen = []

            def hook(transport, is_taken=is_taken, seen=seen):
                seen.append(type(transport).__name__)
                return is_taken

            undo = transport_internals.hook_unclosed_transports(hook)
            dropping = self.drop()
            next(dropping)
            said = next(dropping)
            undo()
            self.assertEqual(seen, ["_SelectorSocketTransport"])
            self.assertEqual(len(said), not is_taken)

    def test_silence(self):
        """A silenced transport is destroyed without a warning."""
        undo = transport_internals.hook_unclosed_transports(lambda _: False)
        self.addCleanup(undo)
        dropping = self.drop()
        transport_internals.silence(next(dropping))
        self.assertEqual(next(dropping), [])

    @unittest.skipUnless(
        hasattr(asyncio.StreamWriter, "__del__"), "writers do not close themselves before 3.11.5"
    )
    def test_hook_unclosed_transports_by_their_writer(self):
        """A dropped writer passes its transport to the hook and closes it, with a warning or without."""

        async def open_stream():
            here, there = socket.socketpair()
            self.addCleanup(there.close)
            return await asyncio.open_connection(sock=here)

        for is_taken in (True, False):
            seen = []

            def hook(transport, is_taken=is_taken, seen=seen):
                seen.append(transport)
                return is_taken

            undo = transport_internals.hook_unclosed_transports(hook)
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                self.run_in_loop(open_stream())
                gc.collect()
            undo()
            self.assertEqual([each.is_closing() for each in seen], [True])
            self.assertEqual(len(heard), not is_taken)
            self.close(*seen)
