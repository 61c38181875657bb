"""Descriptors that the loop still watches."""

import asyncio
import itertools
import socket
import unittest

from asynctestkit import DEFAULT_DETECTORS, STRICT_DETECTORS, WatcherLeaks, no_leaks
from tests.leaks.contract import DetectorContract, run_body
from tests.leaks.kinds.test_servers import converse, say_hello


def pairs(case, count):
    """Pairs of sockets that are older than the inner test."""
    found = [end for _ in range(count) for end in socket.socketpair()]
    for each in found:
        case.addCleanup(each.close)
    return found


class Watched:
    """One descriptor on the running loop."""

    def __init__(self, loop, watched):
        self.loop, self.watched = loop, watched


class WatcherContractTests(DetectorContract, unittest.TestCase):
    detector = WatcherLeaks

    def setUp(self):
        super().setUp()
        self.sockets = itertools.cycle(pairs(self, 5))

    async def make(self):
        loop, watched = asyncio.get_running_loop(), next(self.sockets)
        loop.add_reader(watched, print)  # leaks
        return Watched(loop, watched)

    async def use(self):
        thing = await self.make()
        thing.loop.add_writer(thing.watched, thing.loop.remove_writer, thing.watched)
        thing.loop.remove_reader(thing.watched)

    def assertReleased(self, thing):
        self.assertFalse(thing.loop.remove_reader(thing.watched))


class WhatIsALeakTests(unittest.TestCase):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual([*outcome.errors, *outcome.warnings], [], outcome.report)
        return outcome.leaks

    def test_the_report_names_direction_and_callback(self):
        """Reading and writing are two leaks, each with its remedy and its line."""
        watched, other = pairs(self, 1)

        async def test(case):
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            loop.add_reader(watched.fileno(), future.cancel)
            loop.add_writer(watched, print)
            loop.remove_writer(watched)
            loop.add_writer(other, print)

        reading, writing = sorted(self.leaks(test), key=lambda leak: leak.remedy)
        self.assertEqual(reading.name, f"fd {watched.fileno()}")
        self.assertEqual(
            [leak.description for leak in (reading, writing)],
            [
                "still watched for reading by the loop, which calls Future.cancel",
                "still watched for writing by the loop, which calls print",
            ],
        )
        self.assertEqual(
            (reading.remedy, writing.remedy), ("loop.remove_reader(fd)", "loop.remove_writer(fd)")
        )
        self.assertLess(reading.created_at[-1].line, writing.created_at[-1].line)

    def test_what_asyncio_watches_is_no_leak(self):
        """What asyncio itself registers for servers, transports and `sock_recv` is not reported."""
        here, there = pairs(self, 1)
        here.setblocking(False)

        async def test(case):
            loop = asyncio.get_running_loop()
            case.server = await asyncio.start_server(converse, "127.0.0.1", 0)
            await say_hello(case.server)
            case.task = asyncio.create_task(loop.sock_recv(here, 1))
            case.transport = await loop.create_connection(asyncio.Protocol, sock=there.dup())
            await asyncio.sleep(0)

        kinds = {leak.kind for leak in self.leaks(test, settle_time=0.05)}
        self.assertEqual(kinds, {"server", "task", "transport"})

    def test_only_the_strict_set_has_it(self):
        """Pollers leave descriptors registered without harm, so the default detectors ignore them."""
        watched, _ = pairs(self, 1)

        async def test(case):
            asyncio.get_running_loop().add_reader(watched, print)

        self.assertEqual(self.leaks(test, leak_detectors=DEFAULT_DETECTORS), ())

    def test_an_older_one_is_no_leak(self):
        """A descriptor that was watched before the block is not charged, even in another direction."""
        watched, _ = pairs(self, 1)

        async def test(case):
            loop = asyncio.get_running_loop()
            loop.add_reader(watched, print)
            async with no_leaks(leak_detectors=STRICT_DETECTORS):
                await asyncio.sleep(0)
            loop.remove_reader(watched)

        self.assertEqual(self.leaks(test), ())

    def test_one_that_was_closed_under_the_loop(self):
        """A socket closed while the loop watches it is reported, and the loop stops watching it."""

        async def test(case):
            watched, other = socket.socketpair()
            other.close()
            asyncio.get_running_loop().add_writer(watched, print)
            case.number = watched.fileno()
            watched.close()

        (leak,) = self.leaks(test)
        self.assertEqual(leak.kind, "watcher")

    def test_one_that_is_gone_before_it_is_released(self):
        """A handle that was removed before its release is no leak, and its release does nothing."""
        loop = asyncio.SelectorEventLoop()
        handle = loop.call_soon(print)
        loop.close()
        self.assertIsNone(WatcherLeaks().examine(handle))
        WatcherLeaks().release(handle)
