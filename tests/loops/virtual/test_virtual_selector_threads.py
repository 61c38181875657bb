"""A thread that keeps the loop busy does not stop virtual time for ever."""

import asyncio
import contextlib
import threading
import time
from unittest import mock

from asynctestkit.loops.virtual import virtual_selector
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop
from tests.loops.test_selector import SelectorTestCase


class BusyThreadTests(SelectorTestCase):
    make = VirtualEventLoop
    clock = "virtual"  # of the loops that it makes

    def setUp(self):
        super().setUp()
        patience = mock.patch.object(virtual_selector, "_PATIENCE_IN_ALL", 0.2)
        patience.start()
        self.addCleanup(patience.stop)

    @contextlib.contextmanager
    def thread(self, work):
        """A thread that repeats some work until the block ends."""
        stop = threading.Event()

        def repeat():
            while not stop.is_set():
                work()

        thread = threading.Thread(target=repeat)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def test_it_calls_the_loop_for_ever(self):
        """Whether it pauses meanwhile or not; then the loop always has something to run, and never waits."""
        for pause in (0.01, 0.00001, None):

            def call(pause=pause):
                self.loop.call_soon_threadsafe(int)
                if pause is not None:
                    time.sleep(pause)  # waits: it is what the thread does

            with self.subTest(pause=pause), self.thread(call):
                before = self.loop.clock.elapsed
                self.run_in_loop(asyncio.sleep(0.1))
                self.assertAlmostEqual(self.loop.clock.elapsed, before + 0.1)

    def test_a_task_that_polls_meanwhile(self):
        """A task that asks at each turn whether the thread has ended runs into its time-out."""

        async def poll():
            while True:
                await asyncio.sleep(0)

        async def body():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(poll(), 0.1)

        with self.thread(lambda: sum(range(1000))):
            self.run_in_loop(body())

    def test_a_turn_that_computes(self):
        """What the test computes for long does not bring a time-out that it sets afterwards."""
        go, event = threading.Event(), asyncio.Event()

        def answer():
            if go.wait(0.01):
                time.sleep(0.05)  # waits: an answer takes time
                self.loop.call_soon_threadsafe(event.set)

        async def body():
            await asyncio.sleep(0.02)
            time.sleep(0.5)  # waits: blocks the loop
            go.set()
            await asyncio.wait_for(event.wait(), 0.4)

        with mock.patch.object(virtual_selector, "_PATIENCE_IN_ALL", 0.0), self.thread(answer):
            self.run_in_loop(body())
