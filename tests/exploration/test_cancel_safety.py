"""`assertCancelSafe`: safe code passes, and deadline and Ctrl-C end it."""

import asyncio
import contextlib
import signal
import time
import unittest

from asynctestkit import HygienicAsyncTestCase
from tests.case_runs import run_body

HAS_GROUPS = hasattr(asyncio, "TaskGroup")


async def nap():
    await asyncio.sleep(1)  # waits: on virtual time


class SafeTests(HygienicAsyncTestCase):
    """Code that passes, at whatever place it is cancelled."""

    clock = "virtual"

    async def test_locks_and_queues(self):
        """`async with` releases a lock, and a queue keeps items that were not taken."""

        async def work():
            lock, semaphore, queue = asyncio.Lock(), asyncio.Semaphore(1), asyncio.Queue(1)
            putting = asyncio.create_task(queue.put(1))
            try:
                async with lock, semaphore:
                    await nap()
                    await queue.get()
            finally:
                putting.cancel()
                await asyncio.wait({putting})

        await self.assertCancelSafe(work)

    async def test_generators_and_contexts(self):
        """Clean-up in `finally` runs at whatever await the cancellation comes."""
        opened = []

        @contextlib.asynccontextmanager
        async def connection():
            opened.append(True)
            try:
                yield
            finally:
                opened.pop()

        async def numbers():
            async with connection():
                for number in range(3):
                    await nap()
                    yield number

        async def work():
            async with contextlib.aclosing(numbers()) as stream:
                async for _ in stream:
                    await nap()

        await self.assertCancelSafe(work, check=lambda: self.assertEqual(opened, []))

    async def test_a_shield_that_ends_in_time(self):
        """A shielded task that ends within `settle_time` is no leak."""
        ended = []

        async def commit():
            await asyncio.sleep(0.5)
            ended.append(True)

        async def work():
            ended.clear()
            await asyncio.shield(asyncio.create_task(commit()))

        async def check():
            await asyncio.sleep(0)
            self.assertLessEqual(len(ended), 1)

        await self.assertCancelSafe(work, check=check)

    @unittest.skipUnless(HAS_GROUPS, "from 3.11")
    async def test_groups_and_timeouts(self):
        """A task group cancels its tasks, and a timeout distinguishes its own cancellation from others."""

        async def work():
            async with asyncio.timeout(5), asyncio.TaskGroup() as group:
                group.create_task(nap(), name="one")
                group.create_task(nap(), name="other")
                await nap()

        await self.assertCancelSafe(work)

    async def test_what_was_not_begun(self):
        """A coroutine whose task is cancelled before its first step is no forgotten await."""

        async def work():
            await asyncio.gather(asyncio.wait_for(nap(), 5), asyncio.wait_for(nap(), 5))

        with self.assertNoWarnings():
            await self.assertCancelSafe(work)

    async def test_code_that_never_ends(self):
        """A consumer is cancelled at its first places, and a coroutine that waits for ever at its wait."""

        async def ticks():
            while True:
                await nap()

        async def waits():
            await nap()
            await asyncio.Event().wait()

        await self.assertCancelSafe(ticks, max_runs=9)
        await self.assertCancelSafe(waits)

    async def test_it_may_swallow_where_that_is_asked_for(self):
        """With `swallow` it may return instead of raising CancelledError."""

        async def work():
            with contextlib.suppress(asyncio.CancelledError):
                await nap()

        await self.assertCancelSafe(work, swallow=True)

    async def test_tasks_that_match_are_cancelled_as_well(self):
        """Matching tasks are cancelled one at a time; the coroutine then need not raise CancelledError."""
        ended = []

        async def work():
            client = asyncio.create_task(nap(), name="client-1")
            ended.append((await asyncio.gather(client, return_exceptions=True))[0])

        await self.assertCancelSafe(work, tasks="client-*")
        self.assertEqual(
            [isinstance(each, asyncio.CancelledError) for each in ended], [False, True, True, True]
        )

    async def test_a_pattern_that_matches_no_task(self):
        """It is refused if there are tasks; code that starts none may be tried with any pattern."""

        async def work():
            await asyncio.gather(asyncio.create_task(nap(), name="client-1"))

        with self.assertRaisesRegex(ValueError, "tasks is 'clients-\\*', .* there are 'client-1'$"):
            await self.assertCancelSafe(work, tasks="clients-*")
        await self.assertCancelSafe(nap, tasks="clients-*")

    async def test_the_loop_of_the_test_goes_on(self):
        """The test's own loop is suspended, without time passing; context variables are the test's."""
        before = asyncio.get_running_loop(), asyncio.current_task(), self.clock.elapsed
        await self.assertCancelSafe(nap)
        self.assertEqual((asyncio.get_running_loop(), asyncio.current_task(), self.clock.elapsed), before)
        await nap()


class EndedTests(unittest.TestCase):
    """Deadline and Ctrl-C end the assertion from outside."""

    def test_the_deadline_of_the_test(self):
        """Code that blocks is interrupted at the test's deadline, and shown."""

        async def work():
            time.sleep(60)

        async def test(self):
            await self.assertCancelSafe(work)

        ran = run_body(test, deadline=0.1)
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("DeadlineError", ran.text())
        self.assertIn("time.sleep(60)", ran.text())

    def test_the_deadline_between_two_runs(self):
        """Many short runs are ended by the deadline as well."""

        async def work():
            time.sleep(0.02)  # waits: for the deadline
            while True:
                await nap()

        async def test(self):
            await self.assertCancelSafe(work, max_runs=10_000)

        ran = run_body(test, deadline=0.3)
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("DeadlineError", ran.text())

    def test_ctrl_c_in_the_check(self):
        """Ctrl-C in the check is not a failure of the check."""

        def check():
            raise KeyboardInterrupt

        async def test(self):
            await self.assertCancelSafe(nap, check=check)

        with self.assertRaises(KeyboardInterrupt):
            run_body(test)

    def test_ctrl_c(self):
        """The first Ctrl-C ends the current run and the test."""

        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits SIG_IGN
        self.addCleanup(signal.signal, signal.SIGINT, before)

        async def work():
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()

        async def test(self):
            await self.assertCancelSafe(work)

        with self.assertRaises(KeyboardInterrupt):
            run_body(test)
