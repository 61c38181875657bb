"""Resources close in `finally`, also on cancellation and time-out: the assertions wait for the clean-up."""

import asyncio
import unittest
from collections.abc import Coroutine
from typing import Any

from asynctestkit import HygienicAsyncTestCase


class Connection:
    def __init__(self) -> None:
        self.is_open = False

    async def open(self) -> None:
        await asyncio.sleep(0)
        self.is_open = True

    async def fetch(self) -> list[str]:
        await asyncio.sleep(30)  # waits: on virtual time
        return ["row"]

    async def close(self) -> None:
        try:
            await asyncio.sleep(0)  # says goodbye to the server
        finally:
            self.is_open = False


async def export(connection: Connection) -> list[str]:
    await connection.open()
    try:
        return await connection.fetch()
    finally:
        await connection.close()


class ExportTests(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_closes_on_a_time_out(self) -> None:
        connection = Connection()
        await self.assertTimesOut(export(connection), 5)
        self.assertFalse(connection.is_open)

    async def test_closes_when_it_is_cancelled(self) -> None:
        connection = Connection()
        task = asyncio.create_task(export(connection), name="bg:export")
        await self.settle()
        self.assertTrue(connection.is_open)
        await self.assertTaskCancelled(task)
        self.assertFalse(connection.is_open)

    async def test_closes_wherever_it_is_cancelled(self) -> None:
        """At each place at which it waits, once each: also while it opens, and while it closes."""
        connections: list[Connection] = []

        def make() -> Coroutine[Any, Any, list[str]]:
            connections.append(Connection())
            return export(connections[-1])

        def check() -> None:
            self.assertFalse(connections[-1].is_open)

        await self.assertCancelSafe(make, check=check)
        self.assertGreater(len(connections), 3)


if __name__ == "__main__":
    unittest.main()
