"""Whether a loop's clock is stopped, and what has replaced it."""

import asyncio
import sys
import time
import types
import unittest
from unittest import mock

from asynctestkit.loops import stopped_clock
from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.loops.stopped_clock import has_standard_clock, has_stopped_clock, replacement_in_words
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop
from tests.freezing import frozen_time


class StoppedClockTests(unittest.TestCase):
    def made(self, kind=HygienicEventLoop):
        loop = kind()
        self.addCleanup(loop.close)
        return loop

    def test_a_clock_that_was_not_replaced(self):
        """A loop that uses `time.monotonic` has a clock that is known to run."""
        for kind in (HygienicEventLoop, asyncio.SelectorEventLoop):
            loop = self.made(kind)
            self.assertTrue(has_standard_clock(loop))
            self.assertFalse(has_stopped_clock(loop))

    def test_monotonic_was_replaced(self):
        """A replacement of `time.monotonic` is the loop's clock, and is named."""
        loop = self.made()
        for replacement, words in (
            (mock.Mock(return_value=7.0), "time.monotonic was replaced by a Mock"),
            (stands_at_three, f"time.monotonic was replaced by {__name__}.stands_at_three"),
        ):
            with mock.patch("time.monotonic", replacement):
                self.assertFalse(has_standard_clock(loop))
                self.assertTrue(has_stopped_clock(loop))
                self.assertEqual(replacement_in_words(loop), words)

    def test_one_that_was_replaced_and_goes(self):
        """A replacement that goes on is no stopped clock."""
        loop = self.made()
        shifted = mock.Mock(wraps=lambda: 1e6 + real())
        real = time.monotonic
        with mock.patch("time.monotonic", shifted):
            self.assertFalse(has_standard_clock(loop))
            self.assertFalse(has_stopped_clock(loop))

    def test_every_name_was_replaced(self):
        """A replacement of every module's name affects asyncio, and not this package."""
        loop = self.made()
        with frozen_time():
            self.assertTrue(has_stopped_clock(loop))
        self.assertTrue(has_standard_clock(loop))

    def test_the_loops_own_was_replaced(self):
        """A method that replaces `loop.time` is detected as well."""
        loop = self.made()
        with mock.patch.object(loop, "time", return_value=1.0):
            self.assertTrue(has_stopped_clock(loop))
            self.assertEqual(replacement_in_words(loop), "loop.time was replaced by a MagicMock")

    def test_a_clock_of_the_loops_own(self):
        """A loop class with its own clock is named; it may stand still."""
        loop = self.made(VirtualEventLoop)
        self.assertFalse(has_standard_clock(loop))
        self.assertFalse(has_stopped_clock(loop))
        self.assertEqual(
            replacement_in_words(loop),
            "it is that of asynctestkit.loops.virtual.virtual_loop.VirtualEventLoop",
        )

    def test_it_was_replaced_in_c(self):
        """time-machine 2.16 keeps the name: its clock is detected by its different time."""
        loop = self.made()
        with mock.patch.object(stopped_clock, "_CLOCK_OFFSET", 1e6), mock.patch.dict("sys.modules"):
            sys.modules.pop("time_machine", None)
            self.assertFalse(has_standard_clock(loop))
            self.assertEqual(replacement_in_words(loop), "time.monotonic was replaced in C")
            with mock.patch.dict("sys.modules", time_machine=types.ModuleType("time_machine")):
                self.assertEqual(
                    replacement_in_words(loop), "time.monotonic was replaced in C, as time-machine does"
                )

    def test_a_loop_written_in_c(self):
        """A loop whose instances have no attributes cannot have been patched."""

        class Slotted:
            __slots__ = ()

            def time(self):
                """Does nothing."""

        self.assertEqual(replacement_in_words(Slotted()), f"it is that of {__name__}.{Slotted.__qualname__}")


def stands_at_three():
    return 3.0
