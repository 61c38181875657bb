"""One task runs all coroutines of a test in one context; its code works on every version."""

import asyncio
import contextvars
import unittest

from asynctestkit.loops.context_task import ContextTask

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


async def for_ever():
    await asyncio.get_running_loop().create_future()


async def set_to(value):
    VARIABLE.set(value)


async def get():
    return VARIABLE.get()


class CarrierTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)
        self.carrier = ContextTask(self.loop)
        self.addCleanup(lambda: self.carrier.end())

    def run_in_loop(self, coroutine):
        return self.loop.run_until_complete(self.carrier.run_in_task(coroutine))

    def test_one_context(self):
        """What one coroutine sets, the next one sees, and no code outside does."""
        self.run_in_loop(set_to("within"))
        self.assertEqual(self.run_in_loop(get()), "within")
        self.assertEqual(VARIABLE.get(), "unset")

    def test_a_successor(self):
        """A successor continues in the same context, while the stuck coroutine remains in the old task."""
        self.run_in_loop(set_to("within"))
        old, busy = self.carrier, self.carrier.run_in_task(for_ever())
        self.loop.run_until_complete(asyncio.sleep(0))
        self.carrier = old.successor()
        self.assertEqual(self.run_in_loop(get()), "within")
        self.assertFalse(busy.done() or old.task.done())
        old.task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            self.loop.run_until_complete(busy)
        self.loop.run_until_complete(old.task)

    def test_a_cancellation(self):
        """A cancellation goes to the running coroutine; one that comes later is recorded, without effect."""
        carried = self.carrier.run_in_task(for_ever())
        self.loop.run_until_complete(asyncio.sleep(0))
        self.carrier.task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            self.loop.run_until_complete(carried)
        self.assertFalse(self.carrier.was_cancelled_late)
        self.carrier.task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.assertTrue(self.carrier.was_cancelled_late)
        self.assertEqual(self.run_in_loop(get()), "unset")
        self.assertFalse(self.carrier.was_cancelled_late)

    def test_dismissing(self):
        """The task ends without a turn of the loop, and nothing is logged about it."""
        with self.assertNoLogs("asyncio"):
            ContextTask(self.loop).end()
            self.run_in_loop(get())
            self.carrier.end()
            self.loop.run_until_complete(asyncio.sleep(0))
        self.assertEqual(asyncio.all_tasks(self.loop), set())
