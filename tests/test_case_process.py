"""What a module keeps is the module's: no test is charged with it, and it works in every later test.

One module that makes its helpers when they are first needed, as libraries do, is used by tests in every
order, alone, and with every `on_leak`; each run has a fresh copy of the module.
"""

import asyncio
import itertools
import socket
import sys
import textwrap
import types
import unittest

from asynctestkit import STRICT_DETECTORS, HygienicAsyncTestCase
from tests.case_runs import run

LIBRARY = textwrap.dedent(
    '''
    import concurrent.futures
    import functools
    import os
    import queue
    import socket
    import subprocess
    import threading
    from unittest import mock

    POOL = PAIR = None
    EVENTS = []


    def pool():
        global POOL
        if POOL is None:
            POOL = concurrent.futures.ThreadPoolExecutor(2)
        return POOL.submit(len, "abc").result()


    @functools.lru_cache(maxsize=None)
    def _cached():
        return concurrent.futures.ThreadPoolExecutor(1)


    def cached_pool():
        return _cached().submit(len, "abcd").result()


    def pair():
        global PAIR
        if PAIR is None:
            PAIR = socket.socketpair()
        PAIR[0].send(b"x")
        return PAIR[1].recv(1)


    class Client:
        """Keeps its connection and its child in the class."""

        connection = child = None

        @classmethod
        def connect(cls):
            if cls.connection is None:
                cls.connection = socket.socket()
            return cls.connection.fileno() > 0

        @classmethod
        def ask(cls):
            if cls.child is None:
                cls.child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            cls.child.stdin.write(b"x")
            cls.child.stdin.flush()
            return cls.child.stdout.read(1)


    def in_a_default(kept=[]):
        if not kept:
            kept.append(socket.socket())
        return kept[0].fileno() > 0


    def _make():
        kept = {}

        def get():
            if "socket" not in kept:
                kept["socket"] = socket.socket()
            return kept["socket"].fileno() > 0

        return get


    in_a_closure = _make()


    class Helper:
        """A thread with a queue, as drivers of databases have one."""

        def __init__(self):
            self.jobs = queue.SimpleQueue()
            self.thread = threading.Thread(target=self.work, daemon=True)
            self.thread.start()

        def work(self):
            while (answers := self.jobs.get()) is not None:
                answers.put("done")


    def thread():
        if not EVENTS:
            EVENTS.append(Helper())
        answers = queue.SimpleQueue()
        EVENTS[0].jobs.put(answers)
        return answers.get(timeout=120)


    PATCHES = {}


    def patched():
        if not PATCHES:
            PATCHES["x"] = mock.patch.dict(PATCHES, {"y": 1})
            PATCHES["x"].start()
        return PATCHES["y"]
    '''
)

CLOSE = textwrap.dedent(
    """
    import contextlib
    POOL and POOL.shutdown()
    _cached.cache_info().currsize and _cached().shutdown()
    for each in (*(PAIR or ()), Client.connection, *in_a_default.__defaults__[0]):
        each and each.close()
    for cell in in_a_closure.__closure__:
        for each in cell.cell_contents.values():
            each.close()
    for helper in EVENTS:
        helper.jobs.put(None)
        helper.thread.join()
    if Client.child is not None:
        Client.child.communicate()
    "x" in PATCHES and PATCHES["x"].stop()
    """
)

USES = {
    "pool": 3,
    "cached_pool": 4,
    "pair": b"x",
    "Client.connect": True,
    "Client.ask": b"x",
    "in_a_default": True,
    "in_a_closure": True,
    "thread": "done",
    "patched": 1,
}


class LibraryTestCase(unittest.TestCase):
    def library(self):
        """A new copy of the module, which is removed when the test is over."""
        module = types.ModuleType("process_wide_library")
        before = sys.modules.get(module.__name__)
        sys.modules[module.__name__] = module
        self.addCleanup(self.forget, module, before)
        exec(LIBRARY, vars(module))
        return module

    @staticmethod
    def forget(module, before):
        exec(CLOSE, vars(module))
        sys.modules.pop(module.__name__)
        if before is not None:
            sys.modules[module.__name__] = before

    def suite(self, module, base=HygienicAsyncTestCase, **settings):
        """Tests that each use one helper of the module, in a thread and in the loop; twice each."""

        def using(name, expected):
            async def test(case):
                function = module
                for part in name.split("."):
                    function = getattr(function, part)
                case.assertEqual(function(), expected)
                case.assertEqual(await asyncio.to_thread(function), expected)

            return test

        tests = {
            f"test_{name.replace('.', '_')}_{number}": using(name, expected)
            for name, expected in USES.items()
            for number in (1, 2)
        }
        return type("Tests", (base,), {"deadline": 20.0, "settle_time": 0.02, **settings, **tests})


class OrdersTests(LibraryTestCase):
    def assertAllPass(self, finished):
        self.assertEqual([each for each in finished.outcomes if each[0] != "ok"], [])
        self.assertEqual(finished.warned, [])

    def test_in_several_orders(self):
        """No test is charged with the helper, whichever is the first to need it."""
        for turn in range(0, 2 * len(USES), 5):
            case = self.suite(self.library())
            names = [name for name in vars(case) if name.startswith("test_")]
            order = [*names[turn:], *names[:turn]]
            for names in (order, order[::-1]):
                self.assertAllPass(run(*map(case, names)))

    def test_one_by_one(self):
        """A test that is run alone is not charged either."""
        for name in USES:
            with self.subTest(name):
                case = self.suite(self.library())
                self.assertAllPass(run(case(f"test_{name.replace('.', '_')}_1")))

    def test_whatever_becomes_of_leaks(self):
        """With each `on_leak`, and with all detectors, everything passes."""
        for settings in ({"on_leak": "warn"}, {"on_leak": "ignore"}, {"leak_detectors": STRICT_DETECTORS}):
            with self.subTest(settings):
                self.assertAllPass(run(self.suite(self.library(), **settings)))

    def test_as_in_the_plain_class(self):
        """The plain class has the same outcomes."""
        self.assertAllPass(run(self.suite(self.library(), unittest.IsolatedAsyncioTestCase)))


class WhileImportingTests(LibraryTestCase):
    def test_what_a_module_makes_when_it_is_run(self):
        """What is created at the top of a module is the module's, also if nothing holds it any more."""
        source = (
            "import socket, os, threading, concurrent.futures\nfrom unittest import mock\n"
            "LEFT = [socket.socket()]\nos.environ['MADE_BY_A_MODULE'] = '1'\n"
            "mock.patch.dict(os.environ, MADE_BY_A_PATCH='1').start()\n"
            "POOL = concurrent.futures.ThreadPoolExecutor(1)\nPOOL.submit(int).result()\n"
        )

        async def test(case):
            for _ in range(2):
                exec(compile(source, "library.py", "exec"), vars(self.module))

        self.module = types.ModuleType("made_by_hand")
        self.addCleanup(unittest.mock.patch.stopall)
        self.addCleanup(lambda: self.module.POOL.shutdown())
        self.addCleanup(lambda: self.module.LEFT[0].close())
        case = type("Tests", (HygienicAsyncTestCase,), {"test": test, "leak_detectors": STRICT_DETECTORS})
        finished = run(case)
        self.assertEqual(finished.kinds, ["ok"], finished.outcomes)


class LaterTests(unittest.TestCase):
    """What a test drops, or leaves, is not ended too early."""

    def test_modes_that_only_report(self):
        """With "warn" and "ignore" what a test has left works in the next; with "warn" it is reported."""
        for on_leak, warned in (("warn", 1), ("ignore", 0)):
            left = []

            class Tests(HygienicAsyncTestCase):
                on_leak = "ignore"

                async def test_1(self, left=left):
                    self.sockets = socket.socketpair()
                    left.append(self.sockets)

                async def test_2(self, left=left):
                    left[0][0].send(b"x")
                    self.assertEqual(left[0][1].recv(1), b"x")

            Tests.on_leak = on_leak
            with self.subTest(on_leak):
                order = [Tests("test_1"), Tests("test_2")]
                finished = run(*order)
                self.assertEqual(finished.kinds, ["ok", "ok"])
                self.assertEqual(len(finished.leak_warnings), warned)
            for each in left[0]:
                each.close()

    def test_permutations_have_one_verdict(self):
        """A test's own leak is charged to it, whatever test runs before it."""

        class Tests(HygienicAsyncTestCase):
            async def test_1(self):
                self.socket = socket.socket()

            async def test_2(self):
                self.other = socket.socket()

            async def test_3(self):
                pass

        for order in itertools.permutations(("test_1", "test_2", "test_3")):
            finished = run(*map(Tests, order))
            verdicts = {name: kind for kind, name, _ in finished.outcomes}
            self.assertEqual(verdicts, {"test_1": "FAIL", "test_2": "FAIL", "test_3": "ok"})
