"""A retry with back-off: how often it tries, how long it takes, and what comes of it in the end."""

import asyncio
import unittest
from collections.abc import Awaitable, Callable

from asynctestkit import HygienicAsyncTestCase


async def retry(call: Callable[[], Awaitable[str]], *, times: int, pause: float) -> str:
    """Tries again after a pause that doubles; the last error is the caller's."""
    for attempt in range(times - 1):
        try:
            return await call()
        except ConnectionError:
            await asyncio.sleep(pause * 2**attempt)
    return await call()


class Flaky:
    """Refuses some times, then answers."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.refusals:
            raise ConnectionError(f"refusal {self.calls}")
        return "answer"


class RetryTests(HygienicAsyncTestCase):
    deadline = 10.0

    async def test_an_answer_in_the_end(self) -> None:
        flaky = Flaky(refusals=2)
        self.assertEqual(await self.assertAwaitedWithin(retry(flaky, times=3, pause=0.01), 2), "answer")
        self.assertEqual(flaky.calls, 3)

    async def test_the_last_error_is_the_callers(self) -> None:
        """It is no time-out, and comes as it is."""
        with self.assertRaisesRegex(ConnectionError, "refusal 3"):
            await self.assertAwaitedWithin(retry(Flaky(refusals=9), times=3, pause=0.01), 2)

    async def test_it_backs_off(self) -> None:
        """After 20 and 40 ms it would have given up long before; it pauses for two seconds and more."""
        flaky = Flaky(refusals=1)
        await self.assertStillWaiting(retry(flaky, times=2, pause=2), 0.05)
        self.assertEqual(flaky.calls, 1)

    async def test_giving_up_is_up_to_the_caller(self) -> None:
        """A limit around all attempts: the pause is cancelled, and no further attempt follows."""
        flaky = Flaky(refusals=9)
        await self.assertTimesOut(retry(flaky, times=9, pause=60), 0.05)
        self.assertEqual(flaky.calls, 1)


if __name__ == "__main__":
    unittest.main()
