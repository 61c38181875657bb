"""Single runs of a coroutine, each cancelled at another place."""

import asyncio
import random
import unittest

from asynctestkit.exploration.cancel_runs import MAIN, CancelRuns, RunResult, cancellations_of
from asynctestkit.exploration.deviations import schedule_from
from asynctestkit.settings import Settings

SOURCE = (__file__, 1)


class CancelRunsTests(unittest.TestCase):
    clock = "virtual"

    def run_as(self, schedule, make_coro, check=None, unfinished=list):
        runs = CancelRuns(make_coro, check, Settings(clock="virtual"), ("the test", SOURCE), unfinished)
        return runs.run(schedule_from(schedule))

    async def work(self):
        await asyncio.sleep(1)
        await asyncio.sleep(0)
        return random.random()

    def test_a_run_without_a_cancellation(self):
        """A run without a cancellation has a result, and its steps are recorded."""
        ran = self.run_as("", self.work)
        self.assertTrue(ran.returned)
        self.assertEqual((ran.trace, ran.applied), ([(MAIN, 1), (MAIN, 2), (MAIN, 3)], []))
        self.assertEqual(
            (ran.error, ran.left, ran.check_error, ran.held, ran.was_stuck), (None, None, None, [], False)
        )

    def test_each_run_draws_the_same_random_numbers(self):
        """Each run draws the same random numbers."""
        runs = CancelRuns(self.work, None, Settings(clock="virtual"), ("the test", SOURCE), list)
        self.assertEqual(runs.run(()).value, runs.run(()).value)

    def test_a_run_that_is_cancelled(self):
        """A cancelled run ends in CancelledError."""
        ran = self.run_as(f"cancel:{MAIN}@2", self.work)
        self.assertIsInstance(ran.error, asyncio.CancelledError)
        self.assertFalse(ran.returned)

    def test_the_check_may_await(self):
        """The check may await: it runs on the loop of the run, once its tasks have ended by themselves."""
        ended = []

        async def shielded():
            await asyncio.shield(asyncio.create_task(slow()))

        async def slow():
            await asyncio.sleep(0.5)
            ended.append(True)

        async def check():
            await asyncio.sleep(0)
            assert ended

        ran = self.run_as(f"cancel:{MAIN}@1+", shielded, check)
        self.assertIsInstance(ran.error, asyncio.CancelledError)
        self.assertEqual((ran.check_error, ran.left), (None, None))

    def test_what_is_stuck_is_ended(self):
        """A coroutine that nothing can wake is cancelled, and its recorded steps end there."""
        ran = self.run_as("", lambda: asyncio.Event().wait())
        self.assertTrue(ran.was_stuck)
        self.assertEqual(ran.trace, [(MAIN, 1)])

    def test_what_a_mock_says_is_compared_with_before(self):
        """Only leftovers of mocks that a run has added count."""
        said = ["old"]

        async def enter():
            said.append("new")
            said.append("old")

        self.assertEqual(self.run_as("", enter, unfinished=lambda: list(said)).held, ["old", "new"])

    def test_what_is_no_coroutine_is_refused(self):
        """A task is rejected, as it has begun already and cannot be repeated."""
        ran = self.run_as("", lambda: 7)
        self.assertIsInstance(ran.error, TypeError)
        ran = self.run_as("", lambda: asyncio.ensure_future(asyncio.sleep(0)))
        self.assertIsInstance(ran.error, TypeError)


class CancellationsTests(unittest.TestCase):
    def test_every_place_in_both_ways(self):
        """The places are before the first step and around each wait; there is none after the last step."""
        ran = RunResult([(MAIN, 1), ("child", 1), (MAIN, 2)], [])
        texts = [str(each) for each in cancellations_of(ran, lambda name: True)]
        self.assertEqual(texts, ["cancel:it@1", "cancel:it@1+", "cancel:it@2", "cancel:child@1"])
        self.assertEqual(len(list(cancellations_of(ran, lambda name: name == MAIN))), 3)

    def test_one_that_is_stuck_waits_after_its_last_step(self):
        """A coroutine that is stuck can also be cancelled at its last wait."""
        ran = RunResult([(MAIN, 1)], [], was_stuck=True)
        texts = [str(each) for each in cancellations_of(ran, lambda name: True)]
        self.assertEqual(texts, ["cancel:it@1", "cancel:it@1+", "cancel:it@2"])
