"""A TaskGroup in which one task fails: its sibling is cancelled, and nothing is left behind."""

import asyncio
import sys
import unittest

from asynctestkit import HygienicAsyncTestCase


class Mirrors:
    """Asks two servers at once; one of them refuses."""

    def __init__(self) -> None:
        self.has_hung_up = False

    async def refused(self) -> None:
        await asyncio.sleep(0)
        raise ConnectionError("refused")

    async def slow(self) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            self.has_hung_up = True

    async def fetch(self) -> None:
        async with asyncio.TaskGroup() as group:
            self.sibling = group.create_task(self.slow(), name="bg:slow-mirror")
            group.create_task(self.refused(), name="bg:refused-mirror")


@unittest.skipIf(sys.version_info < (3, 11), "3.10 has no TaskGroup")
class MirrorsTests(HygienicAsyncTestCase):
    deadline = 10.0

    async def test_the_sibling_is_cancelled(self) -> None:
        mirrors = Mirrors()
        with self.assertRaisesGroup(ConnectionError, match="unhandled errors") as caught:
            await self.assertAwaitedWithin(mirrors.fetch(), 2)
        self.assertEqual(str(caught.exception.exceptions[0]), "refused")
        await self.assertTaskCancelled(mirrors.sibling)
        self.assertTrue(mirrors.has_hung_up)
        self.assertNoPendingTasks()


if __name__ == "__main__":
    unittest.main()
