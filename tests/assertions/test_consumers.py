"""Stopping tasks is bounded; test_queues has the message of each outcome."""

import asyncio
import unittest

from asynctestkit.assertions.consumers import end, stop_by_cancelling, stop_by_sentinels, wait_for_all
from tests.assertions.clock import JumpingTestCase


async def hangs():
    await asyncio.get_running_loop().create_future()


class ConsumersTests(JumpingTestCase):
    clock = "virtual"

    async def test_nothing_to_stop(self):
        """Without tasks nothing is awaited, and nothing is at fault."""
        self.assertEqual((await stop_by_cancelling([], 1)).faults, [])
        self.assertEqual((await stop_by_sentinels([], asyncio.Queue(), None, 1, 1)).faults, [])
        await wait_for_all([], 1)
        self.assertEqual(self.now(), 0)

    async def test_waiting_is_bounded(self):
        """Tasks that are not done in time are left as they are."""
        tasks = [self.loop.create_task(hangs()), self.loop.create_task(asyncio.sleep(0.5))]
        await wait_for_all(tasks, 1)
        self.assertEqual([task.done() for task in tasks], [False, True])
        self.assertEqual(await end(tasks, 1), [])
        self.assertEqual(self.now(), 1)


if __name__ == "__main__":
    unittest.main()
