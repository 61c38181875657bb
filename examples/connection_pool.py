"""A leak detector of a project's own: connections that were taken from a pool and not given back."""

import asyncio
import unittest

from asynctestkit import DEFAULT_DETECTORS, HygienicAsyncTestCase, Leak, LeakDetector


class Pool:
    def __init__(self, size: int) -> None:
        self.taken = 0
        self._free = asyncio.Semaphore(size)

    async def acquire(self) -> None:
        await self._free.acquire()
        self.taken += 1

    def release(self) -> None:
        self._free.release()
        self.taken -= 1


class PoolLeaks(LeakDetector):
    """Pools with connections that nobody gave back."""

    kind = "connection"
    types = (Pool,)

    def examine(self, obj: Pool) -> Leak | None:
        if not obj.taken:
            return None
        return Leak(
            kind=self.kind,
            name="pool",
            description=f"{obj.taken} taken and not given back",
            remedy="release() it in `finally`",
        )


class PoolTests(HygienicAsyncTestCase):
    leak_detectors = (*DEFAULT_DETECTORS, PoolLeaks)

    async def asyncSetUp(self) -> None:
        self.pool = Pool(size=2)

    async def test_gives_back_what_it_took(self) -> None:
        await self.pool.acquire()
        try:
            self.assertEqual(self.pool.taken, 1)
        finally:
            self.pool.release()


if __name__ == "__main__":
    unittest.main()
