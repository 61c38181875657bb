"""A pool of connections, cancelled wherever its users wait: no connection is lost."""

import asyncio
import unittest
from collections.abc import Coroutine
from typing import Any

from asynctestkit import HygienicAsyncTestCase


class Pool:
    """Hands a connection that is given back to the one who has waited longest."""

    def __init__(self, size: int) -> None:
        self.free = [f"connection {number}" for number in range(size)]
        self._waiting: list[asyncio.Future[str]] = []

    async def acquire(self) -> str:
        if self.free:
            return self.free.pop()
        handed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(handed)
        try:
            return await handed
        except asyncio.CancelledError:
            if handed.done() and not handed.cancelled():
                self.release(handed.result())  # it came at the same moment
            elif handed in self._waiting:
                self._waiting.remove(handed)
            raise

    def release(self, connection: str) -> None:
        while self._waiting:
            handed = self._waiting.pop(0)
            if not handed.done():
                handed.set_result(connection)
                return
        self.free.append(connection)


class PoolTests(HygienicAsyncTestCase):
    async def test_no_connection_is_lost(self) -> None:
        pools: list[Pool] = []

        async def query(pool: Pool) -> None:
            connection = await pool.acquire()
            try:
                await asyncio.sleep(0.01)  # waits: on virtual time, for the database
            finally:
                pool.release(connection)

        async def query_beside_another(pool: Pool) -> None:
            other = asyncio.create_task(query(pool), name="other")
            await asyncio.sleep(0)
            try:
                await query(pool)
            finally:
                await asyncio.wait({other})

        def make() -> Coroutine[Any, Any, None]:
            pools.append(Pool(size=1))
            return query_beside_another(pools[-1])

        def check() -> None:
            self.assertEqual(pools[-1].free, ["connection 0"])

        await self.assertCancelSafe(make, check=check)


if __name__ == "__main__":
    unittest.main()
