"""A cache that keeps what it has read, though that was updated meanwhile; fixed in read_through_cache.py."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase, explore
from examples.read_through_cache import Database


class Cache:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._values: dict[str, int] = {}

    async def get(self, key: str) -> int:
        if key not in self._values:
            self._values[key] = await self._database.read(key)
        return self._values[key]

    async def update(self, key: str, value: int) -> None:
        await self._database.write(key, value)
        self._values.pop(key, None)


class CacheTests(HygienicAsyncTestCase):
    @explore
    async def test_an_update_is_seen(self) -> None:
        cache = Cache(Database())
        reader = asyncio.create_task(cache.get("price"), name="reader")
        writer = asyncio.create_task(cache.update("price", 12), name="writer")
        await asyncio.gather(reader, writer)
        self.assertEqual(await cache.get("price"), 12)


if __name__ == "__main__":
    unittest.main()
