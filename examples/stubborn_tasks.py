"""A task that refuses its cancellation: it is named, and nothing waits for it for ever."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


class Ledger:
    """Writes what it was given, come what may; only `close` ends it."""

    def __init__(self) -> None:
        self.entries: asyncio.Queue[str | None] = asyncio.Queue()
        self.written: list[str] = []

    async def run(self) -> None:
        while True:
            try:
                entry = await self.entries.get()
            except asyncio.CancelledError:
                continue  # nothing may be lost
            if entry is None:
                return
            self.written.append(entry)

    def close(self) -> None:
        self.entries.put_nowait(None)


class LedgerTests(HygienicAsyncTestCase):
    grace_period = 0.05  # then whoever still refuses is reported as stubborn, and left aside

    async def asyncSetUp(self) -> None:
        self.ledger = Ledger()
        self.task = asyncio.create_task(self.ledger.run(), name="bg:ledger")
        await self.settle()

    async def test_cancelling_does_not_end_it(self) -> None:
        """At the end of a test this would fail it: see failures/stubborn_task.py."""
        refused = await self.cancelPendingTasks()
        self.assertEqual([task.get_name() for task in refused], ["bg:ledger"])
        self.ledger.close()
        await self.assertAwaitedWithin(self.task, 1)

    async def test_closing_does(self) -> None:
        self.ledger.entries.put_nowait("sold: a book")
        self.ledger.close()
        await self.assertAwaitedWithin(self.task, 1)
        self.assertEqual(self.ledger.written, ["sold: a book"])
        self.assertNoPendingTasks()


if __name__ == "__main__":
    unittest.main()
