"""Just before a limit and just after it, without flaking: 90 % and 110 % of ten minutes, in microseconds."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


class Reservation:
    """Holds a seat until it is paid, for ten minutes at most."""

    LIMIT = 600.0

    def __init__(self) -> None:
        self._paid = asyncio.Event()

    def pay(self) -> None:
        self._paid.set()

    async def outcome(self) -> str:
        try:
            await asyncio.wait_for(self._paid.wait(), self.LIMIT)
        except asyncio.TimeoutError:
            return "released"
        return "sold"


class ReservationTests(HygienicAsyncTestCase):
    clock = "virtual"  # an hour's sleep takes microseconds, and nothing comes early or late

    async def outcome_if_paid_after(self, share: float) -> str:
        reservation = Reservation()
        asyncio.get_running_loop().call_later(share * Reservation.LIMIT, reservation.pay)
        return await reservation.outcome()

    async def test_paid_at_nine_tenths_of_the_limit(self) -> None:
        self.assertEqual(await self.outcome_if_paid_after(0.9), "sold")
        self.assertEqual(self.clock.elapsed, 540)

    async def test_paid_at_eleven_tenths_of_the_limit(self) -> None:
        self.assertEqual(await self.outcome_if_paid_after(1.1), "released")
        self.assertEqual(self.clock.elapsed, 600)

    async def test_the_last_second(self) -> None:
        for paid_after, outcome in ((599, "sold"), (601, "released")):
            with self.subTest(paid_after=paid_after):
                self.assertEqual(await self.outcome_if_paid_after(paid_after / 600), outcome)


if __name__ == "__main__":
    unittest.main()
