"""A copy that is reserved for nobody: the second request has failed; fixed in reservations.py."""

import asyncio
import contextlib
import unittest
from typing import Any

from asynctestkit import HygienicAsyncTestCase, explore


class Shop:
    def __init__(self, session: Any, free: int) -> None:
        self.free = free
        self.sold = 0
        self._session = session

    async def buy(self, book: str) -> None:
        async with self._session.get(f"http://prices/{book}") as answer:
            price = await answer.json()
        self.free -= 1
        async with self._session.post("http://bank/charges", json=price) as answer:
            await answer.read()
        self.sold += 1


class ReservationTests(HygienicAsyncTestCase):
    @explore(faults=True)
    async def test_no_copy_is_lost(self) -> None:
        session = self.makeSession(
            {
                "GET http://prices/*": self.makeResponse(json={"eur": 20}),
                "POST http://bank/charges": self.makeResponse(text="paid"),
            }
        )
        shop = Shop(session, free=1)
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
            await asyncio.create_task(shop.buy("dune"), name="purchase")
        self.assertEqual(shop.free + shop.sold, 1)


if __name__ == "__main__":
    unittest.main()
