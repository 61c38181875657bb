"""The result of awaiting something up to a limit is a value."""

import asyncio
import math
import unittest

from asynctestkit.assertions.limit import EndKind, run_within
from tests.assertions.clock import JumpingTestCase


async def hangs():
    await asyncio.get_running_loop().create_future()


class RunWithinTests(JumpingTestCase):
    clock = "virtual"

    async def test_in_time(self):
        """In time, the result is a value or an error, with the time that it took."""
        ended = await run_within(asyncio.sleep(2, "value"), 3, 0.5)
        self.assertEqual(
            (ended.how, ended.elapsed, ended.value, ended.stood_at), (EndKind.RETURNED, 2, "value", None)
        )
        future = self.loop.create_future()
        future.set_exception(error := ValueError())
        ended = await run_within(future, math.inf, 0.5)
        self.assertEqual((ended.how, ended.error), (EndKind.RAISED, error))

    async def test_a_skip(self):
        """A skip is raised, not judged."""

        async def skips():
            self.skipTest("no network")

        with self.assertRaises(unittest.SkipTest):
            await run_within(skips(), 3, 0.5)

    async def test_over_the_limit(self):
        """Over the limit it is cancelled, spared, or abandoned after twice the clean-up time."""
        ended = await run_within(hangs(), 3, 0.5)
        self.assertIs(ended.how, EndKind.CANCELLED)
        self.assertEqual([place.function for place in ended.stood_at.places], ["hangs"])
        future = self.loop.create_future()
        ended = await run_within(future, 3, 0.5, spares=True)
        self.assertIs(ended.how, EndKind.LEFT)
        self.assertFalse(future.done())
        self.assertEqual(self.now(), 6)

    async def test_no_exception_keeps_what_it_went_through(self):
        """A discarded result leaves no cycle of tracebacks behind."""

        class Kept:
            living = 0

            def __init__(self):
                Kept.living += 1

            def __del__(self):
                Kept.living -= 1

        async def fails():
            kept = Kept()
            raise ValueError(kept)

        ended = await run_within(fails(), 1, 0.5)
        self.assertEqual(Kept.living, 1)
        del ended
        self.assertEqual(Kept.living, 0)


if __name__ == "__main__":
    unittest.main()
