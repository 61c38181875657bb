"""Consumers stop, by sentinels or by cancellation, or the failure names those that do not."""

import asyncio
import gc
import unittest
import warnings
import weakref

from asynctestkit.assertions.queues import QueueAssertions
from tests.assertions.consumers import STOP, QueuesTestCase, consumes, filled, refuses


class StopTests(QueuesTestCase):
    clock = "virtual"

    async def test_by_cancelling(self):
        """Consumers that run, have finished, or were cancelled before all pass."""
        queue = filled(STOP)
        tasks = [
            self.start(consumes(queue), "a"),
            self.start(consumes(queue), "b"),
            self.start(consumes(queue), "c"),
        ]
        await asyncio.sleep(0.1)
        tasks[1].cancel()
        await asyncio.sleep(0)
        await self.assertConsumersStop(tasks)
        await self.assertConsumersStop(iter(tasks), queue=queue)
        await self.assertConsumersStop([])
        self.assertEqual(self.now(), 0.1)

    async def test_by_sentinels(self):
        """One sentinel each arrives through a queue of size one, after the queued items."""
        queue = filled("work", maxsize=1)
        tasks = [self.start(consumes(queue), f"consumer-{number}") for number in range(3)]
        await self.assertConsumersStop(tasks, queue=queue, sentinel=STOP)
        self.assertTrue(all(task.done() and not task.cancelled() for task in tasks))
        self.assertQueueBalanced(queue)
        await self.assertConsumersStop(tasks, queue=queue, sentinel=STOP)
        self.assertQueueEmpty(queue)

    async def test_none_may_be_the_sentinel(self):
        """None is a valid sentinel."""

        async def until_none(queue):
            while await queue.get() is not None:
                pass

        queue = asyncio.Queue()
        await self.assertConsumersStop([self.start(until_none(queue), "a")], queue=queue, sentinel=None)

    async def test_cancelled_and_not_stopped(self):
        """Consumers that returned, raised, failed before, or refused are each named with what they did."""

        async def returns():
            try:
                await self.loop.create_future()
            except asyncio.CancelledError:
                return "value"

        async def raises():
            try:
                await self.loop.create_future()
            finally:
                raise KeyError("clean-up")

        async def dies():
            raise ValueError("bad item")

        tasks = [self.start(each(), each.__name__) for each in (returns, raises, dies)]
        stubborn = self.loop.create_task(refuses(), name="refuses")
        await asyncio.sleep(0)
        failure = await self.assertFailsWith(
            "not every consumer stopped as it should (4 in all):\n"
            "  task 'dies' had already failed with ValueError: bad item\n"
            "  task 'returns' was cancelled and returned 'value'\n"
            "  task 'raises' was cancelled and raised KeyError: 'clean-up'\n"
            "  task 'refuses' was cancelled, did not end in 2 s, and was abandoned\n"
            "  it stood at:\n"
            "    consumers.py:N in refuses\n"
            "    which waits on a Future that nobody has set\n"
            "remedy: catch in the consumer what its handler raises, except CancelledError",
            self.assertConsumersStop([*tasks, stubborn], within=2),
        )
        self.assertIsInstance(failure.__cause__, ValueError)
        self.assertEqual(self.now(), 2)

    async def test_sentinels_that_do_not_stop(self):
        """A consumer that goes on, one that raises and one that refuses everything are each reported."""

        async def goes_on(queue):
            while True:
                await queue.get()

        async def dies(queue):
            raise ValueError(await queue.get())

        queue = asyncio.Queue()
        tasks = [self.start(dies(queue), "dies"), self.start(goes_on(queue), "goes on")]
        stubborn = self.loop.create_task(refuses(queue), name="refuses")
        stands = "  it stood at:\n    {}\n    queues.py:N in get\n    which waits on Queue.get\n"
        await self.assertFailsWith(
            "not every consumer stopped as it should (3 in all):\n"
            "  task 'dies' raised ValueError: stop\n"
            "  task 'goes on' did not end in 1 s, though it was sent a sentinel\n"
            + stands.format("test_queues_consumers.py:N in goes_on")
            + "  task 'refuses' did not end in 1 s, though it was sent a sentinel\n"
            + stands.format("consumers.py:N in refuses")
            + "  task 'refuses' then refused to be cancelled, and was abandoned\n"
            "remedy: catch in the consumer what its handler raises, except CancelledError",
            self.assertConsumersStop([*tasks, stubborn], queue=queue, sentinel="stop"),
        )
        self.assertEqual(self.now(), 1.5)

    async def test_sentinels_that_find_no_place(self):
        """When no task takes from a full queue, putting sentinels is given up in time."""

        async def busy():
            await self.loop.create_future()

        queue = filled("work", maxsize=1)
        failure = await self.failure(
            self.assertConsumersStop([self.start(busy(), "busy")], queue=queue, sentinel=STOP)
        )
        self.assertIn("did not end in 1 s, with 1 of 1 sentinels still to be put\n", str(failure))
        self.assertEqual(self.now(), 1)

    async def test_a_queue_that_takes_no_sentinel(self):
        """An exception that `put` raises propagates."""

        class Closed(asyncio.Queue):
            async def put(self, item):
                raise OSError("closed")

        queue = Closed()
        with self.assertRaisesRegex(OSError, "closed"):
            await self.assertConsumersStop([self.start(consumes(queue), "a")], queue=queue, sentinel=STOP)

    @unittest.skipUnless(hasattr(asyncio, "QueueShutDown"), "Queue.shutdown is of 3.13")
    async def test_a_queue_that_is_shut_down(self):
        """A queue that was shut down takes no sentinels, and its consumers end by themselves."""

        async def until_shut_down(queue):
            try:
                while True:
                    await queue.get()
            except asyncio.QueueShutDown:
                return

        queue = asyncio.Queue()
        task = self.start(until_shut_down(queue), "a")
        await asyncio.sleep(0)
        queue.shutdown()
        await self.assertConsumersStop([task], queue=queue, sentinel=STOP)

    async def test_a_cancellation_by_others(self):
        """A cancellation by other code passes through, and the task that puts sentinels ends with it."""

        async def busy():
            await self.loop.create_future()

        queue = filled("work", maxsize=1)
        busy_one = self.start(busy(), "busy")
        stopping = self.loop.create_task(self.assertConsumersStop([busy_one], queue=queue, sentinel=STOP))
        await asyncio.sleep(0)
        self.loop.call_soon(stopping.cancel)
        await asyncio.wait([stopping])
        self.assertTrue(stopping.cancelled())
        self.assertFalse(busy_one.done())
        self.assertEqual(len(asyncio.all_tasks()), 2)

    async def test_wrong_arguments(self):
        """A sentinel without a queue, a single task, no tasks, and the calling task are rejected."""
        task = self.start(consumes(asyncio.Queue()), "a")
        with self.assertRaisesRegex(TypeError, "needs the queue to put the sentinel into"):
            await self.assertConsumersStop([task], sentinel=STOP)
        with self.assertRaisesRegex(TypeError, r"takes several tasks: \[task\]"):
            await self.assertConsumersStop(task)
        with self.assertRaisesRegex(TypeError, "takes tasks, not 42"):
            await self.assertConsumersStop([42])
        with self.assertRaisesRegex(ValueError, "cannot stop the task that awaits it"):
            await self.assertConsumersStop([asyncio.current_task()])
        with self.assertRaisesRegex(TypeError, "takes an asyncio.Queue"):
            await self.assertConsumersStop([task], queue=[])


class PlainTests(QueueAssertions, unittest.IsolatedAsyncioTestCase):
    async def test_a_plain_test_case_is_enough(self):
        """The mixin needs nothing else of the package, and keeps nothing alive."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            queue = self.watchQueue(filled(1))
            consumer = asyncio.create_task(consumes(queue, 0))
            await self.assertQueueDrains(queue)
            await self.assertConsumersStop([consumer])
            reference = weakref.ref(queue)
            del queue, consumer
            await asyncio.sleep(0)
            gc.collect()
            self.assertIsNone(reference())


if __name__ == "__main__":
    unittest.main()
