"""The runner of a loop that the suite runs itself."""

import asyncio
import unittest

from asynctestkit.loops.foreign_runner import ForeignRunner
from tests.loops.test_runner import give


class ForeignRunnerTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.addCleanup(self.loop.close)
        self.runner = ForeignRunner(self.loop)

    def test_it_runs_on_the_suites_loop(self):
        """A run is the loop's own, and no task is known."""
        self.assertEqual(self.runner.run(give(1), insist=True), 1)
        self.assertIsNone(self.runner.main_task)

    def test_giving_up(self):
        """Giving up stops the loop, so that `run_until_complete` raises."""
        self.loop.call_soon(self.runner.give_up)
        with self.assertRaisesRegex(RuntimeError, "^Event loop stopped before Future completed"):
            self.loop.run_until_complete(self.loop.create_future())
