"""Whatever a leaked task does about its cancellation, there is a report, and the next test runs."""

import asyncio
import threading
import time

from asynctestkit import HygienicAsyncTestCase
from tests.case_runs import hard_cap, lines_of, run, run_body
from tests.test_case_hangs import (
    ASYNC_HOOKS,
    Bomb,
    HangTests,
    NextTests,
    blocks_when_cancelled,
    case_that,
    spins,
    spins_when_cancelled,
    swallows_cancellation,
)

CREATED_IN = {
    "asyncSetUp": "set-up",
    "test": "the test",
    "asyncTearDown": "tear-down",
    "async cleanup": "a cleanup",
}


async def drops_a_generator_that_does_not_end():
    async for _ in does_not_end():
        break


async def does_not_end():
    try:
        yield
    finally:
        await asyncio.Event().wait()


class LeakedTaskTests(HangTests):
    def assertSwept(self, coroutine, where="test"):
        """A task that is leaked by that hook fails the test, and every hook runs."""

        async def leak():
            asyncio.create_task(coroutine(), name="culprit")  # here
            await asyncio.sleep(0)

        with self.subTest(getattr(coroutine, "__name__", ""), hook=where):
            text, events, _ = self.survive(leak, where, deadline=20)
            self.assertEqual(
                events,
                ["setUp", "asyncSetUp", "test", "asyncTearDown", "tearDown", "async cleanup", "cleanup"],
            )
            self.assertIn("LeakError: ", text)
            self.assertIn("'culprit'", text)
            self.assertIn(f"created in {CREATED_IN[where]}", text)
            self.assertShows(text, leak)
            return text

    def test_a_task_that_ignores_its_cancellation(self):
        """It is reported as stubborn, wherever it was started."""
        for where in ASYNC_HOOKS:
            self.assertIn("stubborn", self.assertSwept(swallows_cancellation, where))

    def test_a_task_that_spins_when_it_is_cancelled(self):
        """It is reported as stubborn, though the loop never comes to rest."""
        for where in ASYNC_HOOKS:
            self.assertIn("stubborn", self.assertSwept(spins_when_cancelled, where))

    def test_a_task_that_spins_from_the_start(self):
        """The loop never settles; the sweep goes on."""
        self.assertIn("stubborn", self.assertSwept(spins))

    def test_a_task_that_starts_a_successor_when_it_is_cancelled(self):
        """However many there are, sweeping them ends."""

        async def hydra():
            try:
                await asyncio.Event().wait()
            finally:
                asyncio.create_task(hydra())

        for where in ASYNC_HOOKS:
            self.assertSwept(hydra, where)

    def test_a_task_that_raises_when_it_is_cancelled(self):
        """Whatever it raises is told, and stops neither the sweep nor the run."""
        for error in (ValueError, Bomb, SystemExit, KeyboardInterrupt):

            async def raises(error=error):
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    raise error("bang") from None

            for where in ASYNC_HOOKS:
                text = self.assertSwept(raises, where)
                self.assertIn("when cancelled it raised", text)
                self.assertIn(f"{error.__name__}: bang", text)

    def test_a_task_that_blocks_when_it_is_cancelled(self):
        """The sweep has the deadline of a phase, a second at the least, and is interrupted."""

        async def leak():
            asyncio.create_task(blocks_when_cancelled(), name="culprit")
            await asyncio.sleep(0)

        for where in ASYNC_HOOKS:
            with self.subTest(where):
                text, _, _ = self.survive(leak, where)
                self.assertIn("the sweep after it was not over after 1 s", text)
                self.assertIn(
                    f"line {lines_of(blocks_when_cancelled, '(1000)')[0]}, in blocks_when_cancelled", text
                )

    def test_several_tasks_that_block_when_they_are_cancelled(self):
        """Each is interrupted in its turn."""

        async def leak():
            for _ in range(3):
                asyncio.create_task(blocks_when_cancelled(), name="culprit")
            await asyncio.sleep(0)

        text, _, _ = self.survive(leak, "test")
        self.assertIn("the sweep after it was not over after 1 s", text)

    def test_a_sweep_that_takes_longer_than_a_phase_may(self):
        """The sweep has limits of its own: a short deadline cuts neither settling nor grace short."""

        class Short(HygienicAsyncTestCase):
            deadline = 0.1

            async def test(self):
                loop = asyncio.get_running_loop()
                asyncio.create_task(asyncio.to_thread(time.sleep, 0.3))  # waits: longer than the deadline
                await asyncio.sleep(0)
                loop.call_later(0.2, int)

            async def test_stubborn(self):
                asyncio.create_task(swallows_cancellation())
                await asyncio.sleep(0)

        finished = run(Short)
        self.assertEqual(finished.kinds, ["ok", "FAIL"])
        self.assertIn("LeakError", finished.text("test_stubborn"))

    def test_tasks_that_follow_each_other_for_ever(self):
        """Where each task ends at once and starts the next, settling is bounded all the same."""

        async def relay():
            await asyncio.sleep(0)
            asyncio.create_task(relay())

        async def body(_):
            asyncio.create_task(relay())

        with hard_cap():
            finished = run_body(body, settle_time=0.1, grace_period=0.1)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertIn("relay()", finished.text())

    def test_a_generator_that_does_not_end(self):
        """Dropped half-way, its `aclose()` is a task that never ends; it is ended by the sweep."""
        finished = run(case_that(drops_a_generator_that_does_not_end, "test", []), NextTests)
        self.assertEqual(finished.kinds, ["FAIL", "ok"])

    def test_a_generator_that_is_kept(self):
        """A generator that somebody keeps, and that does not end, delays the next test for a moment only."""
        kept = []

        async def body():
            kept.append(does_not_end())
            await anext(kept[0])

        with hard_cap():
            finished = run(case_that(body, "test", []), NextTests)
        self.assertEqual(finished.kinds, ["FAIL", "ok"])
        self.assertIn("async_generator 'does_not_end'", finished.text())
        self.assertEqual((finished.logged, finished.stderr), ("", ""))

    def test_a_job_that_ends(self):
        """A job of the default executor that nobody awaits is waited for, as IsolatedAsyncioTestCase does."""
        ended = []

        async def body(_):
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, lambda: (time.sleep(0.6), ended.append(True)))  # waits: for long

        with hard_cap():
            finished = run_body(body, settle_time=25)
        self.assertEqual((finished.kinds, ended), (["ok"], [True]))

    def test_a_job_that_does_not_end(self):
        """It is left to itself after the grace period; the test fails, with the job's stack."""
        release = threading.Event()
        self.addCleanup(release.set)

        async def body():
            asyncio.get_running_loop().run_in_executor(None, release.wait)

        case = case_that(body, "test", [])
        with hard_cap():
            finished = run(case, NextTests)
        self.assertEqual(finished.kinds, ["FAIL", "ok"])
        text = finished.text()
        self.assertIn("executor 'Event.wait', a job of the loop's default executor, still running", text)
        self.assertRegex(text, r"stands at:\n +threading.py:\d+ in wait\n")
        self.assertEqual((finished.logged, finished.stderr), ("", ""))
