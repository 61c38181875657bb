"""Reports of the virtual selector on a loop that has run nothing but one timer after the other for long."""

import asyncio
import math
from unittest import mock

from asynctestkit.loops.virtual import virtual_selector
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop
from tests.loops.test_selector import SelectorTestCase


class HeartbeatTests(SelectorTestCase):
    make = VirtualEventLoop
    clock = "virtual"  # of the loops that it makes

    def setUp(self):
        limits = mock.patch.object(virtual_selector, "_JUMPS_BEFORE_INSPECTION", 10)
        limits.start()
        self.addCleanup(limits.stop)
        super().setUp()
        self.listen()

    async def sleeps(self, times):
        for _ in range(times):
            await asyncio.sleep(1)

    def heartbeats_after(self, times):
        self.run_in_loop(self.sleeps(times))
        return self.heartbeats

    def test_a_heartbeat(self):
        """It is reported once the timers of the first round have all run; then more and more rarely."""
        counts = [self.heartbeats_after(10) for _ in range(16)]
        self.assertEqual(counts, [0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4])

    def test_a_timer_that_has_not_run_yet(self):
        """While a timer of an earlier round is pending nothing is reported: it may be what is waited for."""
        late = self.loop.call_later(65, self.fail, "cancelled")
        self.assertEqual(self.heartbeats_after(60), 0)
        late.cancel()
        self.assertEqual(self.heartbeats_after(20), 1)

    def test_a_timer_that_never_runs(self):
        """A timer at infinity does not count."""
        self.loop.call_at(math.inf, self.fail, "never")
        self.assertEqual(self.heartbeats_after(40), 2)

    def test_nobody_listens(self):
        """Without a listener nothing is inspected."""
        self.loop.standstill_listeners.clear()
        self.run_in_loop(self.sleeps(50))
        self.assertEqual(self.heartbeats, 0)
