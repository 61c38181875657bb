"""A coroutine that was called and never awaited: the test passes, and has tested nothing."""

import unittest

from asynctestkit import HygienicAsyncTestCase


class Account:
    balance = 100

    async def withdraw(self, amount: int) -> None:
        self.balance -= amount


class AccountTests(HygienicAsyncTestCase):
    async def test_withdraws(self) -> None:
        account = Account()
        account.withdraw(30)
        self.assertGreaterEqual(account.balance, 0)


if __name__ == "__main__":
    unittest.main()
