"""The costs of a sweep, counted in operations that grow with the heap: their number is constant."""

import asyncio
import contextlib
import gc
import inspect
import os
import socket
import threading
import unittest
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from asynctestkit import STRICT_DETECTORS, HygienicAsyncTestCase
from asynctestkit.cpython import loop_internals, originals, transport_internals
from asynctestkit.cpython.alarms import watchdog_number
from asynctestkit.leaks.census import finalizers
from asynctestkit.loops.outside import busy_threads
from tests.running import Overheard, overhearing, run_case

FEW, MANY = 16, 48


async def nothing():
    pass


async def fails():
    raise ValueError("on purpose")


async def generates():
    yield


class Unclosed:
    """An object of a loop that announces, when it is destroyed, that it was not closed."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.closed = False

    def __del__(self):
        if not self.closed:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)


class Leaking:
    """Leaks `count` objects of a kind, and keeps them, drops them, or leaves them in a cycle."""

    def leave(self, things):
        cycles = [[each] for each in things]
        for cycle in cycles:
            cycle.append(cycle)

    async def test_coroutines_dropped(self):
        for _ in range(self.count):
            nothing()

    async def test_coroutines_in_cycles(self):
        self.leave([nothing() for _ in range(self.count)])

    async def test_coroutines_kept(self):
        self.kept = [nothing() for _ in range(self.count)]

    async def test_coroutines_given_to_others(self):
        async def outer(inner):
            await inner

        self.kept = [outer(nothing()) for _ in range(self.count)]

    async def test_tasks(self):
        self.kept = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(self.count)]
        await asyncio.sleep(0)

    async def test_exceptions_dropped(self):
        for _ in range(self.count):
            asyncio.create_task(fails())
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def test_exceptions_kept(self):
        self.kept = [asyncio.create_task(fails()) for _ in range(self.count)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def test_futures_dropped(self):
        for _ in range(self.count):
            asyncio.get_running_loop().create_future().set_exception(ValueError("on purpose"))

    async def test_sockets_dropped(self):
        for _ in range(self.count):
            socket.socket()

    async def test_sockets_in_cycles(self):
        self.leave([socket.socket() for _ in range(self.count)])

    async def test_sockets_kept(self):
        self.kept = [socket.socket() for _ in range(self.count)]

    async def test_transports_kept(self):
        self.kept = []
        for _ in range(self.count // 2):
            for end in socket.socketpair():
                opened = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=end)
                self.kept.append(opened)

    async def test_connections(self):
        async def handle(reader, writer):
            await reader.read()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        self.kept = [await asyncio.open_connection(*address) for _ in range(self.count)]
        server.close()

    async def test_generators_kept(self):
        self.kept = [generates() for _ in range(self.count)]
        for each in self.kept:
            await each.__anext__()

    async def test_unclosed_kept(self):
        self.kept = [Unclosed() for _ in range(self.count)]

    async def test_unclosed_dropped(self):
        for _ in range(self.count):
            Unclosed()

    async def test_watchers(self):
        self.kept = [os.pipe() for _ in range(self.count)]
        for reading, writing in self.kept:
            self.addCleanup(os.close, reading)
            self.addCleanup(os.close, writing)
            asyncio.get_running_loop().add_reader(reading, print)


class Threads:
    """The same for kinds that concern threads."""

    async def test_threads(self):
        self.kept = [threading.Thread(target=self.released.wait, daemon=True) for _ in range(self.count)]
        for each in self.kept:
            each.start()

    async def test_executors(self):
        self.kept = [ThreadPoolExecutor(1) for _ in range(self.count)]
        for each in self.kept:
            each.submit(self.released.wait)


@contextlib.contextmanager
def counting():
    """Counts, by name, how often each operation is called that visits the whole heap."""
    counts = Counter()

    def count(name, function):
        def counted(*args, **options):
            counts[name] += 1
            found = function(*args, **options)
            # While it is asked about, an object has one holder more, the arguments, which must not be found.
            return [each for each in found if each is not args] if name == "get_referrers" else found

        return counted

    with contextlib.ExitStack() as stack:
        for owner, name in (
            (originals.gc, "get_objects"),
            (originals.gc, "get_referrers"),
            (originals.gc, "collect"),
            (busy_threads, "thread_numbers"),
            (loop_internals, "started_generators"),
            (transport_internals, "connections_of"),
            (finalizers.dis, "get_instructions"),
        ):
            counted = count(name, getattr(owner, name))
            stack.enter_context(mock.patch.object(owner, name, counted))
        yield counts


def names_of(kinds):
    return [name for name, _ in inspect.getmembers(kinds, inspect.isfunction) if name.startswith("test")]


def run(kinds, test, count):
    """What the test left behind, and the operations that it took."""
    released = threading.Event()
    members = {"count": count, "released": released, "leak_detectors": STRICT_DETECTORS}
    inner = type("Inner", (kinds, HygienicAsyncTestCase), {**members, "test": getattr(kinds, test)})
    threads = set(threading.enumerate())
    with counting() as counts, overhearing(Overheard()):
        outcome = run_case(inner)
        released.set()
        for thread in set(threading.enumerate()) - threads:
            if thread.native_id != watchdog_number():
                thread.join()
        gc.collect()
    return outcome, counts


def names_of_the_dropped():
    return [test for test in names_of(Leaking) if test.endswith(("_dropped", "_in_cycles"))]


class OperationsTests(unittest.TestCase):
    """Many leaks take no more operations than few: none needs one of its own."""

    def check(self, tests):
        self.assertTrue(tests)
        for test in tests:
            with self.subTest(test):
                finalizers._condition.cache_clear()
                few, for_few = run(Leaking, test, FEW)
                finalizers._condition.cache_clear()
                many, for_many = run(Leaking, test, MANY)
                self.assertGreaterEqual(len(few.leaks), FEW)
                self.assertGreaterEqual(len(many.leaks), MANY)
                # A few more come now and then, when the process's heap is due for a collection.
                self.assertLess((for_many - for_few).total(), 10)

    def test_kept(self):
        """The number is constant for every kind that the test keeps."""
        self.check([test for test in names_of(Leaking) if test not in names_of_the_dropped()])

    def test_dropped(self):
        """The number is constant for objects dropped, or left in cycles."""
        self.check(names_of_the_dropped())

    def test_threads_are_looked_at_together(self):
        """The system is asked about all threads once an inspection; the number of inspections varies."""
        for test in names_of(Threads):
            with self.subTest(test):
                few, for_few = run(Threads, test, 5)
                many, for_many = run(Threads, test, 50)
                self.assertEqual((len(few.leaks), len(many.leaks)), (5, 50))
                self.assertLess((for_many - for_few).total(), 25)
