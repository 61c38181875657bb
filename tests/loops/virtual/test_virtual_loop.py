"""The loop on virtual time: exact times, exact order, for centuries."""

import asyncio
import gc
import math
import subprocess
import sys
import unittest
import weakref

from asynctestkit.cpython import task_internals
from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.loops.virtual.clock import Clock
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop, clock_of
from tests.case_runs import HARD_CAP, environment, hard_cap

YEAR = 365.25 * 24 * 3600


class VirtualLoopTestCase(unittest.TestCase):
    def setUp(self):
        self.loop = VirtualEventLoop()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)

    def run_in_loop(self, coroutine):
        with hard_cap():
            return self.loop.run_until_complete(coroutine)


class TimerTests(VirtualLoopTestCase):
    clock = "virtual"  # of the loops that it makes

    def test_equal_times_run_in_the_order_of_their_setting(self):
        """Timers due at the same time run in the order in which they were set, however many."""
        ran = []
        for number in range(100):
            self.loop.call_at(self.loop.time() + 5, ran.append, number)
        self.run_in_loop(asyncio.sleep(5))
        self.assertEqual(ran, list(range(100)))

    def test_each_runs_at_its_time(self):
        """Each timer runs at exactly its time, even two within the same nanosecond."""
        ran = []
        now = self.loop.time()
        times = [now + 1, math.nextafter(now + 1, math.inf), now + 1 + 1e-9, now + 3]
        for when in reversed(times):
            self.loop.call_at(when, lambda: ran.append(self.loop.time()))
        self.run_in_loop(asyncio.sleep(4))
        self.assertEqual(ran, times)

    def test_the_inner_time_out_never_fires(self):
        """A timeout that is later than what it limits never fires."""

        async def body():
            for _ in range(1000):
                await asyncio.wait_for(asyncio.sleep(1), 9)

        self.run_in_loop(body())
        self.assertEqual(self.loop.clock.elapsed, 1000)

    def test_ten_thousand_hours(self):
        """Ten thousand hours pass at once, sequentially or concurrently."""
        program = """if 1:
            import asyncio
            from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop

            async def body():
                for _ in range(10_000):
                    await asyncio.sleep(3600)
                await asyncio.gather(*(asyncio.sleep(3600) for _ in range(5_000)))

            loop = VirtualEventLoop()
            loop.run_until_complete(body())
            print(loop.clock.elapsed)
            loop.close()
        """
        # In a process of its own, without what other tests have left for each jump to look at.
        finished = subprocess.run(
            [sys.executable, "-c", program], env=environment(), capture_output=True, timeout=HARD_CAP
        )
        self.assertEqual(finished.stdout.split(), [b"36003600.0"], finished.stderr)

    def test_centuries(self):
        """At times for which floats are coarse, timers still run, and in order."""

        async def body():
            await asyncio.sleep(100_000 * YEAR)
            seen = []
            for _ in range(1000):
                await asyncio.sleep(1)
                seen.append(self.loop.time())
            return seen

        seen = self.run_in_loop(body())
        self.assertEqual(seen, [seen[0] + number for number in range(1000)])

    def test_sleeping_for_ever(self):
        """A sleep to infinity never ends, and delays no other task."""

        async def body():
            forever = asyncio.create_task(asyncio.sleep(math.inf))
            await asyncio.sleep(100 * YEAR)
            self.assertFalse(forever.done())
            forever.cancel()
            await asyncio.wait([forever])

        self.run_in_loop(body())
        self.assertEqual(self.loop.clock.elapsed, 100 * YEAR)

    def test_cancelled_timers(self):
        """Time does not advance for a cancelled timer."""
        self.loop.call_later(3600, print).cancel()
        self.loop.call_later(60, self.loop.stop)
        with hard_cap():
            self.loop.run_forever()
        self.assertEqual(self.loop.clock.elapsed, 60)

    def test_debug_mode(self):
        """In debug mode a timer records its line, and a wrong thread is refused, as on the standard loop."""
        self.loop.set_debug(True)
        for timer in (self.loop.call_later(60, print), self.loop.call_at(60, print)):
            self.assertEqual(list(task_internals.source_traceback(timer))[-1].filename, __file__)

    def test_a_wrong_thread(self):
        """Setting a timer from another thread is refused."""

        async def body():
            with self.assertRaisesRegex(RuntimeError, "Non-thread-safe operation"):
                await asyncio.to_thread(self.loop.call_later, 1, print)

        self.run_in_loop(body())

    def test_a_closed_loop(self):
        """A closed loop takes no timers."""
        self.loop.close()
        with self.assertRaisesRegex(RuntimeError, "^Event loop is closed$"):
            self.loop.call_later(1, print)

    def test_timers_of_another_kind(self):
        """A timer compares with timers of this loop only."""
        timer = self.loop.call_later(1, print)
        self.assertIs(timer.__lt__(1), NotImplemented)


class LifeTests(unittest.TestCase):
    def test_nothing_keeps_a_closed_loop(self):
        """A closed loop and its clock are destroyed with the last reference, without the collector."""
        for make in (HygienicEventLoop, VirtualEventLoop):
            loop = make()
            loop.standstill_listeners.append(print)
            loop.close()
            reference = weakref.ref(loop)
            gc.disable()
            self.addCleanup(gc.enable)
            del loop
            self.assertIsNone(reference())


class ClockOfTests(unittest.TestCase):
    def test_the_clock_of_each_loop(self):
        """The virtual loop has its own clock; for any other loop one is made of its time."""
        loop, virtual = HygienicEventLoop(), VirtualEventLoop()
        self.addCleanup(loop.close)
        self.addCleanup(virtual.close)
        self.assertIs(clock_of(virtual, "virtual"), virtual.clock)
        self.assertIs(type(clock_of(loop, "real")), Clock)

    def test_a_loop_without_virtual_time(self):
        """On another loop the setting "virtual" is an error that names the class and the remedy."""
        loop = HygienicEventLoop()
        self.addCleanup(loop.close)
        with self.assertRaisesRegex(RuntimeError, r'HygienicEventLoop: take away .* or say clock = "real"$'):
            clock_of(loop, "virtual")
