"""Canaries for the private names that virtual time and the report of a deadlock lean on."""

import asyncio
import contextlib
import datetime
import sys
import time
import unittest
from unittest import mock

from asynctestkit.cpython import wait_internals
from asynctestkit.cpython.versions import HAS_RUNNER
from asynctestkit.stacks.await_chain import links
from tests.cpython.canaries import Canary


class TimerCanaries(Canary):
    def test_first_timer(self):
        """The earliest timer is known; there is none on a new loop."""
        self.assertIsNone(wait_internals.first_timer(self.loop))
        self.loop.call_later(3600, print)
        first = self.loop.call_later(60, print)
        self.assertIs(wait_internals.first_timer(self.loop), first)

    def test_monotonic_of_loops(self):
        """What is put in its place is what the loop's clock says."""
        self.assertIs(wait_internals.monotonic_of_loops(), time.monotonic)
        with mock.patch("time.monotonic", return_value=7.0) as replacement:
            self.assertIs(wait_internals.monotonic_of_loops(), replacement)
            self.assertEqual(self.loop.time(), 7.0)

    def test_is_calling_today_and__calls_of_today(self):
        """`date.today` and `datetime.today` are known by their callers, however they call; others are not."""

        def asked():
            answers.append(wait_internals.is_calling_today(sys._getframe(1)))
            return 0.0

        answers = []
        today = datetime.date.today
        with mock.patch("time.time", asked):
            datetime.date.today()
            datetime.datetime.today()
            today()
            [datetime.date.today() for _ in range(1)]
            self.assertEqual(set(answers), {True})  # from 3.15 `date.today` asks the system as well
            answers.clear()
            time.time()
            today = time.time()
            datetime.datetime.fromtimestamp(time.time())
            datetime.datetime.now()
            self.assertEqual(answers, [False] * 3)

    def test_set_resolution(self):
        """A timer runs that much before it is due."""
        ran = []
        self.loop.call_later(3600, ran.append, 1)
        wait_internals.set_resolution(self.loop, 7200.0)
        self.run_in_loop(asyncio.sleep(0))
        self.assertEqual(ran, [1])

    def test_arguments_of(self):
        """What a timer calls its callback with is known."""
        self.assertEqual(wait_internals.arguments_of(self.loop.call_later(60, print, 1, 2)), (1, 2))

    @unittest.skipUnless(HAS_RUNNER, "asyncio.timeout is new in 3.11")
    def test_task_of_timeout(self):
        """The task that entered `asyncio.timeout()` is known; anything else limits none."""

        async def body():
            async with asyncio.timeout(60) as timeout:
                return wait_internals.task_of_timeout(timeout) is asyncio.current_task()

        self.assertTrue(self.run_in_loop(body()))
        self.assertIsNone(wait_internals.task_of_timeout(object()))


class SynchronizationCanaries(Canary):
    def test_lock_of_condition(self):
        """The lock that a condition was given is the one it is built on."""

        async def body():
            lock = asyncio.Lock()
            return wait_internals.lock_of_condition(asyncio.Condition(lock)) is lock

        self.assertTrue(self.run_in_loop(body()))


class WaitingCanaries(Canary):
    """What a task waits for, and what it holds."""

    @contextlib.asynccontextmanager
    async def waiting(self, coroutine):
        """The innermost frame of a task that has begun to wait."""
        task = asyncio.create_task(coroutine)
        await asyncio.sleep(0)
        *_, (_, frame) = (link for link in links(task.get_coro()) if link[1] is not None)
        yield frame
        task.cancel()
        await asyncio.wait([task])

    def test_shielded_by(self):
        """What `shield()` protects is known, and nothing else is taken for it."""

        async def body():
            inner, other = self.loop.create_future(), self.loop.create_future()
            other.add_done_callback(print)
            other.add_done_callback(lambda _: inner)
            outer = asyncio.shield(inner)
            self.addCleanup(outer.cancel)
            return [wait_internals.shielded_by(each) is inner for each in (outer, inner, other, None)]

        self.assertEqual(self.run_in_loop(body()), [True, False, False, False])

    def test_futures_of_wait(self):
        """What `asyncio.wait` waits for is known; other frames wait for none."""

        async def body():
            futures = {self.loop.create_future(), self.loop.create_future()}
            for timeout in (None, 60):
                async with self.waiting(asyncio.wait(futures, timeout=timeout)) as frame:
                    self.assertEqual(set(wait_internals.futures_of_wait(frame)), futures)

        self.assertEqual(list(wait_internals.futures_of_wait(sys._getframe())), [])
        self.run_in_loop(body())

    def test_tasks_of_group(self):
        """What the end of a task group waits for is known; other frames wait for none."""
        self.assertEqual(list(wait_internals.tasks_of_group(sys._getframe())), [])
        if not HAS_RUNNER:  # task groups are new in 3.11
            return

        async def body():
            async def grouped():
                async with asyncio.TaskGroup() as group:
                    tasks.append(group.create_task(asyncio.sleep(60)))

            tasks = []
            async with self.waiting(grouped()) as frame:
                self.assertEqual(list(wait_internals.tasks_of_group(frame)), tasks)

        self.run_in_loop(body())

    def test_generator_of(self):
        """The generator that is made into a context manager is known; anything else has none."""

        async def generator():
            yield

        manager = contextlib.asynccontextmanager(generator)()
        self.assertIs(wait_internals.generator_of(manager).ag_code, generator.__code__)
        self.assertIsNone(wait_internals.generator_of(asyncio.Lock()))

    def test_entered_by_stack(self):
        """The managers that an exit stack has entered are known, first to last, and no other callbacks."""

        async def body():
            one, other = asyncio.Lock(), asyncio.Lock()
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(one)
                stack.callback(len, "")
                stack.push_async_callback(asyncio.sleep, 0)
                stack.enter_context(contextlib.nullcontext())
                await stack.enter_async_context(other)
                return [(each is one, each is other) for each in wait_internals.entered_by_stack(stack)]

        self.assertEqual(self.run_in_loop(body()), [(True, False), (False, True)])

    def test_ready_callbacks(self):
        """What is about to be called is known, and what was cancelled is no more."""

        async def body():
            self.loop.call_soon(len, "")
            self.loop.call_soon(print).cancel()
            return wait_internals.ready_callbacks(self.loop)

        self.assertIn(len, self.run_in_loop(body()))
        self.assertNotIn(print, self.run_in_loop(body()))
