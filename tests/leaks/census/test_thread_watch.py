"""Whether a thread may act by itself: asked once for each inspection."""

import asyncio
import unittest
from unittest import mock

from asynctestkit.leaks.census import thread_watch
from asynctestkit.leaks.census.census import Census
from asynctestkit.leaks.census.thread_watch import ThreadWatch


class ThreadWatchTests(unittest.TestCase):
    def test_without_a_test(self):
        """Without a guarded test there is no loop to ask about."""
        self.assertFalse(ThreadWatch().has_active_threads())

    def test_the_answer_holds_until_the_next_look(self):
        """The system is asked once an inspection about the test's loop; later changes show in the next."""
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        census = Census((), ())
        census.open(loop)
        self.addCleanup(census.close)
        watch = ThreadWatch()
        with mock.patch.object(thread_watch, "threads_around", side_effect=[[], ["a thread"]]) as asked:
            self.assertFalse(watch.has_active_threads())
            self.assertFalse(watch.has_active_threads())
            asked.assert_called_once_with(loop)
            watch.forget_threads()
            self.assertTrue(watch.has_active_threads())
