"""The report on callbacks that have held the loop, from values written by hand."""

import unittest

from asynctestkit.limits.block_report import render_blocks
from asynctestkit.limits.blocking import Block


class RenderBlocksTests(unittest.TestCase):
    def test_one_that_waits(self):
        """The report has the duration, the share of computing, the phase and the stack."""
        block = Block(0.3, 0.0011, "test", '  File "/src/feed.py", line 51, in poll\n    time.sleep(0.3)\n')
        self.assertEqual(
            render_blocks("FeedTests.test_publishes", 0.1, [block]),
            "FeedTests.test_publishes blocked its loop once (blocking_threshold = 0.1):\n"
            "\n"
            "for 0.300 s of wall time in the test, 0.001 s of it computing, here:\n"
            '  File "/src/feed.py", line 51, in poll\n'
            "    time.sleep(0.3)\n"
            "\n"
            "remedy: use calls that can be awaited (asyncio.sleep, streams, …), or hand it to a thread: "
            "await asyncio.to_thread(…)",
        )

    def test_some_that_compute(self):
        """A long list is cut; for computing code the remedy differs."""
        text = render_blocks("x", 0.1, [Block(0.3, 0.3, "setUp", "")] * 8)
        self.assertTrue(text.startswith("x blocked its loop 8 times (blocking_threshold = 0.1):\n"), text)
        self.assertEqual(text.count("\nfor 0.300 s of wall time in set-up, "), 5)
        self.assertIn("\n… and 3 more\n", text)
        self.assertIn("remedy: split it into steps, or hand it to a thread", text)

    def test_no_report_is_endless(self):
        """A report has a hundred lines at most, however long its stacks are."""
        stack = "".join(f'  File "a.py", line {n}, in f\n    f()\n' for n in range(12))
        blocks = render_blocks("x", 0.1, [Block(0.3, 0.3, "setUp", stack)] * 8)
        self.assertLessEqual(len(blocks.splitlines()), 100)
        self.assertIn("\n… and 5 more\n", blocks)
