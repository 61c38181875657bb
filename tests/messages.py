"""Every kind of message that a user can see, in one text: `python -m tests.messages` prints it.

The leaks are those of the contracts of the detectors; the rest are tests that fail in one way each.
"""

import asyncio
import contextlib
import importlib
import pkgutil
import threading
import time
import unittest
from collections.abc import Iterator

import tests.leaks.kinds
from asynctestkit import Allowance, HygienicAsyncTestCase, allow_leaks, explore, hygiene
from tests.leaks.contract import DetectorContract
from tests.messages_of_assertions import Asserting, Scripted
from tests.running import run_case

__all__ = ["failures", "leaks", "refusals"]


class Failing(HygienicAsyncTestCase):
    settle_time = grace_period = 0.05
    asyncio_debug = False


class Hanging(Failing):
    """The ways to exceed a deadline."""

    deadline = 0.2

    async def test_awaits(self):
        asyncio.get_running_loop().call_later(60, print)
        await asyncio.Event().wait()

    async def test_blocks(self):
        time.sleep(60)  # waits: for the deadline

    async def test_waits_for_a_job(self):
        over = threading.Event()
        self.addCleanup(over.set)
        await asyncio.to_thread(over.wait, 60)

    async def test_waits_for_one_that_has_died(self):
        async def consume():
            raise ValueError("cannot parse")

        queue = asyncio.Queue(1)
        self.consumer = asyncio.create_task(consume(), name="consumer")
        asyncio.get_running_loop().call_later(60, print)
        await queue.put(1)
        await queue.put(2)

    async def test_waits_for_connections(self):
        accepted = []
        server = await asyncio.start_server(lambda *streams: accepted.append(streams), "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        self.addCleanup(writer.close)
        while not accepted:
            await asyncio.sleep(0)
        server.close()
        await server.wait_closed()
        await asyncio.Event().wait()  # before 3.12 that does not wait


class Stuck(Failing):
    """The ways to make no progress."""

    clock = "virtual"

    async def test_waits_for_nobody(self):
        await asyncio.Event().wait()

    async def test_takes_a_lock_twice(self):
        lock = asyncio.Lock()
        async with lock, lock:
            pass

    async def test_beats_for_ever(self):
        self.clock.limit = 3600
        while True:
            await asyncio.sleep(60)


class Refused(Failing):
    """The failures of a test that has ended."""

    async def test_in_the_background(self):
        async def fails():
            raise ValueError("in the background")

        self.startBackground(fails(), name="bg:feed")
        await asyncio.sleep(0)

    @allow_leaks("task", name="bg:*", reason="it was there once")
    async def test_is_exempt_for_nothing(self):
        pass

    @hygiene(require_task_names=True)
    async def test_names_nothing(self):
        await asyncio.create_task(asyncio.sleep(0))

    @hygiene(blocking_threshold=0.05)
    async def test_holds_the_loop(self):
        time.sleep(0.2)  # waits: that is what it is about

    async def test_a_step(self):
        async with self.assertStepWithin("parse", 0.05):
            time.sleep(0.1)  # waits: that is what it is about

    async def test_a_queue(self):
        queue = self.watchQueue(asyncio.Queue())
        queue.put_nowait(1)
        queue.task_done()
        self.assertQueueBalanced(queue)

    async def test_no_time_out(self):
        await self.assertTimesOut(asyncio.Event().wait(), within=0.05)


class Explored(Failing):
    """The faults that an exploration finds."""

    @explore(faults=True)
    async def test_keeps_a_lock(self):
        connection, lock = self.makeAsyncContext(), asyncio.Lock()
        await lock.acquire()
        with contextlib.suppress(ConnectionError):
            async with connection:
                lock.release()


def leaks() -> Iterator[tuple[str, str]]:
    """The report on one leak of each kind, by the name of the contract class that creates it."""
    for module in pkgutil.iter_modules(tests.leaks.kinds.__path__, "tests.leaks.kinds."):
        if module.name.startswith("tests.leaks.kinds.test_"):
            importlib.import_module(module.name)
    for contract in sorted(DetectorContract.__subclasses__(), key=lambda cls: cls.__module__):
        maker = contract("test_a_kept_thing_is_one_leak")
        try:
            maker.setUp()
            (error,) = run_case(maker.leaking()).failures
            yield f"{contract.__module__}.{contract.__qualname__}", str(error)
        finally:
            maker.doCleanups()


def failures() -> Iterator[tuple[str, str]]:
    """The failures of the other tests, by name."""
    for case in (Hanging, Stuck, Refused, Explored, Asserting, Scripted):
        for name in unittest.defaultTestLoader.getTestCaseNames(case):
            outcome = run_case(case, name)
            if outcome.skipped:
                continue
            (error,) = outcome.failures + outcome.errors
            yield f"{case.__qualname__}.{name}", outcome.report if outcome.errors else str(error)


def refusals() -> Iterator[tuple[str, str]]:
    """The errors for invalid input."""
    for what, call in (
        ("a misspelt attribute", lambda: type("Tests", (HygienicAsyncTestCase,), {"dealine": 3})),
        ("a misspelt override", lambda: hygiene(dealine=3)),
        ("a bad value", lambda: hygiene(on_leak="wran")),
        ("a negative time", lambda: hygiene(settle_time=-1)),
        ("an unknown kind", lambda: Allowance("tasks", reason="known")),
    ):
        try:
            call()
        except (TypeError, ValueError) as error:
            yield what, f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    for collected in (leaks, failures, refusals):
        for title, text in collected():
            print(f"== {title}\n{text}\n")
