"""The sweep: what is pending after the last cleanup is cancelled, awaited for a bounded time, and told."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase, LeakError, no_leaks


class Uploader:
    """Sends records in the background, and keeps those that it could not send."""

    def __init__(self) -> None:
        self.records: asyncio.Queue[str] = asyncio.Queue()
        self.kept: list[str] = []

    def start(self) -> None:
        self.task = asyncio.create_task(self._run(), name="bg:uploader")

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})

    async def _run(self) -> None:
        record = await self.records.get()
        try:
            await asyncio.sleep(3600)  # the network is down
        finally:
            await asyncio.sleep(0)
            self.kept.append(record)


class UploaderTests(HygienicAsyncTestCase):
    grace_period = 0.5  # wall seconds that cancelled tasks get to finish; this is the default

    async def asyncSetUp(self) -> None:
        self.uploader = Uploader()
        self.uploader.records.put_nowait("record")

    async def test_a_cleanup_ends_it(self) -> None:
        """The sweep comes after all cleanups, so this is no leak."""
        self.uploader.start()
        self.addAsyncCleanup(self.uploader.stop)

    async def test_the_test_sweeps_in_the_middle(self) -> None:
        """What is cancelled is awaited too: its clean-up is over when this returns."""
        self.uploader.start()
        await self.settle()
        self.assertEqual(await self.cancelPendingTasks(), [])
        self.assertEqual(self.uploader.kept, ["record"])

    async def test_what_is_forgotten_is_swept_and_told(self) -> None:
        with self.assertRaises(LeakError) as caught:
            async with no_leaks():  # guards a block as the case guards a test
                self.uploader.start()
        self.assertEqual([leak.name for leak in caught.exception.leaks], ["bg:uploader"])
        self.assertEqual(self.uploader.kept, ["record"])


if __name__ == "__main__":
    unittest.main()
