"""A task hidden from cancellation by `shield`: what it left running is found, or waited for."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase, LeakError, no_leaks


class Orders:
    """An order that has been accepted is written down, also if its request is cancelled."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self._writing: set[asyncio.Task[None]] = set()

    async def accept(self, order: str) -> None:
        task = asyncio.create_task(self._write(order), name=f"bg:write-{order}")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.shield(task)

    async def _write(self, order: str) -> None:
        await asyncio.sleep(0.1)  # waits: on virtual time
        self.written.append(order)

    async def close(self) -> None:
        """Without this the task would outlive the test."""
        await asyncio.gather(*self._writing)


class OrdersTests(HygienicAsyncTestCase):
    clock = "virtual"

    async def cancelled_request(self, orders: Orders) -> None:
        request = asyncio.create_task(orders.accept("book"), name="request")
        await self.settle()
        await self.assertTaskCancelled(request)

    async def test_closing_waits_for_what_is_shielded(self) -> None:
        orders = Orders()
        await self.cancelled_request(orders)
        self.assertEqual(orders.written, [])
        await orders.close()
        self.assertEqual(orders.written, ["book"])

    async def test_what_is_shielded_is_named(self) -> None:
        """Without `close`; `settle_time` is what pending tasks may take to end by themselves."""
        with self.assertRaises(LeakError) as caught:
            async with no_leaks(settle_time=0):
                await self.cancelled_request(Orders())
        self.assertEqual([leak.name for leak in caught.exception.leaks], ["bg:write-book"])


if __name__ == "__main__":
    unittest.main()
