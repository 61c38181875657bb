"""A test's own control over tasks: settling, background tasks, cancelling pending tasks."""

import asyncio
import contextlib
import unittest
from unittest import mock

from asynctestkit import HygieneMixin, HygienicAsyncTestCase
from asynctestkit.lifecycle import background
from tests.case_runs import hard_cap, run_body


async def for_ever():
    await asyncio.Event().wait()


class SettleTests(HygienicAsyncTestCase):
    async def test_chains_of_turns_come_to_their_end(self):
        """When it returns, every task has gone as far as it can without waiting."""
        gone = []

        async def walk():
            for step in range(50):
                await asyncio.sleep(0)
                gone.append(step)
            await asyncio.Event().wait()

        walker = self.startBackground(walk())
        await self.settle()
        self.assertEqual(gone, [*range(50)])
        self.assertFalse(walker.done())

    async def test_callbacks_that_schedule_callbacks(self):
        """Callbacks count as well as tasks."""
        loop, called = asyncio.get_running_loop(), []

        def call(left):
            called.append(left)
            if left:
                loop.call_soon(call, left - 1)

        loop.call_soon(call, 20)
        await self.settle()
        self.assertEqual(called[-1], 0)

    async def test_tasks_that_wake_each_other(self):
        """A task that another one wakes runs to its end as well."""
        queue, got = asyncio.Queue(), []

        async def consume():
            while True:
                got.append(await queue.get())

        self.startBackground(consume())
        for item in range(3):
            queue.put_nowait(item)
        await self.settle()
        self.assertEqual(got, [0, 1, 2])

    async def test_timers_are_not_waited_for(self):
        """A task that sleeps for an hour is not waited for."""
        self.startBackground(asyncio.sleep(3600))
        await self.settle()

    async def test_alone(self):
        """With nothing else on the loop it returns at once, every time."""
        for _ in range(3):
            await self.settle()

    async def test_a_task_that_never_rests(self):
        """If a task spins, it fails and names that task, and no waiting ones."""

        async def spin():
            while True:
                await asyncio.sleep(0)

        self.startBackground(spin(), name="spinner")
        self.startBackground(for_ever(), name="sleeper")
        with mock.patch.object(background, "_SETTLE_LIMIT", 0.05):
            with self.assertRaises(self.failureException) as caught:
                await self.settle()
        self.assertIn("still busy: spinner", str(caught.exception))
        self.assertNotIn("sleeper", str(caught.exception))

    async def test_callbacks_that_never_rest(self):
        """If a callback schedules itself for ever, the failure says that it is a callback."""
        loop = asyncio.get_running_loop()
        stopped = False

        def again():
            if not stopped:
                loop.call_soon(again)

        again()
        with mock.patch.object(background, "_SETTLE_LIMIT", 0.05):
            with self.assertRaisesRegex(self.failureException, "still busy: callbacks"):
                await self.settle()
        stopped = True

    async def test_it_is_cancelled_like_anything_else(self):
        """A task that settles can be cancelled meanwhile."""
        settling = asyncio.ensure_future(self.settle())
        settling.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await settling


class StartBackgroundTests(unittest.TestCase):
    def test_it_is_ended_at_tear_down(self):
        """The task is cancelled and awaited after asyncTearDown, before the cleanups registered earlier."""
        events = []

        async def server():
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                events.append("server has ended")

        async def set_up(case):
            case.addCleanup(events.append, "earlier cleanup")
            case.startBackground(server())
            case.addCleanup(events.append, "later cleanup")

        async def tear_down(_):
            events.append("asyncTearDown")

        async def body(_):
            events.append("body")

        finished = run_body(body, asyncSetUp=set_up, asyncTearDown=tear_down)
        self.assertEqual(finished.kinds, ["ok"])
        self.assertEqual(
            events, ["body", "asyncTearDown", "later cleanup", "server has ended", "earlier cleanup"]
        )

    def test_it_returns_a_task_with_that_name(self):
        """The result is a running task that carries the name given, and can be awaited, on every loop."""

        async def body(case):
            async def answer():
                return asyncio.current_task().get_name()

            case.assertEqual(await case.startBackground(answer(), name="adviser"), "adviser")
            case.assertIsInstance(case.startBackground(for_ever()), asyncio.Task)

        self.assertEqual(run_body(body).kinds, ["ok"])
        self.assertEqual(run_body(body, loop_factory=asyncio.SelectorEventLoop).kinds, ["ok"])

    def test_it_can_be_started_in_every_async_hook(self):
        """In asyncSetUp, body, asyncTearDown and a cleanup alike, it is never a leak."""

        async def start(case):
            case.startBackground(for_ever())

        async def body(case):
            await start(case)
            case.addAsyncCleanup(start, case)

        finished = run_body(body, asyncSetUp=start, asyncTearDown=start)
        self.assertEqual((finished.kinds, finished.warned, finished.logged), (["ok"], [], ""))

    def test_one_that_fails(self):
        """Its exception fails the test, whether raised before the end or on cancellation."""

        async def fails():
            raise LookupError("in the background")

        async def fails_when_cancelled():
            try:
                await for_ever()
            except asyncio.CancelledError:
                raise LookupError("in the background") from None

        for coroutine in (fails, fails_when_cancelled):

            async def body(case, coroutine=coroutine):
                case.startBackground(coroutine(), name="bg:feed")
                await case.settle()

            finished = run_body(body)
            self.assertEqual(finished.kinds, ["ERROR"])
            self.assertIn(
                "LookupError: in the background\nraised in the background task 'bg:feed'\n", finished.text()
            )
            self.assertEqual((finished.warned, finished.logged), ([], ""))

    def test_one_that_fails_an_assertion(self):
        """A failed assertion in it is a failure of the test."""

        async def body(case):
            async def asserts():
                case.assertEqual(1, 2)

            case.startBackground(asserts())
            await case.settle()

        self.assertEqual(run_body(body).kinds, ["FAIL"])

    def test_one_whose_failure_was_seen(self):
        """An exception that the test has retrieved, or caught, does not fail it again."""

        async def fails():
            raise LookupError("expected")

        async def awaits(case):
            with case.assertRaises(LookupError):
                await case.startBackground(fails())

        async def looks(case):
            task = case.startBackground(fails())
            await case.settle()
            case.assertIsInstance(task.exception(), LookupError)

        for body in (awaits, looks):
            self.assertEqual(run_body(body).kinds, ["ok"])

    def test_one_that_the_test_has_ended(self):
        """A task that returned, or that the test cancelled itself, is no failure."""

        async def body(case):
            await case.startBackground(asyncio.sleep(0))
            task = case.startBackground(for_ever())
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            case.startBackground(for_ever()).cancel()

        self.assertEqual(run_body(body).kinds, ["ok"])

    def test_one_that_refuses(self):
        """A task that ignores its cancellation is reported as stubborn, and does not hang the run."""

        async def refuses():
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        async def body(case):
            case.startBackground(refuses(), name="mule")
            await case.settle()

        with hard_cap():
            finished = run_body(body, grace_period=0.05)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertRegex(finished.text(), "'mule', stubborn")

    def test_what_is_no_coroutine(self):
        """A coroutine function, a task or any other object is a TypeError with the remedy."""

        async def body(case):
            with case.assertRaisesRegex(TypeError, r"call it: startBackground\(for_ever\(…\)\)"):
                case.startBackground(for_ever)
            with case.assertRaisesRegex(TypeError, "takes a coroutine, not 7"):
                case.startBackground(7)

        self.assertEqual(run_body(body).kinds, ["ok"])

    def test_outside_of_a_running_loop(self):
        """In a sync hook it is a RuntimeError, and the coroutine is closed without a warning."""

        def body(case):
            with case.assertRaisesRegex(RuntimeError, "needs a running loop"):
                case.startBackground(for_ever())

        finished = run_body(body)
        self.assertEqual((finished.kinds, finished.warned), (["ok"], []))


class CancelPendingTasksTests(unittest.TestCase):
    def test_all_but_the_caller(self):
        """It cancels and awaits every task of the test except the caller, and returns an empty list."""

        async def body(case):
            tasks = [asyncio.create_task(for_ever()) for _ in range(3)]
            await case.settle()
            case.assertEqual(await case.cancelPendingTasks(), [])
            case.assertTrue(all(task.cancelled() for task in tasks))

        self.assertEqual(run_body(body).kinds, ["ok"])

    def test_in_tear_down(self):
        """In asyncTearDown it ends what the body has left, so that this is no leak."""

        async def body(_):
            asyncio.create_task(for_ever())

        async def tear_down(case):
            case.assertEqual(await case.cancelPendingTasks(), [])

        self.assertEqual(run_body(body, asyncTearDown=tear_down).kinds, ["ok"])

    def test_called_by_another_task(self):
        """Called in a task that the body awaits, it cancels neither that task nor the body."""

        async def body(case):
            victim = asyncio.create_task(for_ever())

            async def janitor():
                return await case.cancelPendingTasks()

            case.assertEqual(await asyncio.create_task(janitor()), [])
            case.assertTrue(victim.cancelled())

        self.assertEqual(run_body(body).kinds, ["ok"])

    def test_tasks_that_appear_meanwhile(self):
        """A task that another's clean-up starts is cancelled as well."""

        async def body(case):
            async def starts_another():
                try:
                    await for_ever()
                finally:
                    asyncio.create_task(for_ever(), name="successor")

            asyncio.create_task(starts_another())
            await case.settle()
            case.assertEqual(await case.cancelPendingTasks(), [])
            case.assertEqual(asyncio.all_tasks() - {asyncio.current_task()}, set())

        self.assertEqual(run_body(body).kinds, ["ok"])

    def test_those_that_refuse(self):
        """Tasks still pending after the grace period are returned, sorted by name."""
        released = []

        async def body(case):
            release = asyncio.Event()

            async def refuses():
                while not release.is_set():
                    with contextlib.suppress(asyncio.CancelledError):
                        await release.wait()

            asyncio.create_task(for_ever(), name="meek")
            for name in ("b", "a"):
                asyncio.create_task(refuses(), name=name)
            await case.settle()
            refused = await case.cancelPendingTasks()
            released.append([task.get_name() for task in refused])
            release.set()
            await asyncio.wait(refused)

        with hard_cap():
            self.assertEqual(run_body(body, grace_period=0.05).kinds, ["ok"])
        self.assertEqual(released, [["a", "b"]])

    def test_on_a_case_that_does_not_run(self):
        """Called on a case that is not running, it is a RuntimeError that names the case."""

        class Case(HygieneMixin, unittest.IsolatedAsyncioTestCase):
            async def test(self):
                pass

        with self.assertRaisesRegex(RuntimeError, r"Case\.test is not running"):
            asyncio.run(Case("test").cancelPendingTasks())
