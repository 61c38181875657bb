"""Open transports that are no leak of the test."""

import asyncio
import gc
import sys
import warnings

from asynctestkit import STRICT_DETECTORS, TransportLeaks, no_leaks
from tests.leaks.contract import run_body
from tests.leaks.kinds.test_servers import converse, say_hello
from tests.leaks.kinds.test_transports import Deaf, LeaksTestCase


class ExemptionTests(LeaksTestCase):
    def test_pipes_of_a_child_are_its_own(self):
        """The pipes of a child process are reported with the child, if at all."""

        async def test(case):
            case.child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "import sys; sys.stdin.read()",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )

            async def end():
                case.child.stdin.close()
                await case.child.wait()

            case.addAsyncCleanup(end)
            async with no_leaks(leak_detectors=(TransportLeaks,)):
                pass

        self.assertEqual(self.kinds(test), [])

    def test_pipes_of_a_child_that_is_left_running(self):
        """No transport is reported for a running child, whatever is reported about the child."""

        async def test(case):
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "import sys; sys.stdin.read()",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            children.append(child)
            try:
                async with no_leaks(leak_detectors=(TransportLeaks,)):
                    pass
                census = [each for each in gc.get_objects() if isinstance(each, TransportLeaks.types)]
                examined.extend(TransportLeaks().examine(each) for each in census)
            finally:
                child.stdin.close()
                await child.wait()

        children, examined = [], []
        self.assertEqual(self.kinds(test), [])
        self.assertTrue(examined)
        self.assertEqual({leak for leak in examined if leak is not None}, set())

    def test_transports_of_other_makes(self):
        """A transport class of the test's own, or a mock of one, is not reported."""

        class Fake(asyncio.Transport):
            def is_closing(self):
                return False

        async def test(case):
            case.fake = Fake()

        self.assertEqual(self.names(test), [])

    def test_one_of_another_loop_is_no_leak(self):
        """A connection on another loop is not charged."""
        deaf = Deaf(self)

        def test(case):
            loop = asyncio.SelectorEventLoop()
            self.addCleanup(loop.close)
            transport, _ = loop.run_until_complete(loop.create_connection(asyncio.Protocol, *deaf.address))
            self.addCleanup(lambda: loop.run_until_complete(asyncio.sleep(0)))
            self.addCleanup(transport.close)

        self.assertEqual(self.names(test), [])

    def test_an_older_one_is_no_leak(self):
        """A transport from before the block is not charged, kept or dropped."""
        deaf = Deaf(self)

        async def test(case):
            loop = asyncio.get_running_loop()
            older = [(await loop.create_connection(asyncio.Protocol, *deaf.address))[0] for _ in range(2)]
            for transport in older:
                transport.pause_reading()
            async with no_leaks(leak_detectors=STRICT_DETECTORS):
                with case.assertWarns(ResourceWarning):
                    older.pop()
                    del transport
                    gc.collect()
            older.pop().close()

        outcome = run_body(test, leak_detectors=())
        self.assertEqual([*outcome.errors, *outcome.failures], [])

    def test_a_transport_whose_warning_is_expected_is_no_leak(self):
        """A test that expects the ResourceWarning has observed the leak."""
        deaf = Deaf(self)

        async def drop():
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(asyncio.Protocol, *deaf.address)
            transport.pause_reading()

        async def test(case):
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                await drop()
                gc.collect()
            case.assertIn("unclosed transport", "".join(str(each.message) for each in heard))

        self.assertEqual(self.names(test), [])

    def test_connections_of_a_shared_server(self):
        """A connection that a server older than the test accepts is not charged."""

        async def test(case):
            server = await asyncio.start_server(converse, "127.0.0.1", 0)
            async with no_leaks(leak_detectors=STRICT_DETECTORS):
                await say_hello(server)
                _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                writer.close()
            server.close()

        self.assertEqual(self.names(test), [])
