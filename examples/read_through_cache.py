"""A cache in front of a database, in every order of its tasks: an update is seen by who reads after it."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase, explore


class Database:
    def __init__(self) -> None:
        self.rows = {"price": 10}

    async def read(self, key: str) -> int:
        value = self.rows[key]
        await asyncio.sleep(0.01)  # waits: on virtual time, for the way back
        return value

    async def write(self, key: str, value: int) -> None:
        await asyncio.sleep(0.01)  # waits: on virtual time, for the way there
        self.rows[key] = value


class Cache:
    """Keeps what it has read until that is updated."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._values: dict[str, int] = {}
        self._versions: dict[str, int] = {}

    async def get(self, key: str) -> int:
        if key in self._values:
            return self._values[key]
        version = self._versions.get(key, 0)
        value = await self._database.read(key)
        if self._versions.get(key, 0) == version:  # nobody has updated it meanwhile
            self._values[key] = value
        return value

    async def update(self, key: str, value: int) -> None:
        await self._database.write(key, value)
        self._versions[key] = self._versions.get(key, 0) + 1
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
