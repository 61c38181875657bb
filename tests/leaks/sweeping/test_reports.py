"""What Python and asyncio report of by themselves, and what of it is of a test."""

import asyncio
import contextlib
import gc
import unittest
import warnings

from asynctestkit.cpython.alarms import PhaseInterrupt
from asynctestkit.leaks.census.announcement import Announcement
from asynctestkit.leaks.census.census import Census
from asynctestkit.leaks.census.loop_error import LoopError
from asynctestkit.leaks.sweeping.reports import Reports
from tests.leaks.kinds.test_unclosed import Channel, Session


async def forgotten():
    pass


async def generate():
    yield


class ReportsTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.addCleanup(self.loop.close)
        coroutine = forgotten()
        coroutine.close()
        self.census = Census((type(coroutine), Announcement, LoopError), ())
        self.heard = []
        self.answer = True
        self.reports = Reports(self.census, self.record)
        self.census.open(self.loop)
        self.addCleanup(self.census.close)

    def open(self, loop_is_tests=True):
        self.reports.open(loop_is_tests)
        self.addCleanup(self.reports.close)

    def record(self, obj):
        self.heard.append((type(obj).__name__, getattr(obj, "message", "")))
        return self.answer

    def make(self, cls):
        async def make():
            made = cls()
            await asyncio.sleep(0)
            return made

        return self.loop.run_until_complete(make())

    def run_recorded(self, function):
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            self.open()
            function()
        return [each.category for each in shown]

    def test_a_forgotten_coroutine(self):
        """It is told, and nobody is warned."""

        def body():
            forgotten()
            gc.collect()

        self.assertEqual(self.run_recorded(body), [])
        self.assertEqual(self.heard, [("coroutine", "")])

    def test_muted(self):
        """Nothing is listened to."""

        def body():
            self.reports.muted = True
            forgotten()
            self.loop.call_exception_handler({"message": "said"})

        self.assertEqual(self.run_recorded(body), [])
        self.assertEqual(self.heard, [])

    def test_after_an_interrupt(self):
        """The interrupt itself is nothing to be told, nor are coroutines that it kept from being awaited."""

        def body():
            self.census.was_interrupted = True
            forgotten()
            self.loop.call_exception_handler({"message": "said", "exception": PhaseInterrupt()})

        with self.assertNoLogs("asyncio") if hasattr(self, "assertNoLogs") else contextlib.nullcontext():
            self.assertEqual(self.run_recorded(body), [])
        self.assertEqual(self.heard, [])

    def test_both_ways_of_an_announcement(self):
        """Who warns and then tells its loop is heard once, with what it has."""

        def body():
            self.make(Session)
            gc.collect()

        self.assertEqual(self.run_recorded(body), [])
        self.assertEqual([kind for kind, _ in self.heard], ["Announcement"])

    def test_an_announcement_that_is_no_leak(self):
        """It goes its way: the warning is shown, and the loop's handler told."""
        self.answer = False
        with self.assertLogs("asyncio") as logs:
            self.open()
            self.make(Channel)
        self.assertEqual([each.getMessage().splitlines()[0] for each in logs.records], ["Unclosed channel"])
        self.assertEqual([kind for kind, _ in self.heard], ["Announcement"])

    def test_on_a_loop_that_is_not_the_tests(self):
        """What was there already when the test began is none of its own."""
        older = [self.make(Channel)]
        census = Census((Announcement,), ())
        census.open(self.loop)
        self.addCleanup(census.close)
        self.reports = Reports(census, self.record)
        with self.assertLogs("asyncio"):
            self.open(loop_is_tests=False)
            older.clear()
        self.assertEqual(self.heard, [])

    def test_what_does_not_show_itself(self):
        """It is of the loop that is being closed; at other times it is nobody's."""

        def body():
            warnings.warn("unclosed resource <X>", ResourceWarning, stacklevel=1)
            self.reports.loop_is_closing = True
            warnings.warn("unclosed resource <Y>", ResourceWarning, stacklevel=1)

        self.assertEqual(self.run_recorded(body), [ResourceWarning])
        self.assertEqual(self.heard, [("Announcement", "unclosed resource <Y>")])

    def test_an_error_of_the_loop(self):
        """It is logged as ever, and told."""

        with self.assertLogs("asyncio") as logs:
            self.open()
            self.loop.call_exception_handler({"message": "said"})
        self.assertEqual([each.getMessage() for each in logs.records], ["said"])
        self.assertEqual(self.heard, [("LoopError", "said")])

    def test_after_its_end(self):
        """Who dies late, of another thread's doing for one, is reported by nobody."""
        self.reports.open(True)
        self.reports.close()
        self.reports._on_dropped_generator(generate())
        self.assertFalse(self.reports._examine(None))
        self.assertEqual(self.heard, [])
