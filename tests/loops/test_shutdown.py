"""A loop's shutdown waits for what ends, for limited time."""

import asyncio
import concurrent.futures
import math
import threading
import unittest

from asynctestkit.loops.shutdown import end_everything, end_jobs

SHORT = 0.05
"""Wall seconds for code that is meant to take longer."""


async def for_ever():
    await asyncio.get_running_loop().create_future()


async def yields():
    try:
        yield
    finally:
        await asyncio.sleep(0)


async def begin(generator):
    """Begins generators within the loop, which then knows them."""
    await generator.__anext__()


class EndEverythingTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)

    def test_tasks_and_generators(self):
        """Tasks are cancelled and generators closed, those that the tasks leave, too."""

        async def leaves_a_generator():
            try:
                await for_ever()
            finally:
                generators.append(yields())
                await generators[-1].__anext__()

        generators = []
        task = self.loop.create_task(leaves_a_generator())
        self.loop.run_until_complete(asyncio.sleep(0))
        self.assertEqual(self.loop.run_until_complete(end_everything(60)), [])
        self.assertTrue(task.cancelled())
        self.assertIsNone(generators[0].ag_frame)
        self.assertEqual(asyncio.all_tasks(self.loop), set())

    def test_what_refuses(self):
        """What does not end in time is abandoned; for a generator, its position is returned."""

        async def refuses():
            while not released:
                try:
                    await for_ever()
                except asyncio.CancelledError:
                    pass

        async def waits():
            try:
                yield
            finally:
                await never

        released, never = [], self.loop.create_future()
        task = self.loop.create_task(refuses())
        generator = waits()
        self.loop.run_until_complete(begin(generator))
        with self.assertNoLogs("asyncio"):
            (cut_off,) = self.loop.run_until_complete(end_everything(SHORT))
        self.assertIs(cut_off.generator, generator)
        self.assertEqual([place.function for place in cut_off.chain.places], ["waits"])
        self.assertFalse(task.done())
        self.assertEqual(asyncio.all_tasks(self.loop), set())
        released.append(True)
        task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))


class EndJobsTests(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.over = threading.Event()
        self.addCleanup(self.over.set)
        self.pool = concurrent.futures.ThreadPoolExecutor(2)

    async def test_jobs_that_end(self):
        """Jobs that end are waited for, without a limit as well."""
        ended = []
        self.pool.submit(ended.append, True)
        await end_jobs(self.pool, math.inf)
        self.assertEqual(ended, [True])

    async def test_jobs_that_go_on(self):
        """Jobs that go on are abandoned, and the pool takes no more."""
        job = self.pool.submit(self.over.wait, 30)
        await end_jobs(self.pool, SHORT)
        self.assertFalse(job.done())
        with self.assertRaisesRegex(RuntimeError, "shutdown"):
            self.pool.submit(int)

    def test_a_job_that_ends_after_its_loop(self):
        """A job that ends after its loop was closed has no effect."""
        before = set(threading.enumerate())
        self.pool.submit(self.over.wait, 30)
        loop = asyncio.SelectorEventLoop()
        loop.run_until_complete(end_jobs(self.pool, SHORT))
        loop.close()
        self.over.set()
        for thread in set(threading.enumerate()) - before:
            thread.join(30)
        self.assertEqual(set(threading.enumerate()) - before, set())
