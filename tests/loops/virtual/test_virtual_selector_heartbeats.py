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
        super().setUp()
        limits = mock.patch.object(virtual_selector, "_ROUND", 10)
        limits.start()
        self.addCleanup(limits.stop)
        self.listen()

    async def sleeps(self, times):
        for _ in range(times):
            await asyncio.sleep(1)

    def test_a_heartbeat(self):
        """The second round of timers is reported, and each that follows: by then the first have all run."""
        self.run_in_loop(self.sleeps(9))
        self.assertEqual(self.heartbeats, 0)
        self.run_in_loop(self.sleeps(41))
        self.assertEqual(self.heartbeats, 4)

    def test_a_timer_that_has_not_run_yet(self):
        """While a timer of an earlier round is pending nothing is reported: it may be what is waited for."""
        late = self.loop.call_later(55, self.fail, "cancelled")
        self.run_in_loop(self.sleeps(50))
        self.assertEqual(self.heartbeats, 0)
        late.cancel()
        self.run_in_loop(self.sleeps(20))
        self.assertEqual(self.heartbeats, 2)

    def test_a_timer_that_never_runs(self):
        """A timer at infinity does not count."""
        self.loop.call_at(math.inf, self.fail, "never")
        self.run_in_loop(self.sleeps(50))
        self.assertEqual(self.heartbeats, 4)

    def test_nobody_listens(self):
        """Without a listener nothing is inspected."""
        self.loop._selector.listeners.clear()
        self.run_in_loop(self.sleeps(50))
        self.assertEqual(self.heartbeats, 0)
