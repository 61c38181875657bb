"""A retry that fires twice: the answer was late, and not the charge; fixed in payments.py by a key."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase, explore


class Bank:
    def __init__(self) -> None:
        self.charged: list[str] = []

    async def charge(self, order: str) -> None:
        await asyncio.sleep(1)  # waits: on virtual time
        self.charged.append(order)
        await asyncio.sleep(0)


async def pay(bank: Bank, order: str) -> None:
    charge = asyncio.create_task(bank.charge(order), name="charge")
    answered, _ = await asyncio.wait({charge}, timeout=1)
    if not answered:
        charge.cancel()
        await bank.charge(order)


class PaymentTests(HygienicAsyncTestCase):
    @explore
    async def test_an_order_is_paid_once(self) -> None:
        bank = Bank()
        await asyncio.create_task(pay(bank, "a book"), name="payment")
        self.assertEqual(bank.charged, ["a book"])


if __name__ == "__main__":
    unittest.main()
