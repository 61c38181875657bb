"""Two locks taken in the wrong order: told at once, on either clock."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


class Account:
    def __init__(self, balance: int) -> None:
        self.balance = balance
        self.lock = asyncio.Lock()


async def transfer(source: Account, target: Account, amount: int) -> None:
    async with source.lock:
        await asyncio.sleep(0)  # stands for a question to the database
        async with target.lock:
            source.balance -= amount
            target.balance += amount


class TransferTests(HygienicAsyncTestCase):
    async def test_both_ways_at_once(self) -> None:
        alice, bob = Account(100), Account(100)
        there = asyncio.create_task(transfer(alice, bob, 10), name="alice-to-bob")
        back = asyncio.create_task(transfer(bob, alice, 5), name="bob-to-alice")
        await asyncio.gather(there, back)


if __name__ == "__main__":
    unittest.main()
