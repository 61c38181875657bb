"""Nothing hangs a run: whatever a phase or a leaked task does, it is reported, and the next test runs.

Each scenario is a class of one test that hangs in one phase, run together with a class whose test must pass.
"""

import asyncio
import contextlib
import os
import threading
import time
import unittest

from asynctestkit import HygienicAsyncTestCase
from tests.case_runs import PACKAGE_FOLDER, hard_cap, lines_of, run

SET_UP, BODY, TEAR_DOWN, CLEANUP = "its set-up", "its body", "its tear-down", "a cleanup"
ASYNC_HOOKS = {"asyncSetUp": SET_UP, "test": BODY, "asyncTearDown": TEAR_DOWN, "async cleanup": CLEANUP}
SYNC_HOOKS = {"setUp": SET_UP, "sync test": BODY, "tearDown": TEAR_DOWN, "cleanup": CLEANUP}


class Bomb(BaseException):
    pass


async def never_returns():
    await asyncio.sleep(3600)  # here


async def swallows_cancellation():
    while True:
        try:
            await asyncio.sleep(3600)  # here
        except asyncio.CancelledError:
            pass


async def spins():
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)  # here


async def blocks_when_cancelled():
    try:
        await asyncio.sleep(3600)  # here
    except asyncio.CancelledError:
        time.sleep(1000)


async def spins_when_cancelled():
    try:
        await asyncio.sleep(3600)  # here
    except asyncio.CancelledError:
        await spins()


def computes_for_ever():
    while True:  # here
        pass  # here


def sleeps():
    time.sleep(1000)  # here


def sleeps_whatever_comes():
    while True:
        try:
            time.sleep(1000)  # here
        except BaseException:
            pass


def sleeps_but_for_bugs():
    while True:
        try:
            time.sleep(1000)  # here
        except Exception:
            pass


class NextTests(HygienicAsyncTestCase):
    """The test that runs after each scenario."""

    async def test_next(self):
        await asyncio.wait_for(asyncio.to_thread(lambda: None), 60)


def case_that(act, where, events):
    """A test with every hook, which calls `act` in one of them and awaits its result."""

    def step(name):
        events.append(name)
        return act() if name == where else None

    async def async_step(name):
        awaitable = step(name)
        if awaitable is not None:
            await awaitable

    class Case(HygienicAsyncTestCase):
        deadline = 0.1
        settle_time = 0.1
        grace_period = 0.05
        asyncio_debug = False  # debug mode logs slow callbacks

        def setUp(self):
            self.addCleanup(step, "cleanup")
            step("setUp")

        async def asyncSetUp(self):
            self.addAsyncCleanup(async_step, "async cleanup")
            await async_step("asyncSetUp")

        async def test(self):
            await async_step("test")

        def sync_test(self):
            step("sync test")

        async def asyncTearDown(self):
            await async_step("asyncTearDown")

        def tearDown(self):
            step("tearDown")

    return Case("sync_test" if where == "sync test" else "test")


def fails():
    raise ValueError("a hook that hangs is a hook that fails")


class HangTests(unittest.TestCase):
    maxDiff = None

    def survive(self, act, where, deadline=0.1):
        """Runs the scenario and the next test; returns the output on the scenario."""
        events, expected = [], []
        with hard_cap():
            case = case_that(act, where, events)
            case.deadline = deadline
            finished = run(case, NextTests)
        self.assertEqual(finished.kinds, ["FAIL", "ok"], finished.outcomes)
        self.assertEqual((finished.logged, finished.stderr, finished.warned), ("", "", []))
        (_, _, text), _ = finished.outcomes
        self.assertNotIn(PACKAGE_FOLDER, text)
        run(case_that(fails, where, expected))
        return text, events, expected

    def assertOverrun(self, act, where):
        """Asserts that the report names phase, limit and the marked line, and that the other hooks ran."""
        with self.subTest(act.__name__, hook=where):
            text, events, expected = self.survive(act, where)
            words = {**ASYNC_HOOKS, **SYNC_HOOKS}[where]
            self.assertIn(f"DeadlineError: {case_id(where)}: {words} was not over after 0.1 s", text)
            self.assertShows(text, act)
            self.assertEqual(events, expected)
            return text

    def assertShows(self, text, function):
        name, file = function.__name__, function.__code__.co_filename
        shown = [
            each
            for line in lines_of(function, "# here")
            for each in (
                f"{os.path.basename(file)}:{line} in {name}",
                f'{file}", line {line}, in {name}',
            )
        ]
        self.assertTrue(any(each in text for each in shown), f"{shown}\nis not in\n{text}")


def case_id(where):
    method = "sync_test" if where == "sync test" else "test"
    return case_that(fails, where, []).id().rpartition(".")[0] + "." + method


class HangingPhaseTests(HangTests):
    def test_a_coroutine_that_never_returns(self):
        """A coroutine that never returns is cancelled, and the report shows what it awaits."""
        for where in ASYNC_HOOKS:
            self.assertIn("sleep(3600)", self.assertOverrun(never_returns, where))

    def test_a_coroutine_that_swallows_its_cancellation(self):
        """A coroutine that swallows its cancellation is abandoned after the grace period."""
        for where in ASYNC_HOOKS:
            self.assertOverrun(swallows_cancellation, where)

    def test_a_coroutine_that_spins(self):
        """A coroutine that spins is abandoned, though the loop is never quiet."""
        for where in ASYNC_HOOKS:
            self.assertOverrun(spins, where)

    def test_a_coroutine_that_blocks_when_it_is_cancelled(self):
        """A coroutine that blocks when cancelled is interrupted in its `except CancelledError`."""
        for where in ASYNC_HOOKS:
            self.assertOverrun(blocks_when_cancelled, where)

    def test_a_coroutine_that_spins_when_it_is_cancelled(self):
        """A coroutine that spins when cancelled is abandoned, and the report shows where it stood before."""
        self.assertOverrun(spins_when_cancelled, "test")

    def test_code_that_sleeps(self):
        """`time.sleep` is interrupted in every hook, and the report shows the blocked stack."""
        for where in (*SYNC_HOOKS, *ASYNC_HOOKS):
            self.assertIn("it was blocked here", self.assertOverrun(sleeps, where))

    def test_code_that_computes(self):
        """A loop without any call is interrupted."""
        for where in ("setUp", "sync test", "test", "async cleanup"):
            self.assertOverrun(computes_for_ever, where)

    def test_code_that_catches_every_exception(self):
        """`except Exception` does not stop the interrupt."""
        self.assertOverrun(sleeps_but_for_bugs, "test")

    def test_code_that_catches_every_base_exception(self):
        """Nor does `except BaseException` in a loop."""
        for where in ("setUp", "test", "async cleanup"):
            self.assertOverrun(sleeps_whatever_comes, where)

    def test_a_body_that_raises_something_else_when_cancelled(self):
        """Another exception on cancellation is the cause of the overrun; SystemExit does not end the run."""
        for error in (ValueError("bang"), SystemExit(7), Bomb("bang"), TimeoutError("bang")):

            async def body(error=error):
                try:
                    await asyncio.sleep(3600)  # here
                except asyncio.CancelledError:
                    raise error from None

            text = self.assertOverrun(body, "test")
            self.assertIn(f"{type(error).__name__}: ", text)
            self.assertIn("direct cause", text)

    def test_a_body_that_returns_when_cancelled(self):
        """A body that returns when cancelled has overrun all the same."""

        async def body():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)  # here

        self.assertOverrun(body, "test")

    def test_a_job_that_takes_long(self):
        """A body that waits for the default executor overruns; a warning shows the job that goes on."""
        release = threading.Event()
        self.addCleanup(release.set)

        async def body():
            await asyncio.to_thread(release.wait, 30)  # here

        with hard_cap():
            finished = run(case_that(body, "test", []), NextTests)
        self.assertEqual(finished.kinds, ["FAIL", "ok"])
        self.assertIn("its body was not over after 0.1 s", finished.text())
        self.assertShows(finished.text(), body)
        (warning,) = finished.warned
        self.assertIn("executor 'Event.wait', a job of the loop's default executor, still running", warning)
