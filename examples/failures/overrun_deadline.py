"""Two ways to hang: waiting for what nobody will send, and blocking the loop itself."""

import asyncio
import time
import unittest

from asynctestkit import HygienicAsyncTestCase


async def fetch(answers: asyncio.Queue[str]) -> str:
    return await answers.get()


class FetchTests(HygienicAsyncTestCase):
    deadline = 0.2

    async def test_waits_for_an_answer(self) -> None:
        await fetch(asyncio.Queue())

    async def test_blocks_the_loop(self) -> None:
        time.sleep(1000)


if __name__ == "__main__":
    unittest.main()
