"""One run of a test in one schedule."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.exploration.deviations import schedule_from
from asynctestkit.exploration.lives import Script, live


class Inner:
    """Hidden from unittest."""

    class Case(HygienicAsyncTestCase):
        async def test_two(self):
            async def work():
                await asyncio.sleep(0.5)  # waits: on virtual time
                return asyncio.current_task().get_name()

            tasks = [asyncio.create_task(work(), name=name) for name in "ab"]
            self.assertEqual(await asyncio.gather(*tasks), ["a", "b"])

        async def test_skipped(self):
            self.skipTest("not now")

        async def test_fails(self):
            with self.subTest("one"):
                self.fail("in it")
            with self.subTest("other"):
                pass

        @unittest.expectedFailure
        async def test_expected(self):
            self.fail("as expected")

        @unittest.expectedFailure
        async def test_unexpected(self): ...

        async def test_raises(self):
            raise ValueError("mine")

        async def test_group(self):
            task = asyncio.create_task(asyncio.sleep(1), name="a")  # waits: on virtual time
            error = ValueError()
            try:
                await task
            except asyncio.CancelledError as cancelled:
                error.exceptions = (cancelled,)
                raise error from None


class LiveTests(unittest.TestCase):
    clock = "virtual"

    def live(self, method, schedule="", **options):
        schedule = schedule_from(schedule)
        self.script = Script(schedule, **options)
        return live(Inner.Case(method), lambda case, result: case.run(result), schedule, self.script)

    def test_a_life(self):
        """A run has the result's calls, the steps, and the virtual time that has passed."""
        life = self.live("test_two")
        self.assertEqual([name for name, _ in life.calls], ["addSuccess"])
        self.assertIsNone(life.failure)
        self.assertEqual(
            [each for each in life.trace if each[0] in "ab"], [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
        )
        self.assertEqual(life.elapsed, 0.5)
        self.assertEqual((life.applied, life.unmet, life.taken, life.uncontrolled), ([], [], [], frozenset()))

    def test_a_schedule(self):
        """The deviations that took effect, and those that did not, are recorded."""
        life = self.live("test_two", "hold:a@1,hold:c@1", records_steps=True)
        self.assertEqual([str(each) for each in life.unmet], ["hold:c@1"])
        self.assertEqual([each for each in life.trace if each[0] in "ab"][:2], [("b", 1), ("a", 1)])
        recorded = [each.key for each in life.taken]  # before 3.11, not the first step of the test's own task
        self.assertEqual(recorded, life.trace[-len(recorded) :])
        self.assertGreaterEqual(len(recorded), 6)

    def test_how_it_ended(self):
        """Every outcome of a test is recorded, with the first exception."""
        kinds = {
            method: [name for name, _ in self.live(method).calls]
            for method in ("test_skipped", "test_fails", "test_expected", "test_unexpected", "test_raises")
        }
        self.assertEqual(
            kinds,
            {
                "test_skipped": ["addSkip"],
                "test_fails": ["addSubTest", "addSubTest"],
                "test_expected": ["addExpectedFailure"],
                "test_unexpected": ["addUnexpectedSuccess"],
                "test_raises": ["addError"],
            },
        )
        self.assertEqual(str(self.live("test_fails").failure), "in it")
        self.assertIsNone(self.live("test_skipped").failure)
        self.assertEqual(str(self.live("test_expected").failure), "as expected")

    def test_a_cancellation_that_comes_out_is_no_failure(self):
        """A cancellation of an awaited task, alone or in a group, is no failure of the test."""
        for method in ("test_two", "test_group"):
            life = self.live(method, "cancel:a@1+")
            self.assertEqual([name for name, _ in life.calls], ["addError"])
            self.assertIsNone(life.failure)

    def test_what_is_kept(self):
        """The steps remain when the errors, which keep frames alive, are dropped."""
        life = self.live("test_two", "cancel:a@1+")
        trace = list(life.trace)
        life.forget_errors()
        self.assertEqual((life.calls, life.raised, life.trace), ([], [], trace))

    def test_a_limit(self):
        """The virtual clock of a run has a limit."""
        script = Script(())
        script.limit = 7.0
        self.assertEqual(script.make_loop().clock.limit, 7.0)
        script.end()
        self.assertFalse(script.loop.steps.is_watching)
        script.loop.close()
        Script(()).end()

    def test_a_loop_of_ones_own(self):
        """On a loop of the suite's own there is no run to record."""
        self.assertIsNone(live(Inner.Case("test_skipped"), lambda case, result: None, (), Script(())))
