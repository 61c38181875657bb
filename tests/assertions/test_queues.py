"""Queues drain, or the failure gives the reason."""

import asyncio
import unittest

from tests.assertions.clock import normalised
from tests.assertions.consumers import QueuesTestCase, consumes, filled, forgets, produces

SURVIVE = (
    "remedy: keep consumers running when a handler fails: "
    "catch its exception, and call task_done() in `finally`"
)
MARK = "remedy: call task_done() for every get(), in `finally`"
TAKE = "remedy: start a consumer, or take what is left"


class DrainTests(QueuesTestCase):
    clock = "virtual"

    async def test_a_queue_that_drains(self):
        """Draining is awaited like `join()`; an empty queue returns at once."""
        queue = filled(*range(5))
        await self.assertQueueDrains(asyncio.Queue(), 0)
        for number in range(2):
            self.start(consumes(queue), f"consumer-{number}")
        await self.assertQueueDrains(queue)
        self.assertEqual(self.now(), 0.3)
        self.assertNotIn("get", vars(queue))

    async def test_exactly_at_the_limit(self):
        """A queue that drains at the moment of the limit is in time."""
        queue = filled(1)
        self.start(consumes(queue, 1), "consumer")
        await self.assertQueueDrains(queue, 1)
        self.assertEqual(self.now(), 1)

    async def test_the_boundary(self):
        """A queue that drains in 90 % of the time passes, one that takes 110 % fails."""
        for seconds in (0.09, 0.11) * 50:
            queue = filled(*range(10))
            consumer = self.start(consumes(queue, seconds), "consumer")
            if seconds < 0.1:
                await self.assertQueueDrains(queue)
            else:
                failure = await self.failure(self.assertQueueDrains(queue))
                self.assertIn("did not drain in 1 s: 0 items queued, 1 taken", str(failure))
            consumer.cancel()
            await asyncio.wait([consumer])

    async def test_no_consumer(self):
        """The failure says that no task takes items."""
        await self.assertFailsWith(
            "the Queue(maxsize=3) did not drain in 1 s: 2 items queued, 0 taken and not marked done\n"
            f"nothing was taken in that time\n{TAKE}",
            self.assertQueueDrains(filled(1, 2, maxsize=3)),
        )
        self.assertEqual(self.now(), 1)

    async def test_taken_and_never_marked_done(self):
        """An unwatched queue knows the number of items taken before; items taken since are listed in full."""
        queue = filled(1)
        queue.get_nowait()
        await self.assertFailsWith(
            "the Queue did not drain in 2 s: 0 items queued, 1 taken and not marked done\n"
            f"  call watchQueue(queue) first to see where, and by which task\n{MARK}",
            self.assertQueueDrains(queue, 2),
        )
        queue = filled(1, 2)
        self.start(forgets(queue), "forgetful")
        await self.assertFailsWith(
            "the Queue did not drain in 2 s: 0 items queued, 2 taken and not marked done\n"
            + (
                "  taken at consumers.py:N in forgets by task 'forgetful', which still runs\n"
                "  it stood at:\n"
                "    consumers.py:N in forgets\n"
                "    queues.py:N in get\n"
                "    which waits on Queue.get\n"
            )
            * 2
            + MARK,
            self.assertQueueDrains(queue, 2),
        )

    async def test_the_consumer_failed(self):
        """A watched queue names the exception that ended its consumer."""

        def fails(item):
            raise ValueError(f"bad item {item}")

        queue = self.watchQueue(filled(1, 2))
        self.start(forgets(queue, fails), "worker")
        await self.assertFailsWith(
            "the Queue did not drain in 1 s: 1 item queued, 1 taken and not marked done\n"
            "  taken at consumers.py:N in forgets by task 'worker', which failed with "
            "ValueError: bad item 1\n"
            f"{SURVIVE}",
            self.assertQueueDrains(queue),
        )

    async def test_producers_still_put(self):
        """The failure says that producers still put items, or wait for a free place."""
        queue = filled(1)
        self.start(consumes(queue, 0.3), "consumer")
        self.start(produces(queue, 0.23), "producer")
        failure = await self.failure(self.assertQueueDrains(queue))
        self.assertRegex(
            normalised(str(failure)),
            r"(?s)^the Queue did not drain in 1 s: .*\nproducers kept putting: 4 items put in that time\n"
            r"remedy: stop the producers first$",
        )
        queue = filled(1, maxsize=1)
        for number in range(2):
            self.start(queue.put("x"), f"producer-{number}")
        await self.assertFailsWith(
            "the Queue(maxsize=1) did not drain in 1 s: 1 item queued, 0 taken and not marked done\n"
            f"nothing was taken in that time\n2 producers waiting in put() for a free slot\n{TAKE}",
            self.assertQueueDrains(queue),
        )

    async def test_too_slow(self):
        """Consumers that work correctly but slowly are reported as needing more time."""
        queue = filled(*range(5))
        self.start(consumes(queue, 0.3), "consumer")
        failure = await self.failure(self.assertQueueDrains(queue, 1))
        self.assertRegex(str(failure), r"remedy: allow more than 1 s$")

    async def test_wrong_arguments(self):
        """Wrong arguments are rejected at once."""
        with self.assertRaisesRegex(ValueError, "^within must be"):
            await self.assertQueueDrains(asyncio.Queue(), -1)
        for name in ("assertQueueDrains", "assertQueueEmpty", "assertQueueBalanced", "watchQueue"):
            with self.assertRaisesRegex(TypeError, rf"^{name} takes an asyncio.Queue, not \[\]$"):
                await getattr(self, name)([])
        with self.assertRaisesRegex(TypeError, r"^assertConsumersStop takes an asyncio.Queue, not \[\]$"):
            await self.assertConsumersStop([], queue=[])

    async def test_a_join_that_raises(self):
        """An exception that a subclass's `join` raises propagates."""

        class Broken(asyncio.Queue):
            async def join(self):
                raise OSError

        with self.assertRaises(OSError):
            await self.assertQueueDrains(Broken())

    @unittest.skipUnless(hasattr(asyncio, "QueueShutDown"), "Queue.shutdown is of 3.13")
    async def test_a_queue_that_is_shut_down(self):
        """A queue that was shut down at once is drained; otherwise its queued items must be taken."""
        queue = self.watchQueue(filled(1, 2))
        queue.shutdown(immediate=True)
        await self.assertQueueDrains(queue)
        self.assertQueueBalanced(queue)
        queue = filled(1)
        queue.shutdown()
        self.assertIn("1 item queued", str(await self.failure(self.assertQueueDrains(queue))))


class NowTests(QueuesTestCase):
    clock = "virtual"

    def failure_of(self, call, *arguments, **options):
        with self.assertRaises(AssertionError) as caught:
            call(*arguments, **options)
        return normalised(str(caught.exception))

    async def test_empty(self):
        """A queue is empty if nothing is queued, even if taken items are being processed."""
        queue = filled(1)
        self.assertEqual(
            self.failure_of(self.assertQueueEmpty, queue, msg="too bad"),
            f"the Queue is not empty: 1 item queued\n{TAKE} : too bad",
        )
        queue.get_nowait()
        self.assertQueueEmpty(queue)

    async def test_balanced(self):
        """A queue is balanced if every item put was taken and marked done."""
        queue = self.watchQueue(filled(1, 2, kind=asyncio.PriorityQueue))
        head = "the PriorityQueue is not balanced: "
        self.assertEqual(
            self.failure_of(self.assertQueueBalanced, queue),
            f"{head}2 items queued, 0 taken and not marked done\n{TAKE}",
        )
        queue.get_nowait()
        self.assertEqual(
            self.failure_of(self.assertQueueBalanced, queue),
            f"{head}1 item queued, 1 taken and not marked done\n"
            f"  taken at test_queues.py:N in test_balanced by task 'the test', which still runs\n{MARK}",
        )
        queue.task_done()
        queue.get_nowait()
        queue.task_done()
        self.assertQueueBalanced(queue)

    async def test_marked_done_too_often(self):
        """`task_done()` called too often does not count for items that were never taken."""
        for taken, left, times in ((1, "1 item", "once"), (0, "2 items", "2 times")):
            with self.subTest(times):
                queue = filled(1, 2)
                for _ in range(taken):
                    queue.get_nowait()
                queue.task_done()
                queue.task_done()
                self.assertEqual(
                    self.failure_of(self.assertQueueBalanced, queue),
                    f"the Queue is not balanced: {left} queued, 0 taken and not marked done; "
                    f"task_done() was called {times} too often\n"
                    "remedy: call task_done() once for every get(), and not for what is still queued",
                )

    async def test_long_lists_are_cut(self):
        """Twenty are shown, the others are counted."""
        queue = self.watchQueue(self.watchQueue(filled(*range(25))))
        for _ in range(25):
            self.loop.call_soon(queue.get_nowait)
        await asyncio.sleep(0)
        text = self.failure_of(self.assertQueueBalanced, queue)
        self.assertEqual(text.count("  taken at an unknown line by code outside of any task\n"), 20)
        self.assertIn("\n  … and 5 more\n", text)


if __name__ == "__main__":
    unittest.main()
