"""Timers that were left pending."""

import asyncio
import functools
import sys
import unittest

from asynctestkit import DEFAULT_DETECTORS, STRICT_DETECTORS, TimerLeaks, no_leaks
from tests.leaks.contract import DetectorContract, run_body


class TimerContractTests(DetectorContract, unittest.TestCase):
    detector = TimerLeaks

    async def make(self):
        return asyncio.get_running_loop().call_later(3600, print)  # leaks

    async def use(self):
        loop = asyncio.get_running_loop()
        loop.call_later(3600, print).cancel()
        await asyncio.sleep(0)
        done = asyncio.Event()
        loop.call_at(loop.time(), done.set)
        await done.wait()

    def assertReleased(self, thing):
        self.assertTrue(thing.cancelled())


class WhatIsALeakTests(unittest.TestCase):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual([*outcome.errors, *outcome.warnings], [], outcome.report)
        return outcome.leaks

    def test_the_report_names_the_callback(self):
        """The name is the callback's, and the description says when it would be called."""

        async def test(case):
            loop = asyncio.get_running_loop()
            loop.call_at(loop.time() + 60.2, functools.partial(functools.partial(print, 1), 2))

        (leak,) = self.leaks(test)
        self.assertEqual((leak.name, leak.description), ("print", "still pending, would be called in 60 s"))

    def test_what_a_user_schedules_of_asyncio_is_one(self):
        """A timer that the user sets for asyncio's `loop.stop` or `Event.set` is the user's."""

        async def test(case):
            loop = asyncio.get_running_loop()
            for callback in (loop.stop, asyncio.Event().set, loop.create_future().cancel):
                loop.call_later(60, callback)

        for members in (
            {},
            {"loop_factory": staticmethod(asyncio.SelectorEventLoop)},
            {"asyncio_debug": True},
        ):
            with self.subTest(members):
                names = sorted(leak.name for leak in self.leaks(test, **members))
                self.assertEqual(names, ["BaseEventLoop.stop", "Event.set", "Future.cancel"])

    def test_what_asyncio_schedules_is_no_leak(self):
        """The timers of `sleep`, `wait_for` and `timeout` are reported, and cancelled, with their tasks."""

        async def waits(case):
            if sys.version_info >= (3, 11):
                async with asyncio.timeout(3600):
                    await asyncio.sleep(3600)
            await asyncio.sleep(3600)

        async def test(case):
            case.task = asyncio.create_task(asyncio.wait_for(waits(case), 3600))
            await asyncio.sleep(0)
            case.other = asyncio.create_task(asyncio.sleep(3600))
            await asyncio.sleep(0)

        for members in (
            {},
            {"loop_factory": staticmethod(asyncio.SelectorEventLoop)},
            {"asyncio_debug": True},
        ):
            with self.subTest(members):
                self.assertEqual({leak.kind for leak in self.leaks(test, **members)}, {"task"})

    def test_the_sleep_of_a_stubborn_task_is_no_leak(self):
        """The `sleep` timer of a stubborn task is reported with the task."""

        async def refuses():
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass

        async def test(case):
            asyncio.create_task(refuses())
            await asyncio.sleep(0)

        for members in ({}, {"loop_factory": staticmethod(asyncio.SelectorEventLoop)}):
            with self.subTest(members):
                leaks = self.leaks(test, grace_period=0.05, **members)
                self.assertEqual([leak.kind for leak in leaks], ["task"])

    def test_what_a_machine_schedules_without_a_line_is_no_leak(self):
        """A timer set by a callback that is not written in Python is no leak."""

        async def test(case):
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_later, 3600, print)
            await asyncio.sleep(0)

        self.assertEqual(self.leaks(test), ())

    def test_only_the_strict_set_has_it(self):
        """Real suites leave timers pending without harm, so the default detectors ignore them."""

        async def test(case):
            asyncio.get_running_loop().call_later(3600, print)

        self.assertEqual(self.leaks(test, leak_detectors=DEFAULT_DETECTORS), ())

    def test_an_older_one_is_no_leak(self):
        """A timer that was pending before the block is neither charged nor cancelled."""

        async def test(case):
            older = asyncio.get_running_loop().call_later(3600, print)
            async with no_leaks(leak_detectors=STRICT_DETECTORS):
                await asyncio.sleep(0)
            case.assertFalse(older.cancelled())
            older.cancel()

        self.assertEqual(self.leaks(test), ())

    def test_one_that_another_release_has_cancelled(self):
        """A timer that another release has cancelled before it is examined is no leak."""
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        timer = loop.call_later(3600, print)
        timer.cancel()
        self.assertIsNone(TimerLeaks().examine(timer))
