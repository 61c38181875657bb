"""A message broker: a subscription that yields for ever, and a worker that is stopped while it waits."""

import asyncio
import itertools
import unittest
from typing import Any
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import never


class Billing:
    """Charges every order that the broker tells of, until it is cancelled."""

    def __init__(self, broker: Any, charge: Any) -> None:
        self._broker = broker
        self._charge = charge

    async def run(self) -> None:
        async with self._broker.subscribe("orders") as messages:
            async for message in messages:
                try:
                    await self._charge(message["order"])
                except ValueError:
                    await self._broker.publish("rejected", message)


class BillingTests(HygienicAsyncTestCase):
    deadline = 10.0

    def broker(self, messages: Any) -> Any:
        broker = mock.Mock(name="broker", spec=["subscribe", "publish"])
        broker.publish = mock.AsyncMock()
        self.subscription = self.makeAsyncContext(self.makeAsyncIterator(messages))
        broker.subscribe.return_value = self.subscription
        return broker

    async def test_charges_every_order_and_waits_for_more(self) -> None:
        """`never()` among the messages: there is no next one yet."""
        charge = mock.AsyncMock(name="charge", side_effect=[None, ValueError("no funds"), None])
        broker = self.broker([{"order": 1}, {"order": 2}, {"order": 3}, never()])
        worker = self.startBackground(Billing(broker, charge).run(), name="bg:billing")

        await self.assertMockAwaitedWithin(charge, 5, count=3)
        await self.settle()

        self.assertEqual([call.args for call in charge.await_args_list], [(1,), (2,), (3,)])
        broker.publish.assert_awaited_once_with("rejected", {"order": 2})
        self.assertFalse(worker.done())

    async def test_unsubscribes_when_it_is_stopped(self) -> None:
        """A flood without end can be cancelled, and the subscription is left."""
        charge = mock.AsyncMock(name="charge")
        flood = ({"order": number} for number in itertools.count())
        worker = asyncio.create_task(Billing(self.broker(flood), charge).run(), name="bg:billing")
        await self.assertMockAwaitedWithin(charge, 5, count=100)

        worker.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await worker

        self.assertIs(self.subscription.__aexit__.await_args.args[0], asyncio.CancelledError)


if __name__ == "__main__":
    unittest.main()
