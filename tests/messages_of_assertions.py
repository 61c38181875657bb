"""The failures of assertions and mocks: part of `tests.messages`."""

import asyncio
import builtins
import logging
import unittest
import warnings
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import after

__all__ = ["Asserting", "Scripted"]


async def fetch(url="/"):
    """The function that the tests patch, and that hangs unpatched."""
    await asyncio.sleep(60)


async def fails():
    raise ValueError("cannot parse")


class Asserting(HygienicAsyncTestCase):
    clock = "virtual"
    asyncio_debug = False

    async def test_awaited_too_late(self):
        await self.assertAwaitedWithin(fetch(), 5)

    async def test_no_time_out_of_its_own(self):
        await self.assertTimesOut(fetch(), within=5)

    async def test_returned_in_time(self):
        await self.assertTimesOut(asyncio.sleep(1, "done"), 5)

    async def test_failed_before(self):
        await self.assertTimesOut(fails(), 5)

    async def test_waits_no_more(self):
        await self.assertStillWaiting(asyncio.sleep(1, "done"), 5)

    async def test_one_step_of_two(self):
        async with self.assertStepWithin("load", 9), self.assertStepWithin("parse", 2):
            await asyncio.sleep(3)

    async def test_a_queue_that_does_not_drain(self):
        queue = self.watchQueue(asyncio.Queue())
        queue.put_nowait("first")
        queue.put_nowait("second")
        await queue.get()
        await self.assertQueueDrains(queue)

    async def test_a_queue_that_is_not_empty(self):
        queue = asyncio.Queue()
        queue.put_nowait("first")
        self.assertQueueEmpty(queue)

    async def test_a_consumer_that_died(self):
        consumer = asyncio.create_task(fails(), name="consumer")
        await asyncio.sleep(0)
        await self.assertConsumersStop([consumer])

    async def test_a_task_that_was_not_cancelled(self):
        async def refuses():
            try:
                await fetch()
            except asyncio.CancelledError:
                return "stopped"

        task = asyncio.create_task(refuses(), name="refuses")
        await asyncio.sleep(0)
        await self.assertTaskCancelled(task)

    async def test_a_task_that_is_pending(self):
        self.startBackground(fetch(), name="bg:fetch")
        await asyncio.sleep(0)
        self.assertNoPendingTasks()

    @unittest.skipUnless(hasattr(builtins, "ExceptionGroup"), "3.10 has none")
    async def test_another_group(self):
        with self.assertRaisesGroup(ValueError, (TypeError, KeyError)):
            raise builtins.ExceptionGroup("unhandled", [ValueError("a"), OSError("b")])

    async def test_a_log(self):
        with self.assertLogsNothing():
            logging.getLogger("feed").warning("connection lost")

    async def test_a_warning(self):
        with self.assertNoWarnings():
            warnings.warn("old", DeprecationWarning, stacklevel=1)


class Scripted(HygienicAsyncTestCase):
    clock = "virtual"
    asyncio_debug = False

    async def test_an_unknown_route(self):
        session = self.makeSession({"GET http://host/users/*": self.makeResponse(json=[])})
        async with session.get("http://host/user/1"):
            pass

    async def test_one_call_too_many(self):
        double = self.patchAsync(f"{__name__}.fetch", outcomes=[1])
        self.assertEqual(await double("/a"), 1)
        await double("/b")

    async def test_an_outcome_that_was_not_used(self):
        double = self.patchAsync(f"{__name__}.fetch", outcomes=[1, after(5, 2)])
        self.assertEqual(await double("/a"), 1)

    async def test_a_target_that_is_missing(self):
        self.patchAsync(f"{__name__}.fetsh", returns=1)

    async def test_a_target_that_is_not_async(self):
        self.patchAsync("time.sleep", returns=None)

    async def test_a_context_that_was_not_left(self):
        await type(context := self.makeAsyncContext(1)).__aenter__(context)

    async def test_not_all_awaited(self):
        double = mock.AsyncMock(name="api")
        double.save(1).close()
        self.assertAllAwaited(double)

    async def test_another_order(self):
        double = mock.AsyncMock(name="api")
        await double.commit()
        await double.save()
        self.assertAwaitedInOrder(double.save, double.commit)

    async def test_not_awaited_in_time(self):
        await self.assertMockAwaitedWithin(mock.AsyncMock(name="api"), 5)
