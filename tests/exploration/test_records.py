"""Steps in detail, and where two runs differ."""

import asyncio
import contextlib
import unittest

from asynctestkit.exploration.records import difference_of, step_taken
from asynctestkit.stacks.await_chain import AwaitChain, chain_of_task
from asynctestkit.stacks.places import Place

HERE = AwaitChain((Place(__file__, 1, "before"),), "")


class ToldTests(unittest.IsolatedAsyncioTestCase):
    async def after(self, coroutine, is_main=False, before=HERE, cancels=False):
        task = asyncio.ensure_future(coroutine)
        await asyncio.sleep(0)
        if cancels:
            task.cancel()
        await asyncio.sleep(0)
        step = step_taken(("a", 1), 0.5, before, task, is_main)
        if not task.done():
            expected = chain_of_task(task)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.assertEqual(step.after, expected)
        elif not task.cancelled():
            task.exception()
        return step

    async def test_how_it_ended(self):
        """A step ends with what it waits for, or its result; the test's own task only with its end."""

        async def fails():
            raise ValueError

        self.assertIsInstance((await self.after(asyncio.Event().wait())).after, AwaitChain)
        self.assertEqual((await self.after(asyncio.sleep(0))).after, "returned")
        self.assertEqual((await self.after(fails())).after, "raised ValueError")
        self.assertEqual((await self.after(asyncio.sleep(60), cancels=True)).after, "cancelled")
        self.assertEqual((await self.after(fails(), is_main=True)).after, "ended")

    async def test_what_is_none_of_the_tests(self):
        """Steps within this library alone, such as 3.10's around each phase, are left out."""
        self.assertIsNone(await self.after(asyncio.sleep(0), is_main=True, before=AwaitChain((), "")))


class DifferenceTests(unittest.TestCase):
    def test_where_they_parted(self):
        """Runs differ in a step, in the number of steps, or only in how they ended."""
        one = [("main", 1), ("a", 1), ("b", 1)]
        self.assertEqual(difference_of(one, [*one[:2], ("c", 1)]), "at position 3, c@1 instead of b@1")
        self.assertEqual(difference_of(one, one[:2]), "2 steps instead of 3, from b@1 on")
        self.assertEqual(difference_of(one, [*one, ("c", 2)]), "4 steps instead of 3, from c@2 on")
        self.assertEqual(difference_of(one, one), "the same steps, but another outcome")
