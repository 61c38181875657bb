"""Logs and warnings are part of what a test asserts: those it expects, and that there are no others."""

import logging
import unittest
import warnings

from asynctestkit import HygienicAsyncTestCase

log = logging.getLogger("shop.cart")


class Cart:
    def __init__(self) -> None:
        self.items: list[str] = []

    async def add(self, item: str, *, count: int = 1) -> None:
        if count > 99:
            log.warning("an order of %d × %s, cut to 99", count, item)
        self.items += [item] * min(count, 99)

    async def put(self, item: str) -> None:
        warnings.warn("put() is now called add()", DeprecationWarning, stacklevel=2)
        await self.add(item)


class CartTests(HygienicAsyncTestCase):
    async def test_an_ordinary_order_passes_in_silence(self) -> None:
        cart = Cart()
        with self.assertLogsNothing("shop", "INFO"), self.assertNoWarnings():
            await cart.add("book", count=2)
        self.assertEqual(cart.items, ["book", "book"])

    async def test_a_large_order_is_logged(self) -> None:
        cart = Cart()
        with self.assertLogs("shop.cart", "WARNING") as logged, self.assertNoWarnings():
            await cart.add("book", count=100)
        self.assertEqual(logged.output, ["WARNING:shop.cart:an order of 100 × book, cut to 99"])
        self.assertEqual(len(cart.items), 99)

    async def test_the_old_name_warns(self) -> None:
        with self.assertWarnsRegex(DeprecationWarning, "called add"), self.assertLogsNothing():
            await Cart().put("book")


if __name__ == "__main__":
    unittest.main()
