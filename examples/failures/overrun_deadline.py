"""Two ways to hang: waiting for what takes far too long, and blocking the loop itself."""

import asyncio
import time
import unittest

from asynctestkit import HygienicAsyncTestCase


async def fetch() -> None:
    await asyncio.sleep(3600)  # stands for a server that does not answer


class FetchTests(HygienicAsyncTestCase):
    deadline = 0.2

    async def test_waits_for_an_answer(self) -> None:
        await fetch()

    async def test_blocks_the_loop(self) -> None:
        time.sleep(1000)


if __name__ == "__main__":
    unittest.main()
