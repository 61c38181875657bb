"""Signal handlers that were left on the loop."""

import asyncio
import itertools
import signal
import sys
import unittest
import warnings

from asynctestkit import STRICT_DETECTORS, SignalHandlerLeaks, no_leaks
from tests.leaks.contract import DetectorContract, run_body

SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGHUP, signal.SIGCONT)


class Installed:
    """One handler on the running loop."""

    def __init__(self, loop, number):
        self.loop, self.number = loop, number


@unittest.skipIf(sys.platform == "win32", "no loop handles signals there")
class SignalHandlerContractTests(DetectorContract, unittest.TestCase):
    detector = SignalHandlerLeaks

    def setUp(self):
        super().setUp()
        self.signals = itertools.cycle(SIGNALS)

    async def make(self):
        loop, number = asyncio.get_running_loop(), next(self.signals)
        loop.add_signal_handler(number, print)  # leaks
        return Installed(loop, number)

    async def use(self):
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, print)
        loop.remove_signal_handler(signal.SIGUSR1)

    def assertReleased(self, thing):
        self.assertEqual(signal.getsignal(thing.number), signal.SIG_DFL)


@unittest.skipIf(sys.platform == "win32", "no loop handles signals there")
class WhatIsALeakTests(unittest.TestCase):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual([*outcome.errors, *outcome.warnings], [], outcome.report)
        return outcome.leaks

    def test_the_report_names_signal_and_callback(self):
        """The report names the signal, the callback by its qualified name, and how to remove it."""

        async def test(case):
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

        (leak,) = self.leaks(test)
        self.assertEqual(leak.name, "SIGTERM")
        self.assertEqual(leak.description, "still handled by the loop, which calls Event.set")
        self.assertEqual(leak.remedy, "loop.remove_signal_handler(signal.SIGTERM)")

    @unittest.skipUnless(hasattr(signal, "SIGRTMIN"), "no real-time signals")
    def test_a_signal_without_a_name(self):
        """A real-time signal without a name is counted from the first."""

        async def test(case):
            asyncio.get_running_loop().add_signal_handler(signal.SIGRTMIN + 3, print)

        self.assertEqual(self.leaks(test)[0].name, "SIGRTMIN + 3")

    def test_one_that_replaces_another_is_one(self):
        """A signal whose handler was replaced has one handler, and is one leak."""

        async def test(case):
            for callback in (print, repr):
                asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, callback)

        (leak,) = self.leaks(test)
        self.assertIn("repr", leak.description)

    def test_an_older_one_is_no_leak(self):
        """A handler of the code around a block is neither charged to the block nor removed."""

        async def test(case):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, print)
            async with no_leaks(leak_detectors=STRICT_DETECTORS):
                await asyncio.sleep(0)
            case.assertTrue(loop.remove_signal_handler(signal.SIGUSR1))

        self.assertEqual(self.leaks(test), ())

    def test_handlers_that_are_not_the_loops_are_none(self):
        """Handlers set by `signal.signal`, such as the runner's for Ctrl-C, are not the loop's."""

        async def test(case):
            before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            self.addCleanup(signal.signal, signal.SIGUSR1, before)

        self.assertEqual(self.leaks(test), ())

    @unittest.skipUnless(hasattr(asyncio, "SafeChildWatcher"), "child watchers are gone in 3.14")
    def test_the_handler_of_a_child_watcher_is_no_leak(self):
        """The handler by which the loop watches children is no leak."""

        async def test(case):
            watcher.attach_loop(asyncio.get_running_loop())

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            watcher = asyncio.SafeChildWatcher()
            self.addCleanup(watcher.close)
            outcome = run_body(test)
        self.assertEqual((outcome.errors, outcome.failures), ([], []))

    def test_one_that_is_gone_before_it_is_released(self):
        """A handler that was removed before its release is no leak, and its release does nothing."""
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        handle = loop.call_soon(print)
        self.assertIsNone(SignalHandlerLeaks().examine(handle))
        SignalHandlerLeaks().release(handle)

    def test_a_loop_that_cannot_be_looked_into(self):
        """On a loop without a list of handlers, such as uvloop's, nothing is reported."""

        class Opaque(asyncio.AbstractEventLoop):
            pass

        self.assertEqual(list(SignalHandlerLeaks().registered(Opaque())), [])

    def test_the_next_test_has_the_default_back(self):
        """In the next test the signal has its default handler again."""

        async def installs(case):
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, print)

        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        outcome = run_body(installs, loop_factory=staticmethod(lambda: loop))
        self.assertEqual([leak.name for leak in outcome.leaks], ["SIGUSR1"])
        self.assertEqual(signal.getsignal(signal.SIGUSR1), signal.SIG_DFL)
