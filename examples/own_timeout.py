"""A time-out of the code's own, proved by a slow mock; an error of the dependency is something else."""

import asyncio
import unittest
from typing import Any
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.mocks import after, outcomes


async def quote(shop: Any, item: str, *, patience: float = 2.0) -> float:
    """The price of an item; a shop that does not answer in time is a TimeoutError."""
    answer = await asyncio.wait_for(shop.price_of(item), patience)
    return float(answer)


class QuoteTests(HygienicAsyncTestCase):
    clock = "virtual"

    def shop(self, *answers: Any) -> Any:
        shop = mock.Mock(name="shop", spec=["price_of"])
        shop.price_of = mock.AsyncMock(side_effect=outcomes(*answers))
        return shop

    async def test_it_gives_up_by_itself(self) -> None:
        """No limit is imposed here: without a time-out of its own, this would fail after ten seconds."""
        await self.assertTimesOut(quote(self.shop(after(60, "12.50")), "book"), within=10)
        self.assertEqual(self.clock.elapsed, 2)

    async def test_it_takes_a_late_answer(self) -> None:
        self.assertEqual(await quote(self.shop(after(1.9, "12.50")), "book"), 12.5)

    async def test_an_error_of_the_shop_is_no_time_out(self) -> None:
        with self.assertRaisesRegex(ConnectionError, "refused"):
            await quote(self.shop(ConnectionError("refused")), "book")


if __name__ == "__main__":
    unittest.main()
