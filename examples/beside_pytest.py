"""Beside pytest: it runs the same classes, and async functions are guarded by `no_leaks`.

With the plug-in, `pytest -p asynctestkit.pytest_plugin`, a function takes the fixture of that name instead.
"""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase, no_leaks


class Cache:
    """Values that a task throws away after a while."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self._expiry: dict[str, asyncio.Task[None]] = {}

    def set(self, key: str, value: int, seconds: float) -> None:
        self.values[key] = value
        self._expiry[key] = asyncio.create_task(self._expire(key, seconds), name=f"bg:expire-{key}")

    async def _expire(self, key: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        del self.values[key]

    async def close(self) -> None:
        for task in self._expiry.values():
            task.cancel()
        await asyncio.gather(*self._expiry.values(), return_exceptions=True)


class CacheTests(HygienicAsyncTestCase):
    """unittest runs it, and so does pytest, in either mode of pytest-asyncio, alone or with `-n 2`."""

    clock = "virtual"

    async def test_a_value_expires(self) -> None:
        cache = Cache()
        cache.set("price", 10, seconds=60)
        await asyncio.sleep(61)
        self.assertEqual(cache.values, {})


async def test_closing_ends_the_tasks() -> None:
    """A function test, as pytest-asyncio and anyio run them."""
    async with no_leaks():
        cache = Cache()
        cache.set("price", 10, seconds=60)
        await cache.close()
        assert cache.values == {"price": 10}


def load_tests(loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: object) -> unittest.TestSuite:
    """Has unittest run the function as well, as this file is an example for both."""
    tests.addTest(unittest.FunctionTestCase(lambda: asyncio.run(test_closing_ends_the_tasks())))
    return tests


if __name__ == "__main__":
    unittest.main()
