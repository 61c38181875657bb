"""Canaries for the private names that virtual time and the deadlock report depend on."""

import asyncio
import contextlib
import datetime
import gc
import selectors
import socket
import sys
import time
import unittest
from unittest import mock

from asynctestkit.cpython import wait_internals
from asynctestkit.cpython.task_internals import TASK_TYPES
from asynctestkit.cpython.versions import HAS_RUNNER
from asynctestkit.stacks.await_chain import links
from tests.cpython.canaries import Canary


class TimerCanaries(Canary):
    def test_first_timer(self):
        """The earliest timer is found; a new loop has none."""
        self.assertIsNone(wait_internals.first_timer(self.loop))
        self.loop.call_later(3600, print)
        first = self.loop.call_later(60, print)
        self.assertIs(wait_internals.first_timer(self.loop), first)

    def test_watched_by(self):
        """It is true as long as a descriptor is registered, whatever it is watched for."""
        with selectors.DefaultSelector() as selector, socket.socket() as watched:
            self.assertFalse(wait_internals.watched_by(selector))
            selector.register(watched, selectors.EVENT_READ)
            self.assertTrue(wait_internals.watched_by(selector))
            selector.unregister(watched)
            self.assertFalse(wait_internals.watched_by(selector))

    def test_monotonic_of_loops(self):
        """A replacement of the function is what the loop's clock returns."""
        self.assertIs(wait_internals.monotonic_of_loops(), time.monotonic)
        with mock.patch("time.monotonic", return_value=7.0) as replacement:
            self.assertIs(wait_internals.monotonic_of_loops(), replacement)
            self.assertEqual(self.loop.time(), 7.0)

    def test_is_calling_today_and__calls_of_today(self):
        """Calls of `date.today` and `datetime.today` are recognized in every form; other calls are not."""

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
        """The arguments that a timer calls its callback with are found."""
        self.assertEqual(wait_internals.arguments_of(self.loop.call_later(60, print, 1, 2)), (1, 2))

    @unittest.skipUnless(HAS_RUNNER, "asyncio.timeout is new in 3.11")
    def test_task_of_timeout(self):
        """The task that entered `asyncio.timeout()` is found; other objects limit none."""

        async def body():
            async with asyncio.timeout(60) as timeout:
                return wait_internals.task_of_timeout(timeout) is asyncio.current_task()

        self.assertTrue(self.run_in_loop(body()))
        self.assertIsNone(wait_internals.task_of_timeout(object()))


class SynchronizationCanaries(Canary):
    def test_lock_of_condition(self):
        """The lock that a condition was given is found."""

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

    def test_interrupt(self):
        """A task's wait ends with an exception, whatever it waits for, and no other task's does."""

        async def waits(awaited):
            try:
                await awaited
            except KeyError as error:
                return error.args[0]

        async def body(make):
            future = self.loop.create_future()
            other, task = (make(waits(future), loop=self.loop) for _ in range(2))
            above = make(waits(task), loop=self.loop)
            self.assertFalse(wait_internals.interrupt(above, KeyError()), "it has not begun")
            await asyncio.sleep(0)
            self.assertTrue(wait_internals.interrupt(above, KeyError("above")))
            self.assertEqual((await above, task.done()), ("above", False))
            self.assertTrue(wait_internals.interrupt(task, KeyError("task")))
            self.assertEqual((await task, other.done(), future.done()), ("task", False, False))
            future.set_result(None)
            await other

        for make in TASK_TYPES:
            with self.subTest(make.__module__):
                self.run_in_loop(body(make))

    def test_wakes(self):
        """What wakes a task is told from its other methods, and from the callbacks of others."""

        async def wait_for(future):
            await future

        async def body(make):
            future = self.loop.create_future()
            tasks = [make(wait_for(future), loop=self.loop) for _ in range(2)]
            self.assertFalse(wait_internals.wakes(None, tasks[0]), "it has not begun")
            await asyncio.sleep(0)
            wakeups = [callback for callback, _ in future._callbacks]
            self.assertEqual([wait_internals.wakes(each, tasks[0]) for each in wakeups], [True, False])
            self.assertFalse(wait_internals.wakes(tasks[0].cancel, tasks[0]))
            future.set_result(None)
            for task in tasks:
                await task

        for make in TASK_TYPES:
            with self.subTest(make.__module__):
                self.run_in_loop(body(make))

    def test_forget_cancellation(self):
        """A cancelled task loses its exception and stays cancelled; any other task is unchanged."""
        task, done = (self.loop.create_task(asyncio.sleep(delay)) for delay in (3600, 0))
        self.run_in_loop(asyncio.sleep(0))
        task.cancel()
        self.run_in_loop(asyncio.wait([task, done]))
        self.assertTrue([o for o in gc.get_referents(task) if isinstance(o, asyncio.CancelledError)])
        for each in (task, done):
            wait_internals.forget_cancellation(each)
        self.assertFalse([o for o in gc.get_referents(task) if isinstance(o, asyncio.CancelledError)])
        self.assertTrue(task.cancelled())
        self.assertIsNone(done.result())
        with self.assertRaises(asyncio.CancelledError):
            task.result()

    def test_shielded_by(self):
        """The future that `shield()` protects is found, and no other is taken for one."""

        async def body():
            inner, other = self.loop.create_future(), self.loop.create_future()
            other.add_done_callback(print)
            other.add_done_callback(lambda _: inner)
            outer = asyncio.shield(inner)
            self.addCleanup(outer.cancel)
            return [wait_internals.shielded_by(each) is inner for each in (outer, inner, other, None)]

        self.assertEqual(self.run_in_loop(body()), [True, False, False, False])

    def test_futures_of_wait(self):
        """The futures that `asyncio.wait` waits for are found; other frames have none."""

        async def body():
            futures = {self.loop.create_future(), self.loop.create_future()}
            for timeout in (None, 60):
                async with self.waiting(asyncio.wait(futures, timeout=timeout)) as frame:
                    self.assertEqual(set(wait_internals.futures_of_wait(frame)), futures)

        self.assertEqual(list(wait_internals.futures_of_wait(sys._getframe())), [])
        self.run_in_loop(body())

    def test_tasks_of_group(self):
        """The tasks that the end of a task group waits for are found; other frames have none."""
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
        """The generator of a context manager is found; other objects have none."""

        async def generator():
            yield

        manager = contextlib.asynccontextmanager(generator)()
        self.assertIs(wait_internals.generator_of(manager).ag_code, generator.__code__)
        self.assertIsNone(wait_internals.generator_of(asyncio.Lock()))

    def test_entered_by_stack(self):
        """The managers that an exit stack has entered are listed in order, and no other callbacks."""

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
        """Callbacks about to be called are listed; cancelled ones are not."""

        async def body():
            self.loop.call_soon(len, "")
            self.loop.call_soon(print).cancel()
            return wait_internals.ready_callbacks(self.loop)

        self.assertIn(len, self.run_in_loop(body()))
        self.assertNotIn(print, self.run_in_loop(body()))
