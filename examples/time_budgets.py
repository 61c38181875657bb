"""Time budgets: one for the whole pipeline, narrower ones for its steps, and time-outs of the code's own."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


class Feed:
    """Reads records from a source, and gives up on a source that does not answer."""

    def __init__(self, source: asyncio.Queue[str], patience: float) -> None:
        self.source = source
        self.patience = patience

    async def read(self) -> str:
        return await asyncio.wait_for(self.source.get(), self.patience)


async def transform(record: str) -> str:
    await asyncio.sleep(0)
    return record.upper()


class PipelineTests(HygienicAsyncTestCase):
    deadline = 10.0  # on the whole test; the steps below are narrower

    async def test_every_step_has_its_budget(self) -> None:
        source: asyncio.Queue[str] = asyncio.Queue()
        feed = Feed(source, patience=5)
        async with self.assertStepWithin("pipeline", 5):
            async with self.assertStepWithin("read", 2):
                source.put_nowait("record")
                record = await feed.read()
            async with self.assertStepWithin("transform", 1):
                self.assertEqual(await transform(record), "RECORD")

    async def test_a_silent_source_is_given_up(self) -> None:
        """The time-out is the code's own: without one, this would fail after two seconds."""
        await self.assertTimesOut(Feed(asyncio.Queue(), patience=0.05).read(), within=2)

    async def test_a_reader_waits_for_its_source(self) -> None:
        source: asyncio.Queue[str] = asyncio.Queue()
        reader = asyncio.create_task(Feed(source, patience=5).read())
        await self.assertStillWaiting(reader, 0.05)
        source.put_nowait("late")
        self.assertEqual(await self.assertAwaitedWithin(reader, 1), "late")


if __name__ == "__main__":
    unittest.main()
