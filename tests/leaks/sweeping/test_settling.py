"""Settling ends by itself, on either clock; the intervals for polling are short at first."""

import asyncio
import itertools
import unittest

from asynctestkit import Leak, LeakDetector, TaskLeaks
from asynctestkit.leaks.sweeping.settling import ROUND, pauses
from tests.leaks.contract import run_body


class PausesTests(unittest.TestCase):
    def test_they_grow_up_to_a_round(self):
        """Intervals grow up to a round, as most objects end at once."""
        lengths = list(itertools.islice(pauses(), 20))
        self.assertLess(lengths[0], ROUND / 20)
        self.assertEqual(lengths, sorted(lengths))
        self.assertEqual(lengths[-1], ROUND)


class Caller:
    """Like a thread that calls the loop, waits for the answer, and ends a moment after it."""

    has_called = is_answered = has_ended = False

    def __init__(self, loop):
        self.loop = loop

    def answer(self):
        self.is_answered = True

    def is_ending(self):
        if not self.has_called:
            self.has_called = True
            self.loop.call_soon(self.answer)
            return False
        is_ending = self.is_answered and not self.has_ended
        self.has_ended |= is_ending
        return is_ending


class CallerLeaks(LeakDetector):
    kind = "caller"
    types = (Caller,)

    def examine(self, obj):
        return None if obj.has_ended else Leak(self.kind)

    def is_ending(self, obj):
        return obj.is_ending()


class AnsweredTests(unittest.TestCase):
    def test_what_waits_for_an_answer(self):
        """What has called the loop since it was quiet gets its answer, and then the time to end."""
        for is_busy in (False, True):

            async def test(case, is_busy=is_busy):
                loop = asyncio.get_running_loop()
                case.caller = Caller(loop)
                if is_busy:
                    case.addCleanup(loop.call_soon, int)

            with self.subTest(is_busy=is_busy):
                outcome = run_body(test, leak_detectors=(CallerLeaks,))
                self.assertEqual((outcome.leaks, outcome.errors), ((), []))

    def test_a_loop_that_is_never_quiet(self):
        """A task that spins does not prolong the wait for an object that cannot end."""

        async def test(case):
            async def spins():
                while True:
                    try:
                        await asyncio.sleep(0)
                    except asyncio.CancelledError:
                        pass

            case.caller = Caller(asyncio.get_running_loop())
            case.caller.has_called = True
            case.task = asyncio.create_task(spins(), name="spins")

        outcome = run_body(test, leak_detectors=(TaskLeaks, CallerLeaks), settle_time=0.01, grace_period=0.1)
        self.assertEqual(sorted(leak.kind for leak in outcome.leaks), ["caller", "task"])


class SettlingTests(unittest.TestCase):
    clock = "virtual"  # of the test that it runs

    def test_virtual_time_that_creeps(self):
        """A task whose sleeps are so short that virtual time hardly passes is a leak, within the deadline."""

        async def test(case):
            async def creeps():
                while True:
                    await asyncio.sleep(1e-9)

            case.task = asyncio.create_task(creeps(), name="creeping")

        outcome = run_body(test, clock=self.clock, settle_time=0.2)
        self.assertEqual([leak.name for leak in outcome.leaks], ["creeping"])
