"""A step that outlives its budget: which one, where it stood, and what the others have used."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


async def fetch(answers: asyncio.Queue[str]) -> str:
    return await answers.get()


class PipelineTests(HygienicAsyncTestCase):
    async def test_fetches_and_stores(self) -> None:
        async with self.assertStepWithin("pipeline", 5):
            async with self.assertStepWithin("connect", 1):
                await asyncio.sleep(0)
            async with self.assertStepWithin("fetch", 0.1):
                await fetch(asyncio.Queue())


if __name__ == "__main__":
    unittest.main()
