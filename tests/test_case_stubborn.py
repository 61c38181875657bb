"""However a leaked task reacts to its cancellation, it is reported, and the next test runs."""

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
        """Asserts that a task which that hook leaks fails the test, and that every hook runs."""

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
        """A task that ignores its cancellation is reported as stubborn, wherever it was started."""
        for where in ASYNC_HOOKS:
            self.assertIn("stubborn", self.assertSwept(swallows_cancellation, where))

    def test_a_task_that_spins_when_it_is_cancelled(self):
        """A task that spins when cancelled is reported as stubborn, though the loop is never quiet."""
        for where in ASYNC_HOOKS:
            self.assertIn("stubborn", self.assertSwept(spins_when_cancelled, where))

    def test_a_task_that_spins_from_the_start(self):
        """With a task that spins from the start the loop never settles, and the sweep goes on."""
        self.assertIn("stubborn", self.assertSwept(spins))

    def test_a_task_that_starts_a_successor_when_it_is_cancelled(self):
        """A sweep ends, however many successors are started."""

        async def hydra():
            try:
                await asyncio.Event().wait()
            finally:
                asyncio.create_task(hydra())

        for where in ASYNC_HOOKS:
            self.assertSwept(hydra, where)

    def test_a_task_that_raises_when_it_is_cancelled(self):
        """What a task raises when cancelled is reported, and stops neither the sweep nor the run."""
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
        """A sweep is interrupted at the deadline of a phase, or after a second if that is longer."""
        self.check_blocking_tasks([*ASYNC_HOOKS][:2])

    def test_a_task_of_other_hooks_that_blocks_when_it_is_cancelled(self):
        """The same holds for a task of a tear-down or a cleanup."""
        self.check_blocking_tasks([*ASYNC_HOOKS][2:])

    def check_blocking_tasks(self, hooks):
        async def leak():
            asyncio.create_task(blocks_when_cancelled(), name="culprit")
            await asyncio.sleep(0)

        for where in hooks:
            with self.subTest(where):
                text, _, _ = self.survive(leak, where)
                self.assertIn("the sweep after it was not over after 1 s", text)
                self.assertIn(
                    f"line {lines_of(blocks_when_cancelled, '(1000)')[0]}, in blocks_when_cancelled", text
                )

    def test_several_tasks_that_block_when_they_are_cancelled(self):
        """Several tasks that block when cancelled are each interrupted."""

        async def leak():
            for _ in range(3):
                asyncio.create_task(blocks_when_cancelled(), name="culprit")
            await asyncio.sleep(0)

        text, _, _ = self.survive(leak, "test")
        self.assertIn("the sweep after it was not over after 1 s", text)

    def test_a_sweep_that_takes_longer_than_a_phase_may(self):
        """The sweep has limits of its own: a short deadline shortens neither settling nor grace period."""

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
        """If each task ends at once and starts the next, settling is bounded all the same."""

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
        """The `aclose()` task of a dropped generator that never ends is ended by the sweep."""
        finished = run(case_that(drops_a_generator_that_does_not_end, "test", []), NextTests)
        self.assertEqual(finished.kinds, ["FAIL", "ok"])

    def test_a_generator_that_is_kept(self):
        """A generator that is held, and does not end, delays the next test only for a moment."""
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
        """A job of the default executor that nothing awaits is waited for, as in IsolatedAsyncioTestCase."""
        ended = []

        async def body(_):
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, lambda: (time.sleep(0.6), ended.append(True)))  # waits: for long

        with hard_cap():
            finished = run_body(body, settle_time=25)
        self.assertEqual((finished.kinds, ended), (["ok"], [True]))

    def test_a_job_that_does_not_end(self):
        """A job that does not end is abandoned after the grace period; the failure has its stack."""
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
