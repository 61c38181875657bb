"""Sockets that were left open."""

import asyncio
import gc
import logging.handlers
import multiprocessing.connection
import socket
import ssl
import threading
import unittest
import warnings
from unittest import mock

from asynctestkit import HygienicAsyncTestCase, SocketLeaks, no_leaks
from tests.leaks.contract import DetectorContract, run_body
from tests.running import Overheard, overhearing

KEPT = []


class SocketContractTests(DetectorContract, unittest.TestCase):
    detector = SocketLeaks

    async def make(self):
        return socket.socket()  # leaks

    async def use(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = await asyncio.start_server(lambda reader, writer: writer.close(), sock=listener)
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            await reader.read()
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()

    def assertReleased(self, thing):
        self.assertEqual(thing.fileno(), -1)

    def assertUntouched(self, thing):
        self.assertNotEqual(thing.fileno(), -1)
        thing.close()


class Leaks(unittest.TestCase):
    """Asserts what a test leaves, as (name, description), and that nothing else is reported."""

    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual([outcome.errors, outcome.warnings, outcome.output], [[], [], ""], outcome)
        self.assertEqual({leak.kind for leak in outcome.leaks} - {"socket"}, set())
        return [(leak.name, leak.description) for leak in outcome.leaks]


class DescriptionTests(Leaks):
    def test_a_listening_socket(self):
        """A listening socket is named by its address, and described as listening."""

        def test(case):
            case.held = socket.create_server(("127.0.0.1", 0))
            self.port = case.held.getsockname()[1]

        self.assertEqual(self.leaks(test), [(f"tcp 127.0.0.1:{self.port}", "still open, listening")])

    def test_both_ends_of_a_connection(self):
        """Address and peer of each end are shown; the accepted one is a leak as well."""

        def test(case):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                case.client = socket.create_connection(listener.getsockname())
                case.accepted, _ = listener.accept()
            self.here, self.there = (f"127.0.0.1:{s.getsockname()[1]}" for s in (case.client, case.accepted))

        found = set(self.leaks(test))
        ends = (self.here, self.there), (self.there, self.here)
        self.assertEqual(found, {(f"tcp {end}", f"still open, connected to {peer}") for end, peer in ends})

    def test_the_families(self):
        """Datagram, IPv6, Unix and unbound sockets have different descriptions."""

        def test(case):
            case.udp = socket.socket(type=socket.SOCK_DGRAM)
            case.pair = socket.socketpair()
            case.raw = socket.socket(socket.AF_INET6)
            case.raw.bind(("::1", 0))
            self.port = case.raw.getsockname()[1]

        self.assertEqual(
            sorted(self.leaks(test)),
            [
                (f"tcp [::1]:{self.port}", "still open, not connected"),
                ("udp 0.0.0.0:0", "still open, not connected"),
                ("unix unnamed", "still open, connected to unnamed"),
                ("unix unnamed", "still open, connected to unnamed"),
            ],
        )

    def test_a_socket_of_another_protocol(self):
        """A socket of a protocol that cannot listen is described all the same."""
        with mock.patch.object(socket.socket, "getsockopt", side_effect=OSError):

            def test(case):
                case.held = socket.socket()

            self.assertEqual(self.leaks(test), [("tcp 0.0.0.0:0", "still open, not connected")])

    def test_tls(self):
        """A TLS socket is one leak; the one that it was made from has handed over its descriptor."""

        def test(case):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            with socket.create_server(("127.0.0.1", 0)) as listener:
                plain = socket.create_connection(listener.getsockname())
                case.held = context.wrap_socket(
                    plain, server_hostname="localhost", do_handshake_on_connect=False
                )
            self.port = case.held.getsockname()[1]

        ((name, _),) = self.leaks(test)
        self.assertEqual(name, f"tcp 127.0.0.1:{self.port}")

    def test_a_subclass_that_answers_otherwise(self):
        """Methods that a subclass overrides change nothing."""

        class Odd(socket.socket):
            def refuse(self, *args):
                raise AssertionError

            fileno = getsockname = getpeername = getsockopt = detach = close = refuse

        def test(case):
            case.held = self.held = Odd()

        self.assertEqual(self.leaks(test), [("tcp 0.0.0.0:0", "still open, not connected")])
        self.assertEqual(socket.socket.fileno(self.held), -1)

    def test_what_files_hold_open_is_closed(self):
        """Releasing a closed socket closes its descriptor, which a file of `makefile` keeps open."""

        def test(case):
            self.near, self.far = socket.socketpair()
            self.file = self.near.makefile("rb")
            self.near.close()

        self.assertEqual(len(self.leaks(test)), 2)
        self.assertEqual(self.near.fileno(), -1)


class InnocenceTests(Leaks):
    def assertNone(self, body, **members):
        self.assertEqual(self.leaks(body, **members), [])

    def test_sockets_of_transports_and_servers(self):
        """A socket of a transport, a server or asyncio itself is not reported as a socket."""
        listener = socket.create_server(("127.0.0.1", 0))

        async def test(case):
            case.server = await asyncio.start_server(print, sock=listener.dup())
            case.streams = await asyncio.open_connection(*listener.getsockname())
            client = socket.create_connection(listener.getsockname())
            case.more = await asyncio.open_connection(sock=client)
            await case.settle()

        with listener, overhearing(Overheard()):  # announced when destroyed after their loop
            outcome = run_body(test, leak_detectors=(SocketLeaks,))
            gc.collect()
        self.assertEqual(outcome.leaks, ())

    def test_the_self_pipe_of_a_loop(self):
        """The sockets of a second loop that was not closed are not reported."""

        def test(case):
            case.held = self.loop = asyncio.SelectorEventLoop()

        self.assertNone(test)
        self.loop.close()

    def test_what_sock_accept_gives_is_the_users(self):
        """A socket from `loop.sock_accept` is a leak, as its caller has to close it."""

        async def test(case):
            with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
                listener.setblocking(False)
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(client, listener.getsockname())
                case.held, _ = await loop.sock_accept(listener)

        self.assertEqual(len(self.leaks(test)), 1)

    def test_detached_sockets(self):
        """A socket that was detached is closed, whatever holds it."""

        def test(case):
            case.held = socket.socket()
            socket.close(case.held.detach())

        self.assertNone(test)

    def test_sockets_of_libraries(self):
        """Sockets that logging and multiprocessing create for themselves are no leaks."""
        listener = socket.create_server(("127.0.0.1", 0))

        def test(case):
            case.handler = self.handler = logging.handlers.SocketHandler(*listener.getsockname())
            case.handler.createSocket()
            case.listener = self.listener = multiprocessing.connection.Listener(("127.0.0.1", 0))

        with listener:
            self.assertNone(test)
        self.handler.close()
        self.listener.close()

    def test_sockets_of_foreign_threads(self):
        """Sockets of threads that the test has not started are no leaks; those of its own threads are."""
        wanted, made, end = threading.Event(), threading.Event(), threading.Event()

        def foreign():
            wanted.wait()
            with socket.socket():
                made.set()
                end.wait()

        def test(case):
            wanted.set()
            made.wait()

        def starts_its_own(case):
            thread = threading.Thread(target=lambda: case.__dict__.update(held=socket.socket()))
            thread.start()
            thread.join()

        thread = threading.Thread(target=foreign)
        thread.start()
        self.assertNone(test)
        end.set()
        thread.join()
        self.assertEqual(len(self.leaks(starts_its_own)), 1)

    def test_sockets_of_exceptions_that_are_kept(self):
        """What an exception has is its keeper's, unless the test failed of it: that only reports it."""
        kept = KEPT
        self.addCleanup(KEPT.clear)

        def caught(case):
            kept.append(ConnectionError(socket.socket()))

        def failed(case):
            caught(case)
            raise kept[-1]

        def failed_in_a_subtest(case):
            with case.subTest():
                failed(case)

        self.assertEqual(run_body(caught).complaints, [])
        for body in (failed, failed_in_a_subtest):
            outcome = run_body(body)
            self.assertEqual(len(outcome.errors), 1)
            self.assertRegex("".join(outcome.leak_warnings), "socket 'tcp .*still open")
        for error in kept:
            error.args[0].close()

    def test_sockets_that_are_older(self):
        """A socket from before the test, or the block, is not charged, kept or dropped."""

        async def test(case):
            older = [socket.socket(), socket.socket()]
            async with no_leaks():
                older.pop().close()
                older[0].listen()
            older.pop().close()

        self.assertNone(test)


class DroppedTests(Leaks):
    def test_whatever_the_filters_say(self):
        """A dropped socket is reported even if ResourceWarnings are filtered out."""

        def test(case):
            socket.socket()

        for action in ("ignore", "error", "default"):
            with self.subTest(action), warnings.catch_warnings():
                warnings.simplefilter(action)
                result = unittest.TestResult()
                type("Inner", (HygienicAsyncTestCase,), {"test": test})("test").run(result)
                self.assertEqual(len(result.failures), 1)

    def test_a_test_that_observes_is_not_charged(self):
        """A test that records, expects or deliberately ignores the warning is not charged."""

        def expects(case):
            with case.assertWarns(ResourceWarning):
                socket.socket()

        def records(case):
            with warnings.catch_warnings(record=True) as recorded:
                warnings.simplefilter("always")
                socket.socket()
            case.assertEqual([each.category for each in recorded], [ResourceWarning])

        def ignores(case):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                socket.socket()

        def has_a_hook(case):
            seen = []
            with (
                warnings.catch_warnings(),
                mock.patch("sys.unraisablehook", lambda error: seen.append(error.exc_type)),
            ):
                warnings.simplefilter("error")
                socket.socket()
            case.assertEqual(seen, [ResourceWarning])

        for body in (expects, records, ignores, has_a_hook):
            with self.subTest(body.__name__):
                self.assertEqual(self.leaks(body), [])

    def test_filters_that_say_nothing_of_it_change_nothing(self):
        """Filters that the test has replaced, without one for such warnings, change nothing."""

        def test(case):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                socket.socket()

    def test_in_a_thread_of_the_tests(self):
        """A socket that a thread of the test drops is the test's leak."""

        def test(case):
            thread = threading.Thread(target=lambda: socket.socket() and None)
            thread.start()
            thread.join()

        self.assertEqual(len(self.leaks(test)), 1)

    def test_other_warnings_are_issued_as_usual(self):
        """A warning that is no leak of the test is issued as usual: once, as the filters say."""

        def drops(case):
            self.older.clear()
            gc.collect()

        self.older = [socket.socket()]
        outcome = run_body(drops)
        self.assertEqual([each.category for each in outcome.warnings], [ResourceWarning])
        self.assertEqual(outcome.leaks, ())

    def test_the_filters_are_given_back(self):
        """After the test the filters are as before."""
        before = list(warnings.filters)
        run_body(lambda case: None)
        self.assertEqual(warnings.filters, before)
