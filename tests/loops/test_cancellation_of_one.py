"""One task is cancelled, and what it awaits, in whatever chain or ring."""

import asyncio
import sys

from asynctestkit.loops.cancellation import cancel
from tests.loops.test_cancellation import CancellationTestCase, for_ever, gathers


class OneTests(CancellationTestCase):
    """`cancel`, of one task and what it awaits."""

    def turn(self, turns=5):
        for _ in range(turns):
            self.loop.run_until_complete(asyncio.sleep(0))

    def test_what_it_awaits_is_cancelled(self):
        """What it awaits is cancelled as by `task.cancel()`, also through `gather`."""
        inner = self.start(for_ever(), for_ever())
        (outer,) = self.start(gathers(*inner, inner[0]))
        self.turn()
        self.assertTrue(cancel(outer))
        self.turn()
        self.assertEqual({task.cancelled() for task in (*inner, outer)}, {True})

    def test_in_a_ring(self):
        """A task that leads into a ring is cancelled, without a recursion that breaks the interpreter."""
        limit = sys.getrecursionlimit()
        self.addCleanup(sys.setrecursionlimit, limit)
        tasks = []

        async def awaits(number):
            while not tasks:
                await asyncio.sleep(0)
            await tasks[number]

        tasks += self.start(awaits(1), awaits(2), awaits(1))
        self.turn()
        sys.setrecursionlimit(10**6)
        self.assertFalse(cancel(tasks[0]))
        self.turn()
        self.assertEqual([task.done() for task in tasks], [True, False, False])
        self.assertTrue(tasks[0].cancelled())
        self.assertFalse(cancel(tasks[1]))
        self.turn()
        self.assertEqual([task.cancelled() for task in tasks], [True, True, True])

    def test_at_the_top_of_a_long_chain(self):
        """At the top of a long chain it is cancelled alone, as following the chain recurses for each task."""
        tasks = self.make_chain(1000)
        self.turn()
        self.assertFalse(cancel(tasks[-1]))
        self.turn()
        self.assertEqual((tasks[-1].cancelled(), tasks[-2].done()), (True, False))
        self.cancel_all()

    def test_before_it_has_begun(self):
        """A task that has not begun awaits nothing, and is cancelled."""
        (task,) = self.start(for_ever())
        self.assertTrue(cancel(task))
        self.turn()
        self.assertTrue(task.cancelled())
