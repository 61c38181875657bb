"""A callback that holds the loop is reported, unless other causes explain it; on simulated clocks."""

import asyncio
import contextlib
import gc
import os
import unittest
from unittest import mock

from asynctestkit.limits.blocking import BlockingWatch

MODULE = "asynctestkit.limits.blocking"
THRESHOLD = 0.1


class BlockingTestCase(unittest.TestCase):
    def setUp(self):
        if gc.isenabled():
            gc.disable()  # its own collections are not of interest here
            self.addCleanup(gc.enable)
        self.wall = self.processor = 1000.0
        self.delay = 5.0
        self.alarms = []
        self.loop = self.make_loop()
        self.watch = BlockingWatch(self.loop, THRESHOLD)
        for name, value in (
            ("wall_time", lambda: self.wall),
            ("time.thread_time", lambda: self.processor),
            ("arm", self.alarms.append),
            ("disarm", self.alarms.remove),
            ("BlockingWatch._read_delay", lambda _: self.delay),
        ):
            patch = mock.patch(f"{MODULE}.{name}", value)
            patch.start()
            self.addCleanup(patch.stop)

    def make_loop(self):
        loop = asyncio.SelectorEventLoop()
        loop.set_debug(False)
        self.addCleanup(loop.close)
        return loop

    def open(self):
        self.watch.open()
        self.addCleanup(self.watch.close)

    def pass_time(self, seconds, *, computing=0.0, looks=True):
        """Advances the clocks; the watchdog's thread runs on time, unless it is delayed."""
        end = self.wall + seconds
        while looks and self.watch.due <= end:
            self.wall = self.watch.due
            self.watch.advance(self.watch.due)
        self.wall = end
        self.processor += computing

    def run_in_callback(self, *functions, loop=None):
        loop = loop or self.loop
        for function in functions:
            loop.call_soon(function)
        loop.run_until_complete(asyncio.sleep(0))

    def blocks(self):
        return [(round(block.seconds, 3), round(block.computing, 3)) for block in self.watch.blocks]


class BlameTests(BlockingTestCase):
    """What a callback is blamed for, and what not."""

    def assertBlocks(self, callback, *expected):
        self.open()
        self.run_in_callback(callback)
        self.assertEqual(self.blocks(), list(expected))

    def test_one_that_waits(self):
        """A callback that sleeps, or waits for anything else, blocks the loop."""
        self.assertBlocks(lambda: self.pass_time(0.3), (0.3, 0.0))

    def test_one_that_computes(self):
        """A callback that computes blocks the loop, and the report says that it computes."""
        self.assertBlocks(lambda: self.pass_time(0.3, computing=0.25), (0.3, 0.25))

    def test_one_in_time(self):
        """A callback may take nearly as long as the threshold."""
        self.assertBlocks(lambda: self.pass_time(0.99 * THRESHOLD))

    def test_many_short_ones(self):
        """Each callback of one turn of the loop is timed separately."""
        self.open()
        self.run_in_callback(*[lambda: self.pass_time(0.09)] * 10)
        self.assertEqual(self.blocks(), [])

    def test_garbage_collection(self):
        """The garbage collector's time is deducted, for a waiting or computing callback."""

        def callback():
            self.watch._on_collection("start", {})
            self.pass_time(0.25, computing=0.25)
            self.watch._on_collection("stop", {})
            self.pass_time(0.05, computing=0.05)

        self.assertBlocks(callback)

    def test_a_busy_machine(self):
        """The time for which the thread waited for a processor is deducted."""

        def callback():
            self.delay += 0.25
            self.pass_time(0.3, computing=0.01)

        self.assertBlocks(callback)

    def test_a_suspended_process(self):
        """The lateness of the watchdog's thread, as after a suspension, is deducted."""

        def callback():
            self.pass_time(0.01)
            self.pass_time(0.5, looks=False)
            self.watch.advance(self.wall)

        self.assertBlocks(callback)

    def test_code_that_holds_the_interpreter(self):
        """C code that computes without releasing the interpreter also delays the watchdog: it is reported."""

        def callback():
            self.pass_time(0.5, computing=0.5, looks=False)
            self.watch.advance(self.wall)

        self.assertBlocks(callback, (0.5, 0.5))

    def test_a_block_without_a_stack(self):
        """A block without a stack is not reported."""
        self.assertBlocks(lambda: self.pass_time(0.3, looks=False))

    def test_a_debugger(self):
        """Debugged code is not reported, whether the debugger was detected meanwhile or at the end."""
        self.open()
        for name in ("is_debugged", "is_traced"):
            with mock.patch(f"{MODULE}.{name}", return_value=True):
                self.run_in_callback(lambda: self.pass_time(0.3))
        self.assertEqual(self.blocks(), [])

    def test_another_loop(self):
        """Callbacks of other loops are ignored."""
        self.open()
        self.run_in_callback(lambda: self.pass_time(0.3), loop=self.make_loop())
        self.assertEqual(self.blocks(), [])

    def test_one_that_raises(self):
        """A callback that raises is timed as well, and its exception propagates."""

        def callback():
            self.pass_time(0.3)
            raise KeyboardInterrupt

        self.open()
        with self.assertRaises(KeyboardInterrupt):
            self.run_in_callback(callback)
        self.assertEqual(self.blocks(), [(0.3, 0.0)])
        self.loop.run_until_complete(asyncio.sleep(0))

    def test_phases(self):
        """Each block has the phase in which it occurred."""
        self.open()
        for phase in ("setUp", "test"):
            self.watch.phase = phase
            self.run_in_callback(lambda: self.pass_time(0.3))
        self.assertEqual([block.phase for block in self.watch.blocks], ["setUp", "test"])


class WithinACallbackTests(BlockingTestCase):
    """If the watch is opened within a running callback, the rest of that is watched."""

    def run_block(self, step, *, turns=0):
        async def main():
            self.open()
            step()
            for _ in range(turns):
                await asyncio.sleep(0)
            self.watch.close()

        self.loop.run_until_complete(main())
        return self.blocks()

    def test_it_blocks_to_the_end(self):
        """A callback that still runs at the end is judged by its duration so far."""
        self.assertEqual(self.run_block(lambda: self.pass_time(0.3)), [(0.3, 0.0)])

    def test_it_blocks_and_goes_on(self):
        """A callback that ended unnoticed took at least until it was last seen."""
        ((seconds, computing),) = self.run_block(lambda: self.pass_time(0.31), turns=2)
        self.assertTrue(0.28 < seconds <= 0.31 and computing == 0.0, seconds)

    def test_it_has_ended_already(self):
        """A loop that only waits is not blocked."""
        with mock.patch(f"{MODULE}._current_frames", return_value={}):
            self.assertEqual(self.run_block(lambda: self.pass_time(0.3), turns=2), [])


class ProcessTests(BlockingTestCase):
    def process(self):
        return asyncio.Handle._run, list(gc.callbacks), len(os.listdir("/proc/self/fd"))

    def test_everything_is_given_back(self):
        """After closing, even twice, nothing is left of the watch."""
        before = self.process()
        self.watch.open()
        self.assertEqual(self.alarms, [self.watch])
        self.assertIsNone(self.watch.interrupted(None))
        self.watch.close()
        self.watch.close()
        self.assertEqual((self.alarms, self.process()), ([], before))

    def test_between_callbacks(self):
        """Between callbacks, time without a processor is not deducted from a later callback."""
        self.open()
        self.delay += 100
        self.pass_time(1.0)
        self.run_in_callback(lambda: self.pass_time(0.3))
        self.assertEqual(self.blocks(), [(0.3, 0.0)])


class DelayTests(unittest.TestCase):
    def open(self):
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        watch = BlockingWatch(loop, 3600)
        watch.open()
        self.addCleanup(watch.close)
        return watch

    def test_where_the_system_tells(self):
        """Linux gives a number of seconds that never decreases."""
        watch = self.open()
        first = watch._read_delay()
        self.assertTrue(0 <= first <= watch._read_delay() < 3600)

    def test_where_it_does_not(self):
        """On other systems the delay is not known."""
        with mock.patch(f"{MODULE}.os.open", side_effect=FileNotFoundError):
            watch = self.open()
        with contextlib.closing(watch):
            self.assertEqual(watch._read_delay(), 0.0)
