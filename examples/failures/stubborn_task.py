"""A worker that takes its cancellation for one more error to survive."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


async def work_for_ever() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except BaseException:
            continue  # keep going, whatever happens


class WorkerTests(HygienicAsyncTestCase):
    grace_period = 0.2

    async def test_starts_the_worker(self) -> None:
        self.worker = asyncio.create_task(work_for_ever(), name="bg:worker")
        await asyncio.sleep(0)


if __name__ == "__main__":
    unittest.main()
