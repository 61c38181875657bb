"""A worker that dies of a bad job: the job is never marked done, and `join()` would wait for ever."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


async def work(jobs: asyncio.Queue[str]) -> None:
    while True:
        job = await jobs.get()
        int(job)
        jobs.task_done()


class WorkerTests(HygienicAsyncTestCase):
    async def test_all_jobs_are_done(self) -> None:
        jobs: asyncio.Queue[str] = self.watchQueue(asyncio.Queue())
        for job in ("1", "two", "3"):
            jobs.put_nowait(job)
        worker = asyncio.create_task(work(jobs), name="bg:worker")
        self.addCleanup(worker.exception)  # looked at, as a careful test does: no leak besides
        await self.assertQueueDrains(jobs, within=0.1)
        await self.assertConsumersStop([worker])


if __name__ == "__main__":
    unittest.main()
