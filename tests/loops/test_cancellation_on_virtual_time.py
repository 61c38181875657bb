"""Stubborn tasks on virtual time: the waiting for them is the same in each run."""

import asyncio
import contextlib
import itertools
import threading
import time
import unittest
import unittest.mock

from asynctestkit.loops.cancellation import cancel_and_wait
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop

GRACE = 0.05


class VirtualTimeTests(unittest.TestCase):
    clock = "virtual"  # of its loop

    def setUp(self):
        self.loop = VirtualEventLoop()
        self.addCleanup(self.loop.close)
        self.release = asyncio.Event()

    async def refuses(self):
        while not self.release.is_set():
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                pass

    async def cancel(self, coroutine):
        """Cancels a task after its first step; returns whether it was stubborn, and when it was asked for."""
        task = asyncio.create_task(coroutine)
        await asyncio.sleep(0)
        asked = []

        def pending():
            asked.append(self.loop.time())
            return set() if task.done() else {task}

        refused = await cancel_and_wait(self.loop, pending, GRACE)
        self.release.set()
        await asyncio.wait([task])
        self.release.clear()
        return refused == {task}, asked

    def run_in_loop(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def test_each_run_is_alike(self):
        """However busy the machine is, there are as many rounds, in much virtual time."""
        first, second = (self.run_in_loop(self.cancel(self.refuses())) for _ in range(2))
        self.assertTrue(first[0])
        self.assertEqual(len(first[1]), len(second[1]))
        self.assertGreater(first[1][-1] - first[1][0], 10)

    def test_a_long_clean_up(self):
        """A task is not stubborn whose clean-up takes hours of virtual time, or has a time-out of an hour."""

        async def sleeps():
            try:
                await asyncio.Event().wait()
            finally:
                for _ in range(3):
                    await asyncio.sleep(3600)

        async def times_out():
            try:
                await asyncio.Event().wait()
            finally:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(asyncio.Event().wait(), 3600)

        for cleans_up in (sleeps, times_out):
            with self.subTest(cleans_up.__name__):
                is_stubborn, asked = self.run_in_loop(self.cancel(cleans_up()))
                self.assertFalse(is_stubborn)
                self.assertGreaterEqual(asked[-1] - asked[0], 3600)

    def test_a_timer_of_others(self):
        """Time does not go on to what is due for others, on account of a stubborn task."""
        went_on = []
        others = self.loop.call_later(60, went_on.append, True)
        is_stubborn, _ = self.run_in_loop(self.cancel(self.refuses()))
        others.cancel()
        self.assertTrue(is_stubborn)
        self.assertEqual(went_on, [])

    def test_a_timer_of_an_object_with_any_attribute(self):
        """A method that a timer calls is no time-out, whatever its object keeps as `_task`."""

        class Poller:
            _task = []  # not hashable

            def poll(self):
                """Does nothing."""

        timer = self.loop.call_later(0.001, Poller().poll)
        is_stubborn, _ = self.run_in_loop(self.cancel(self.refuses()))
        timer.cancel()
        self.assertTrue(is_stubborn)

    def test_a_busy_one(self):
        """One that takes thousands of steps in each round is stubborn after some thousands of them."""

        async def is_busy():
            while not self.release.is_set():
                try:
                    await asyncio.sleep(0.000005)
                except asyncio.CancelledError:
                    pass

        is_stubborn, _ = self.run_in_loop(self.cancel(is_busy()))
        self.assertTrue(is_stubborn)
        self.assertLess(self.loop.clock.jumps, 7000)

    def test_one_that_computes(self):
        """One whose every step takes a second of wall time is not waited for in a thousand rounds."""
        wall = itertools.count()

        async def computes():
            while not self.release.is_set():
                try:
                    next(wall)
                    await asyncio.sleep(0.005)
                except asyncio.CancelledError:
                    pass

        with unittest.mock.patch("asynctestkit.loops.cancellation.wall_time", lambda: next(wall)):
            is_stubborn, asked = self.run_in_loop(self.cancel(computes()))
        self.assertTrue(is_stubborn)
        self.assertLess(len(asked), 50)

    def test_a_thread_at_work(self):
        """While virtual time waits for a thread, the grace period passes in wall time."""
        ends = threading.Event()

        def work():
            while not ends.is_set():
                pass

        async def waits_for_thread():
            job = self.loop.run_in_executor(None, work)
            while not job.done():
                try:
                    await asyncio.shield(job)
                except asyncio.CancelledError:
                    pass

        async def body():
            self.addCleanup(ends.set)
            self.loop.call_soon(self.release.set)
            began = time.monotonic()
            task = asyncio.create_task(waits_for_thread())
            await asyncio.sleep(0)
            refused = await cancel_and_wait(self.loop, lambda: {task}, GRACE)
            ends.set()
            await asyncio.wait([task])
            await self.loop.shutdown_default_executor()
            return refused == {task}, time.monotonic() - began

        is_stubborn, spent = self.run_in_loop(body())
        self.assertTrue(is_stubborn)
        self.assertLess(spent, 15)
