"""Errors in callbacks."""

import asyncio
import contextlib
import io
import logging
import os
import ssl
import unittest
from unittest import mock

from asynctestkit import CallbackLeaks, TaskLeaks
from tests.leaks.contract import DetectorContract, run_body


class CallbackContractTests(DetectorContract, unittest.TestCase):
    detector = CallbackLeaks
    points_by = "waiting_at"

    async def make(self):
        def throw():
            raise error  # leaks

        error = ValueError("broken")
        asyncio.get_running_loop().call_soon(throw)
        await asyncio.sleep(0)
        return error

    async def use(self):
        asyncio.get_running_loop().call_soon(int)
        await asyncio.sleep(0)


async def say(server, text):
    """A client that sends this, and closes its end when the server has."""
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(text)
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def throw():
    raise ValueError("broken")


class WhatIsALeakTests(unittest.TestCase):
    def test_the_name_and_the_description(self):
        """Name and description are the loop's message and the exception's last line."""

        async def test(case):
            asyncio.get_running_loop().call_soon(throw)
            await asyncio.sleep(0)

        (leak,) = run_body(test).leaks
        self.assertTrue(leak.name.startswith("Exception in callback throw()"), leak.name)
        self.assertEqual(leak.description, "ValueError: broken")
        self.assertEqual([place.function for place in leak.waiting_at], ["throw"])

    def test_a_report_without_an_exception(self):
        """A report may have a message without an exception, and even that may be missing."""
        for context, name in (
            ({"message": "out of descriptors"}, "out of descriptors"),
            ({"message": "tries again", "attempt": 3}, "tries again"),
            ({}, "unhandled exception in event loop"),
        ):
            with self.subTest(name):

                async def test(case, context=context):
                    asyncio.get_running_loop().call_exception_handler(context)

                (leak,) = run_body(test).leaks
                self.assertEqual((leak.kind, leak.name, leak.waiting_at), ("callback", name, ()))
                self.assertEqual(leak.description, "reported to the loop's exception handler")

    def test_other_errors_are_other_detectors(self):
        """An unretrieved exception is another kind, and without the detectors nothing is reported."""

        async def test(case):
            asyncio.get_running_loop().create_future().set_exception(ValueError())
            asyncio.get_running_loop().call_soon(throw)
            await asyncio.sleep(0)

        for detectors, kinds in (((CallbackLeaks,), ["callback"]), ((TaskLeaks,), [])):
            leaks = run_body(test, leak_detectors=detectors).leaks
            self.assertEqual([leak.kind for leak in leaks], kinds)

    def test_what_debug_mode_alone_reports(self):
        """A client that fails its TLS handshake is logged in debug mode only, and is no leak."""

        async def test(case):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
            async with server:
                await say(server, b"no handshake at all")

        for debug in (False, True):
            with self.subTest(debug=debug):
                self.assertEqual(run_body(test, asyncio_debug=debug).leaks, ())

    def test_an_error_after_the_body_counts_too(self):
        """An error in a callback that runs during the sweep is reported."""

        async def test(case):
            asyncio.get_running_loop().call_soon(throw)

        (leak,) = run_body(test).leaks
        self.assertEqual((leak.kind, leak.phase), ("callback", "test"))

    def test_an_error_of_a_swept_task_is_no_second_leak(self):
        """An error that the sweep's cancellation causes is reported with the task."""

        async def hangs():
            try:
                await asyncio.Event().wait()
            finally:
                asyncio.get_running_loop().call_soon(throw)

        async def test(case):
            case.task = asyncio.create_task(hangs())
            await asyncio.sleep(0)

        self.assertEqual([leak.kind for leak in run_body(test).leaks], ["task"])


class LookedAtTests(unittest.TestCase):
    """Errors that are provoked on purpose, and that the test observes."""

    def assertNoLeak(self, body):
        outcome = run_body(body)
        self.assertEqual([outcome.leaks, outcome.complaints], [(), []])

    async def provoke(self):
        asyncio.get_running_loop().call_soon(throw)
        await asyncio.sleep(0)

    def test_by_a_handler_of_the_users(self):
        """A user's exception handler observes errors, even one that calls the default one."""

        async def test(case):
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: loop.default_exception_handler(context))
            await self.provoke()

        self.assertNoLeak(test)

    def test_by_assert_logs(self):
        """`assertLogs` that captures the record, at any level and logger that it reaches, observes errors."""
        for name in ("asyncio", None):
            for level in ("ERROR", "DEBUG"):

                async def test(case, name=name, level=level):
                    with case.assertLogs(name, level):
                        await self.provoke()

                with self.subTest(name=name, level=level):
                    self.assertNoLeak(test)

    def test_by_a_handler_on_the_logger(self):
        """A handler that the test adds observes errors if it keeps them; one that only writes does not."""

        class Keeper(logging.Handler):
            def emit(self, record):
                records.append(record)

        def adding(handler):
            async def test(case):
                logger = logging.getLogger("asyncio")
                logger.addHandler(handler)
                case.addCleanup(logger.removeHandler, handler)
                await self.provoke()

            return test

        records = []
        self.assertNoLeak(adding(Keeper()))
        self.assertEqual(len(records), 1)
        self.assertNoLeak(adding(logging.StreamHandler(io.StringIO())))
        to_file = logging.FileHandler(os.devnull)
        self.addCleanup(to_file.close)
        for handler in (logging.StreamHandler(to_file.stream), to_file, Keeper(logging.CRITICAL)):
            self.assertEqual([leak.kind for leak in run_body(adding(handler)).leaks], ["callback"])

    def test_by_a_patch(self):
        """A patch of asyncio's logger, its `error`, or that of all loggers observes errors."""
        for target in ("asyncio.base_events.logger", "asyncio.log.logger.error", "logging.Logger.error"):

            async def test(case, target=target):
                with mock.patch(target) as patched:
                    await self.provoke()
                case.assertTrue(patched.mock_calls)

            with self.subTest(target):
                self.assertNoLeak(test)

    def test_not_by_another_loggers_capture(self):
        """`assertLogs` on a logger that does not get the record does not observe the error."""

        async def test(case):
            with case.assertLogs("elsewhere"):
                logging.getLogger("elsewhere").warning("seen")
                await self.provoke()

        self.assertEqual([leak.kind for leak in run_body(test).leaks], ["callback"])

    def test_not_where_the_record_is_not_made(self):
        """A capture on a logger whose level excludes errors does not observe them."""

        async def test(case):
            logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
            case.addCleanup(logging.getLogger("asyncio").setLevel, before)
            logging.getLogger().addHandler(handler)
            case.addCleanup(logging.getLogger().removeHandler, handler)
            await self.provoke()

        before, handler = logging.getLogger("asyncio").level, logging.NullHandler()
        self.assertEqual([leak.kind for leak in run_body(test).leaks], ["callback"])


class Told(asyncio.Protocol):
    """Gets the error that has ended its connection."""

    lost: Exception | None = None

    def __init__(self, done):
        self.done = done

    def data_received(self, data):
        raise LookupError("in the protocol")

    def connection_lost(self, error):
        type(self).lost = error
        self.done.set()


class Deaf(asyncio.Protocol):
    """Ignores that error."""

    def data_received(self, data):
        raise LookupError("in the protocol")


class ExemptionTests(unittest.TestCase):
    def kinds(self, body):
        outcome = run_body(body)
        self.assertEqual((outcome.errors, outcome.leak_warnings), ([], []))
        return [(leak.kind, leak.description) for leak in outcome.leaks]

    async def converse(self, make_protocol):
        server = await asyncio.get_running_loop().create_server(make_protocol, "127.0.0.1", 0)
        async with server:
            await say(server, b"x")

    def test_an_error_passed_to_the_protocol(self):
        """An error that `connection_lost` passes to its protocol is no leak; without that method it is."""

        async def tells(case):
            done = asyncio.Event()
            await self.converse(lambda: Told(done))
            await done.wait()

        async def does_not(case):
            await self.converse(Deaf)

        self.assertEqual(self.kinds(tells), [])
        self.assertIsInstance(Told.lost, LookupError)
        self.assertEqual(self.kinds(does_not), [("callback", "LookupError: in the protocol")])

    def test_what_a_callback_of_asyncios_gets_wrong(self):
        """On 3.11.7 and 3.12.1 asyncio's own callback fails on a cancelled task: only a user's is a leak."""

        async def test(case):
            loop = asyncio.get_running_loop()
            asyncios, users = loop.call_soon(asyncio.Event().set), loop.call_soon(lambda: None)
            for handle in (asyncios, users):
                for error in (asyncio.CancelledError(), LookupError("without a line of the user's")):
                    loop.call_exception_handler({"message": "m", "exception": error, "handle": handle})

        self.assertEqual([kind for kind, _ in self.kinds(test)], ["callback"] * 2)

    def test_what_asyncio_gets_wrong(self):
        """A stream server whose handlers are cancelled is no leak, whatever streams.py logs about it."""

        async def handle(reader, writer):
            handlers.append(asyncio.current_task())
            try:
                await reader.read()
            finally:
                writer.transport.abort()

        async def test(case):
            server = await asyncio.start_server(handle, "127.0.0.1", 0)
            async with server:
                _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                while not handlers:
                    await asyncio.sleep(0)
                handlers[0].cancel()
                await asyncio.wait(handlers)
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

        handlers = []
        self.assertEqual(self.kinds(test), [])
