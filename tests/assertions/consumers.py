"""Correct and faulty consumers and producers, and the test case that ends them."""

import asyncio

from asynctestkit.assertions.queues import QueueAssertions
from tests.assertions.clock import JumpingTestCase

__all__ = ["STOP", "QueuesTestCase", "consumes", "filled", "forgets", "produces", "refuses"]

STOP = object()


async def consumes(queue, seconds=0.1):
    while True:
        item = await queue.get()
        try:
            if item is STOP:
                return
            await asyncio.sleep(seconds)
        finally:
            queue.task_done()


async def forgets(queue, handle=None):
    while True:
        item = await queue.get()
        if handle is not None:
            handle(item)


async def produces(queue, seconds):
    while True:
        await asyncio.sleep(seconds)
        await queue.put("more")


async def refuses(queue=None):
    while True:
        try:
            await (queue.get() if queue else asyncio.get_running_loop().create_future())
        except asyncio.CancelledError:
            pass


class QueuesTestCase(QueueAssertions, JumpingTestCase):
    clock = "virtual"
    grace_period = 0.5

    def start(self, coroutine, name):
        """A task that is cancelled at the end of the test."""
        task = self.loop.create_task(coroutine, name=name)
        self.started.append(task)
        return task

    def setUp(self):
        self.started = []

    def _callTestMethod(self, method):
        async def and_end():
            await method()
            for task in self.started:
                task.cancel()
            if self.started:
                await asyncio.wait(self.started)
                for task in self.started:
                    task.cancelled() or task.exception()

        super()._callTestMethod(and_end)


def filled(*items, maxsize=0, kind=asyncio.Queue):
    queue = kind(maxsize)
    for item in items:
        queue.put_nowait(item)
    return queue
