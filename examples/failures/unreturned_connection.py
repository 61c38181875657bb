"""A connection that is not given back, found by a detector of the project's own."""

import unittest

from asynctestkit import DEFAULT_DETECTORS, HygienicAsyncTestCase
from examples.connection_pool import Pool, PoolLeaks


class PoolTests(HygienicAsyncTestCase):
    leak_detectors = (*DEFAULT_DETECTORS, PoolLeaks)

    async def test_takes_a_connection(self) -> None:
        self.pool = Pool(size=2)
        await self.pool.acquire()


if __name__ == "__main__":
    unittest.main()
