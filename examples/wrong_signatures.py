"""Typos and wrong signatures fail: patches are autospecced, and a session can have the names of a class."""

import unittest
from typing import Any

from asynctestkit import HygienicAsyncTestCase


class Payments:
    async def refund(self, order: int, *, cents: int) -> str:
        raise NotImplementedError("calls the bank")


class StockSession:
    """The client of a project's own, in the way of aiohttp.ClientSession."""

    def get(self, url: str, *, warehouse: str = "main") -> Any:
        raise NotImplementedError("sends a request")

    async def close(self) -> None: ...


class SignatureTests(HygienicAsyncTestCase):
    async def test_a_patched_method_keeps_its_signature(self) -> None:
        refund = self.patchAsync(f"{__name__}.Payments.refund", returns="refunded")
        payments = Payments()
        self.assertEqual(await payments.refund(7, cents=1250), "refunded")
        refund.assert_awaited_once_with(payments, 7, cents=1250)
        with self.assertRaises(TypeError):
            await payments.refund(7, euros=12)  # type: ignore[call-arg]  # that is what it is about

    async def test_a_session_has_the_names_of_its_spec(self) -> None:
        session = self.makeSession({"GET /books": self.makeResponse(json=3)}, spec=StockSession)
        self.assertIsInstance(session, StockSession)
        async with session.get("/books", warehouse="north") as response:
            self.assertEqual(await response.json(), 3)
        with self.assertRaises(TypeError):
            session.get("/books", wharehouse="north")
        with self.assertRaises(AttributeError):
            session.gett("/books")


if __name__ == "__main__":
    unittest.main()
