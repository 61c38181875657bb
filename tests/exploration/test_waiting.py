"""What a step may overtake."""

import asyncio
import unittest

from asynctestkit.exploration.names import Walker
from asynctestkit.exploration.waiting import Waiting, is_fair, is_fixed


class WaitingTests(unittest.TestCase):
    def test_fairness(self):
        """A step that only yields may overtake the same step twice at most; any other at any time."""
        slow = Waiting(("slow", 1), Walker(False), False)
        spinner = Waiting(("spinner", 3), Walker(False), True)
        self.assertTrue(is_fair([], spinner))
        self.assertTrue(is_fair([slow], spinner))
        slow.walker.yields_over[spinner.walker] = 2
        self.assertFalse(is_fair([slow], spinner))
        self.assertTrue(is_fair([slow], spinner._replace(is_bare=False)))

    def test_what_keeps_its_place(self):
        """The test's own task keeps its place after a `sleep(0)`; not its first step, and no other task."""

        async def body():
            loop = asyncio.get_running_loop()
            task = asyncio.Task(asyncio.sleep(0))
            bare = loop._ready[-1]
            main, other = Walker(True), Walker(False)
            found = [is_fixed(main, bare)]
            main.taken = other.taken = 1
            found += [is_fixed(main, bare), is_fixed(other, bare), is_fixed(main, bare, taken=1)]
            await task
            return found

        self.assertEqual(asyncio.run(body()), [False, True, False, False])
