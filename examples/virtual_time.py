"""Minutes and hours in microseconds, on the virtual clock: retries, a cache, a rate limiter, a heartbeat."""

import asyncio
import collections
import itertools
import random
import unittest
from collections.abc import Awaitable, Callable

from asynctestkit import HygienicAsyncTestCase


async def retry(call: Callable[[], Awaitable[str]], *, first: float = 1.0, give_up: float = 600.0) -> str:
    """Calls again after one second, two, four …, each a little more or less; gives up after ten minutes."""
    loop = asyncio.get_running_loop()
    began, pause = loop.time(), first
    while True:
        try:
            return await call()
        except ConnectionError:
            wait = pause * random.uniform(0.9, 1.1)
            if loop.time() + wait - began > give_up:
                raise
            await asyncio.sleep(wait)
            pause *= 2


class Cache:
    """Keeps what it has fetched for `ttl` seconds."""

    def __init__(self, fetch: Callable[[str], Awaitable[str]], ttl: float) -> None:
        self._fetch, self._ttl = fetch, ttl
        self._entries: dict[str, tuple[float, str]] = {}

    async def get(self, key: str) -> str:
        now = asyncio.get_running_loop().time()
        expires, value = self._entries.get(key, (0.0, ""))
        if now >= expires:
            value = await self._fetch(key)
            self._entries[key] = now + self._ttl, value
        return value


class RateLimiter:
    """Lets `count` callers through in any `seconds`; the others wait."""

    def __init__(self, count: int, seconds: float) -> None:
        self._seconds = seconds
        self._passed: collections.deque[float] = collections.deque(maxlen=count)
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._turn:
            if len(self._passed) == self._passed.maxlen:
                await asyncio.sleep(self._passed[0] + self._seconds - loop.time())
            self._passed.append(loop.time())


class Monitor:
    """Reports a peer as lost when no beat has come for three times `interval`."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._beat = asyncio.Event()
        self.lost = asyncio.Event()

    def beat(self) -> None:
        self._beat.set()

    async def watch(self) -> None:
        while not self.lost.is_set():
            try:
                await asyncio.wait_for(self._beat.wait(), 3 * self._interval)
            except asyncio.TimeoutError:
                self.lost.set()
            self._beat.clear()


class RetryTests(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_it_backs_off_and_succeeds(self) -> None:
        called: list[float] = []

        async def fails_five_times() -> str:
            called.append(self.clock.elapsed)
            if len(called) <= 5:
                raise ConnectionError("refused")
            return "answer"

        self.assertEqual(await retry(fails_five_times), "answer")
        pauses = [after - before for before, after in itertools.pairwise(called)]
        for pause, expected in zip(pauses, (1, 2, 4, 8, 16), strict=True):
            self.assertAlmostEqual(pause, expected, delta=expected / 10)

    async def test_it_gives_up_within_ten_minutes(self) -> None:
        async def fails() -> str:
            raise ConnectionError("refused")

        with self.assertRaises(ConnectionError):
            await retry(fails)
        self.assertGreater(self.clock.elapsed, 300)
        self.assertLess(self.clock.elapsed, 600)


class CacheTests(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_an_entry_lives_as_long_as_it_should(self) -> None:
        fetched: list[float] = []

        async def fetch(key: str) -> str:
            fetched.append(self.clock.elapsed)
            return key.upper()

        cache = Cache(fetch, ttl=3600)
        for pause in (0, 3599, 1):  # to the second
            await asyncio.sleep(pause)
            self.assertEqual(await cache.get("key"), "KEY")
        self.assertEqual(fetched, [0, 3600])


class RateLimiterTests(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_the_fourth_caller_of_three_waits(self) -> None:
        limiter = RateLimiter(3, 60)
        passed: list[float] = []

        async def caller() -> None:
            await limiter.wait()
            passed.append(self.clock.elapsed)

        await asyncio.gather(*(caller() for _ in range(7)))
        self.assertEqual(passed, [0, 0, 0, 60, 60, 60, 120])


class MonitorTests(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_one_missed_beat_is_forgiven_and_three_are_not(self) -> None:
        monitor = Monitor(10)

        async def peer() -> None:
            for beat in range(100):
                await asyncio.sleep(10)
                if beat != 50:
                    monitor.beat()

        self.startBackground(monitor.watch(), name="bg:monitor")
        self.startBackground(peer(), name="bg:peer")
        await monitor.lost.wait()
        self.assertEqual(self.clock.elapsed, 1000 + 30)


if __name__ == "__main__":
    unittest.main()
