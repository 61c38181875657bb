"""A pool of workers over a bounded queue, whose handler fails at times: nothing wedges, and all stop."""

import asyncio
import logging
import unittest
from collections.abc import Awaitable, Callable

from asynctestkit import HygienicAsyncTestCase

STOP = object()


class Pool:
    """Hands each job to one of its workers. A job that fails is logged, and the worker goes on."""

    def __init__(self, handle: Callable[[object], Awaitable[None]], size: int) -> None:
        self.jobs: asyncio.Queue[object] = asyncio.Queue(maxsize=2)
        self.handle = handle
        self.workers = [
            asyncio.create_task(self._work(), name=f"bg:worker-{number}") for number in range(size)
        ]

    async def _work(self) -> None:
        while True:
            job = await self.jobs.get()
            try:
                if job is STOP:
                    return
                await self.handle(job)
            except ValueError:
                logging.getLogger("pool").exception("job %r failed", job)
            finally:
                self.jobs.task_done()


class PoolTests(HygienicAsyncTestCase):
    deadline = 10.0

    async def asyncSetUp(self) -> None:
        self.handled: list[object] = []
        self.pool = Pool(self.handle, size=3)
        self.watchQueue(self.pool.jobs)

    async def handle(self, job: object) -> None:
        await asyncio.sleep(0)
        if job == "bad":
            raise ValueError(job)
        self.handled.append(job)

    async def test_a_failing_job_wedges_nothing(self) -> None:
        with self.assertLogs("pool", "ERROR"):
            for job in ("a", "bad", "b", "c"):
                await self.pool.jobs.put(job)
            await self.assertQueueDrains(self.pool.jobs, within=2)
        self.assertEqual(sorted(map(str, self.handled)), ["a", "b", "c"])
        self.assertQueueBalanced(self.pool.jobs)
        await self.assertConsumersStop(self.pool.workers, queue=self.pool.jobs, sentinel=STOP)

    async def test_good_jobs_pass_in_silence(self) -> None:
        with self.assertLogsNothing("pool"), self.assertNoWarnings():
            await self.pool.jobs.put("a")
            await self.assertQueueDrains(self.pool.jobs, within=2)
        await self.assertConsumersStop(self.pool.workers)
        self.assertNoPendingTasks()


if __name__ == "__main__":
    unittest.main()
