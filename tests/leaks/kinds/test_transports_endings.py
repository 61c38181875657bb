"""Transports: the accepted end, the closing, and what happens to reported ones."""

import asyncio
import gc
import socket
import threading

from asynctestkit import Allowance, LeakError, no_leaks
from tests.leaks.contract import Inner
from tests.leaks.kinds.test_servers import unix_path
from tests.leaks.kinds.test_transports import Deaf, LeaksTestCase, Silent, is_closed
from tests.running import Overheard, overhearing, run_case


class AcceptedConnectionTests(LeaksTestCase):
    async def serve(self, case, protocol=Silent):
        loop = asyncio.get_running_loop()
        case.server = await loop.create_server(protocol, "127.0.0.1", 0)
        case.addCleanup(case.server.close)
        return case.server.sockets[0].getsockname()

    def test_one_that_outlives_its_closed_server_is_one(self):
        """Closing a server leaves its accepted connections open: a leak, at the line of the server."""

        async def test(case):
            address = await self.serve(case)
            _, writer = await asyncio.open_connection(*address)
            names.append((address[1], writer.get_extra_info("sockname")[1]))
            writer.close()
            await writer.wait_closed()

        names = []
        (leak,) = self.leaks(test)
        self.assertEqual(leak.name, "127.0.0.1:{} <- 127.0.0.1:{}".format(*names[0]))
        self.assertIn("accepted connection still open, with protocol Silent", leak.description)
        self.assertEqual(leak.created_at[-1].function, "serve")
        self.assertIn("close_clients()", leak.remedy)

    def test_a_handler_that_forgets_its_writer_is_one(self):
        """A stream handler that does not close its writer is a leak, whose remedy is in the handler."""

        async def forgets(reader, writer):
            handled.append(writer)
            await reader.read()

        async def test(case):
            server = await asyncio.start_server(forgets, "127.0.0.1", 0)
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.close()
            await writer.wait_closed()
            server.close()

        handled = []
        (leak,) = self.leaks(test)
        self.assertTrue(leak.remedy.startswith("writer.close(); await writer.wait_closed() in the handler"))
        self.assertTrue(is_closed(handled[0].transport))

    def test_both_ends_of_one_connection_are_one_leak(self):
        """If the client was not closed, the accepted end had no reason to close: the client is reported."""

        async def test(case):
            case.client = (
                await asyncio.get_running_loop().create_connection(Silent, *await self.serve(case))
            )[0]
            clients.append(case.client)
            await case.settle()
            case.accepted = True

        clients = []
        (leak,) = self.leaks(test)
        self.assertIn(" -> ", leak.name)
        self.assertTrue(is_closed(clients[0]))

    def test_both_ends_of_one_unix_connection_are_one_leak(self):
        """The ends of a Unix connection are matched by their path."""
        path = unix_path(self)

        async def test(case):
            loop = asyncio.get_running_loop()
            server = await loop.create_unix_server(Silent, path)
            case.addCleanup(server.close)
            case.client = await loop.create_unix_connection(Silent, path)
            await case.settle()

        self.assertEqual(self.names(test), [("transport", f"-> {path}")])

    def test_one_that_closes_after_its_peer_is_no_leak(self):
        """A protocol that closes on the end of file gets time to do so, after the last cleanup."""

        async def test(case):
            address = await self.serve(case, asyncio.Protocol)
            _, writer = await asyncio.open_connection(*address)
            writer.close()

        self.assertEqual(self.names(test), [])

    def test_one_whose_peer_is_a_thread_has_the_time(self):
        """An accepted connection is waited for while its other end is in another thread and may close."""
        proceed = threading.Event()

        def connect(address):
            with socket.create_connection(address) as client:
                client.send(b"x")
                proceed.wait(10)

        async def test(case):
            received = asyncio.Event()

            class Waiting(asyncio.Protocol):
                def data_received(self, data):
                    received.set()

            address = await self.serve(case, Waiting)
            thread = threading.Thread(target=connect, args=(address,))
            thread.start()
            self.addCleanup(thread.join)
            await received.wait()
            asyncio.get_running_loop().call_soon(proceed.set)

        self.assertEqual(self.names(test), [])


class ClosingTests(LeaksTestCase):
    def test_one_that_still_sends_has_the_time(self):
        """Data written before the closing is sent completely, after the test's end."""
        received = []

        def receive():
            connection, _ = deaf.socket.accept()
            with connection:
                begin.wait(10)
                while data := connection.recv(1 << 20):
                    received.append(len(data))

        async def test(case):
            _, writer = await asyncio.open_connection(*deaf.address)
            writer.write(b"x" * 20_000_000)
            writer.close()
            asyncio.get_running_loop().call_soon(begin.set)

        deaf, begin = Deaf(self), threading.Event()
        thread = threading.Thread(target=receive)
        thread.start()
        self.assertEqual(self.names(test), [])
        thread.join()
        self.assertEqual(sum(received), 20_000_000)

    def test_one_that_cannot_send_is_given_up_in_silence(self):
        """A closed transport whose peer never reads is no leak, and is not reported later."""
        deaf = Deaf(self)
        kept = []

        async def test(case):
            _, writer = await asyncio.open_connection(*deaf.address)
            writer.write(b"x" * 20_000_000)
            writer.close()
            kept.append(writer.transport)

        self.assertEqual(self.names(test, settle_time=0.05), [])
        heard = Overheard()
        with overhearing(heard):
            kept.clear()
            gc.collect()
        self.assertEqual(
            [str(each.message) for each in heard.warnings if "transport" in str(each.message)], []
        )

    def test_what_a_cancelled_task_closes_is_no_leak(self):
        """A leaked task that closes its connection when cancelled is one leak; the closing is completed."""
        deaf = Deaf(self)

        async def holds(writers):
            _, writer = await asyncio.open_connection(*deaf.address)
            writers.append(writer)
            try:
                await asyncio.sleep(3600)
            finally:
                writer.close()

        async def test(case):
            case.task = asyncio.create_task(holds(writers))
            while not writers:
                await asyncio.sleep(0)

        writers = []
        self.assertEqual(self.kinds(test, settle_time=0.05), ["task"])
        self.assertTrue(is_closed(writers[0].transport))


class ReleaseTests(LeaksTestCase):
    def test_at_the_end_of_a_block(self):
        """What a block has left is closed on its own loop before the block's caller goes on."""
        deaf = Deaf(self)

        async def test(case):
            loop = asyncio.get_running_loop()
            with case.assertRaises(LeakError):
                async with no_leaks():
                    transport, _ = await loop.create_connection(asyncio.Protocol, *deaf.address)
            case.assertTrue(is_closed(transport))

        self.assertEqual(self.names(test), [])

    def test_the_protocol_hears_of_it(self):
        """A protocol gets `connection_lost` in the loop, and may raise without consequence."""
        deaf, heard = Deaf(self), []

        class Raises(asyncio.Protocol):
            def connection_lost(self, error):
                heard.append(asyncio.get_running_loop())
                raise ValueError("not again")

        async def test(case):
            await asyncio.get_running_loop().create_connection(Raises, *deaf.address)

        self.assertEqual(self.kinds(test), ["transport"])
        self.assertEqual(len(heard), 1)

    def test_on_a_loop_that_the_test_closes(self):
        """A connection on a loop that the test has closed is reported, and then destroyed silently."""
        deaf, kept = Deaf(self), []

        async def connect():
            loop = asyncio.get_running_loop()
            kept.append((await loop.create_connection(asyncio.Protocol, *deaf.address))[0])

        def test(case):
            loop = asyncio.get_event_loop()
            loop.run_until_complete(connect())
            loop.close()

        self.assertEqual(self.kinds(test), ["transport"])
        heard = Overheard()
        with overhearing(heard):
            kept.clear()
            gc.collect()
        self.assertEqual(
            [str(each.message) for each in heard.warnings if "transport" in str(each.message)], []
        )

    def test_an_allowed_one_does_not_outlive_its_loop(self):
        """An allowed transport is closed with its loop."""
        deaf, kept = Deaf(self), []

        class Allowed(Inner):
            allowed_leaks = (Allowance("transport", reason="a pool that lives as long as the loop"),)

            async def test(self):
                loop = asyncio.get_running_loop()
                kept.append((await loop.create_connection(asyncio.Protocol, *deaf.address))[0])

        self.assertEqual(run_case(Allowed).complaints, [])
        self.assertTrue(is_closed(kept[0]))
