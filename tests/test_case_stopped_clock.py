"""A clock that a test stops or shifts neither hangs a run, nor ends a test too early, nor hides leaks."""

import asyncio
import threading
import time
import unittest
from types import SimpleNamespace
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from tests.case_runs import hard_cap, lines_of, run, run_body
from tests.freezing import frozen_time


def time_of_asyncio(monotonic):
    """Replaces the module `time` for asyncio's loops only."""
    replacement = SimpleNamespace(monotonic=monotonic, get_clock_info=time.get_clock_info)
    return mock.patch("asyncio.base_events.time", replacement)


FREEZES = {
    "every name": frozen_time,
    "time.monotonic": lambda: mock.patch("time.monotonic", return_value=1.0),
    "the name in asyncio": lambda: time_of_asyncio(lambda: 1.0),
}


def spin(until):
    """Not within a `with`: one that ends with a loop, 3.13.0 leaves without `__exit__` on an interrupt."""
    while time.monotonic() < until:
        pass


class StoppedClockTestCase(unittest.TestCase):
    def setUp(self):
        guard = hard_cap()
        guard.__enter__()
        self.addCleanup(guard.__exit__, None, None, None)


class WaitingForATimerTests(StoppedClockTestCase):
    def assertTold(self, finished, culprit):
        self.assertEqual(finished.kinds, ["FAIL"], finished.outcomes)
        self.assertIn("its loop's clock stands still: ", finished.text())
        self.assertIn(culprit, finished.text())
        self.assertIn("\nremedy: let the loop's clock advance: ", finished.text())

    def test_in_the_test(self):
        """A test that stops the clock and sleeps fails at once, and the report names the replacement."""

        async def body(case):
            with case.freeze():
                await asyncio.sleep(0.01)  # waits: for ever

        for name, freeze in FREEZES.items():
            with self.subTest(name):
                self.assertTold(
                    run_body(body, freeze=staticmethod(freeze)), "time.monotonic was replaced by "
                )

    def test_for_the_class(self):
        """So does a test of a class whose clock was stopped before."""

        async def body(case):
            await asyncio.sleep(0.01)  # waits: for ever

        for name, freeze in FREEZES.items():
            with self.subTest(name):
                with freeze():
                    finished = run_body(body)
                self.assertTold(finished, "time.monotonic was replaced by ")

    def test_where_a_thread_may_move_the_clock(self):
        """If a thread may move the clock, the deadline ends the test, with the same report."""

        async def body(case):
            thread = threading.Thread(target=over.wait, args=(60,), daemon=True)
            thread.start()
            with case.freeze():
                await asyncio.sleep(0.01)  # waits: for ever

        over = threading.Event()
        self.addCleanup(over.set)
        for name, freeze in FREEZES.items():
            with self.subTest(name):
                began = time.monotonic()
                finished = run_body(body, deadline=0.1, settle_time=0.05, freeze=staticmethod(freeze))
                self.assertIn("DeadlineError: ", finished.text())
                self.assertTold(finished, "time.monotonic was replaced by ")
                self.assertLess(time.monotonic() - began, 60)

    def test_of_the_loop_itself(self):
        """A replaced `loop.time` is detected as well."""

        async def body(case):
            with mock.patch.object(asyncio.get_running_loop(), "time", return_value=5.0):
                await asyncio.sleep(0.01)  # waits: for ever

        self.assertTold(run_body(body), "loop.time was replaced by a MagicMock")

    def test_it_is_moved_on(self):
        """A test that moves its clock itself, as with freezegun's `tick`, passes."""

        async def body(case):
            with frozen_time() as frozen:
                sleeps = asyncio.create_task(asyncio.sleep(30))  # waits: on the clock that is moved
                await asyncio.sleep(0)
                frozen["monotonic"].now += 30
                await sleeps

        self.assertEqual(run_body(body).outcomes, [("ok", "test", "")])


class LimitsTests(StoppedClockTestCase):
    def test_a_deadline_is_not_prolonged(self):
        """Code that blocks or computes while the clock stands still is ended by its deadline."""

        async def computes(case):
            with case.freeze():
                spin(until=time.monotonic() + 1)

        async def hangs(case):
            with case.freeze():
                await asyncio.get_running_loop().run_in_executor(None, case.never.wait, 20)

        for name, freeze in FREEZES.items():
            with self.subTest(name):
                for body in (computes, hangs):
                    never = threading.Event()
                    self.addCleanup(never.set)
                    finished = run_body(
                        body,
                        deadline=0.1,
                        settle_time=0.1,
                        freeze=staticmethod(freeze),
                        never=never,
                        tearDown=lambda case: case.never.set(),
                    )
                    self.assertIn("was not over after 0.1 s of wall time", finished.text())

    def test_a_deadline_is_not_shortened(self):
        """A clock that is shifted for all modules but asyncio does not make a deadline come earlier."""

        class Tests(HygienicAsyncTestCase):
            deadline = 5.0

            async def test_1(self):
                await asyncio.sleep(0.05)  # waits: so that clocks differ

            async def test_2(self):
                with frozen_time() as frozen, time_of_asyncio(real):
                    for fake in frozen.values():
                        fake.now += 1e6
                    await asyncio.sleep(0.05)  # waits: on a clock that goes

        real = time.monotonic
        self.assertEqual(run(Tests).kinds, ["ok", "ok"])

    def test_what_is_left_is_found_in_time(self):
        """The waits of the sweep end, and its report has all leaks, a stubborn task among them."""

        async def refuses():
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass

        async def body(case):
            case.tasks = [asyncio.create_task(refuses()), asyncio.create_task(asyncio.sleep(3600))]
            await asyncio.sleep(0)

        for name, freeze in FREEZES.items():
            with self.subTest(name):
                began = time.monotonic()
                with freeze():
                    finished = run_body(body, settle_time=0.2, grace_period=0.1)
                self.assertRegex(finished.text(), "left behind: task .*, task ")
                self.assertIn("stubborn, it ignored its cancellation for 0.1 s", finished.text())
                self.assertLess(time.monotonic() - began, 60)

    def test_a_blocked_loop_is_seen(self):
        """`blocking_threshold` uses wall time as well."""

        async def body(case):
            time.sleep(0.3)  # waits: that is what blocks, here

        for name, freeze in FREEZES.items():
            with self.subTest(name):
                with freeze():
                    finished = run_body(body, blocking_threshold=0.1, asyncio_debug=False)
                self.assertIn("BlockedLoopError", finished.text())
                self.assertIn(f"line {lines_of(body, ' here')[0]}", finished.text())
