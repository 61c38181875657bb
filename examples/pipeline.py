"""A producer and its consumers over a bounded queue: background tasks that the case ends by itself."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


async def consume(jobs: asyncio.Queue[int], results: list[int]) -> None:
    """Squares numbers for ever; every `get` has its `task_done`, also where the handler fails."""
    while True:
        number = await jobs.get()
        try:
            results.append(number * number)
        finally:
            jobs.task_done()


class PipelineTests(HygienicAsyncTestCase):
    deadline = 10.0

    async def test_squares_every_number(self) -> None:
        jobs: asyncio.Queue[int] = asyncio.Queue(maxsize=3)
        results: list[int] = []
        for number in range(2):
            self.startBackground(consume(jobs, results), name=f"bg:consumer-{number}")

        for number in range(10):
            await jobs.put(number)
        await asyncio.wait_for(jobs.join(), timeout=5)

        self.assertEqual(sorted(results), [number * number for number in range(10)])

    async def test_consumers_wait_when_there_is_nothing_to_do(self) -> None:
        jobs: asyncio.Queue[int] = asyncio.Queue()
        consumer = self.startBackground(consume(jobs, []), name="bg:consumer")
        await self.settle()
        self.assertFalse(consumer.done())
        self.assertTrue(jobs.empty())


if __name__ == "__main__":
    unittest.main()
