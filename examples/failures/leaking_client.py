"""A client that starts a heartbeat and never ends it."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


class Client:
    def __init__(self, name: str) -> None:
        self.name = name

    async def connect(self) -> None:
        self._heartbeat = asyncio.create_task(self._beat(), name=f"bg:heartbeat-{self.name}")

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(60)


class ClientTests(HygienicAsyncTestCase):
    async def test_connects(self) -> None:
        await Client("alice").connect()


if __name__ == "__main__":
    unittest.main()
