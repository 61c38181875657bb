"""A retry after silence, in every order of its tasks: an order is paid once, whenever the answer comes."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase, explore


class Bank:
    """Takes a second for a charge; its answer is on its way for a moment."""

    def __init__(self) -> None:
        self.charged: dict[str, str] = {}

    async def charge(self, order: str, key: str) -> None:
        await asyncio.sleep(1)  # waits: on virtual time
        if key not in self.charged:  # the same charge may come again
            self.charged[key] = order
        await asyncio.sleep(0)


async def pay(bank: Bank, order: str, key: str) -> None:
    """Tries again when there is no answer within a second."""
    charge = asyncio.create_task(bank.charge(order, key), name="charge")
    answered, _ = await asyncio.wait({charge}, timeout=1)
    if not answered:
        charge.cancel()
        await bank.charge(order, key)


class PaymentTests(HygienicAsyncTestCase):
    @explore
    async def test_an_order_is_paid_once(self) -> None:
        bank = Bank()
        await asyncio.create_task(pay(bank, "a book", "order 1"), name="payment")
        self.assertEqual(bank.charged, {"order 1": "a book"})


if __name__ == "__main__":
    unittest.main()
