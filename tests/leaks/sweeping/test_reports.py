"""What Python and asyncio report by themselves, and which of it is the test's."""

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
        """A forgotten coroutine is reported, and no warning is issued."""

        def body():
            forgotten()
            gc.collect()

        self.assertEqual(self.run_recorded(body), [])
        self.assertEqual(self.heard, [("coroutine", "")])

    def test_muted(self):
        """While muted, nothing is reported."""

        def body():
            self.reports.muted = True
            forgotten()
            self.loop.call_exception_handler({"message": "said"})

        self.assertEqual(self.run_recorded(body), [])
        self.assertEqual(self.heard, [])

    def test_after_an_interrupt(self):
        """After an interrupt neither that nor the coroutines that it kept from being awaited are reported."""

        def body():
            self.census.was_interrupted = True
            forgotten()
            self.loop.call_exception_handler({"message": "said", "exception": PhaseInterrupt()})

        with self.assertNoLogs("asyncio") if hasattr(self, "assertNoLogs") else contextlib.nullcontext():
            self.assertEqual(self.run_recorded(body), [])
        self.assertEqual(self.heard, [])

    def test_both_ways_of_an_announcement(self):
        """An object that warns and then reports to its loop is reported once, with its parts."""

        def body():
            self.make(Session)
            gc.collect()

        self.assertEqual(self.run_recorded(body), [])
        self.assertEqual([kind for kind, _ in self.heard], ["Announcement"])

    def test_an_announcement_that_is_no_leak(self):
        """An announcement that is no leak is passed on, to the warnings and to the loop's handler."""
        self.answer = False
        with self.assertLogs("asyncio") as logs:
            self.open()
            self.make(Channel)
        self.assertEqual([each.getMessage().splitlines()[0] for each in logs.records], ["Unclosed channel"])
        self.assertEqual([kind for kind, _ in self.heard], ["Announcement"])

    def test_on_a_loop_that_is_not_the_tests(self):
        """On another loop, an object from before the test is not charged."""
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
        """An unreachable object is charged to the loop being closed; at other times it is not."""

        def body():
            warnings.warn("unclosed resource <X>", ResourceWarning, stacklevel=1)
            self.reports.loop_is_closing = True
            warnings.warn("unclosed resource <Y>", ResourceWarning, stacklevel=1)

        self.assertEqual(self.run_recorded(body), [ResourceWarning])
        self.assertEqual(self.heard, [("Announcement", "unclosed resource <Y>")])

    def test_an_error_of_the_loop(self):
        """An error of the loop is logged as usual, and reported."""

        with self.assertLogs("asyncio") as logs:
            self.open()
            self.loop.call_exception_handler({"message": "said"})
        self.assertEqual([each.getMessage() for each in logs.records], ["said"])
        self.assertEqual(self.heard, [("LoopError", "said")])

    def test_after_its_end(self):
        """An object destroyed after the end, by another thread for one, is not reported."""
        self.reports.open(True)
        self.reports.close()
        self.reports._on_dropped_generator(generate())
        self.assertFalse(self.reports._examine(None))
        self.assertEqual(self.heard, [])
