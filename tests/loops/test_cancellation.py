"""Any number of tasks ends, however they react to cancellation; those that refuse are returned."""

import asyncio
import faulthandler
import gc
import inspect
import sys
import time
import unittest
import weakref
from unittest import mock

from asynctestkit.cpython.task_internals import forget_task
from asynctestkit.loops.cancellation import cancel_and_wait, detach, waits_for
from asynctestkit.loops.runner import Runner
from tests.loops.test_runner import for_ever

GRACE = 0.1
"""Wall seconds for tasks that are meant to refuse; others get so many that their number cannot matter."""


async def waits(future):
    await future


async def gathers(*futures):
    await asyncio.gather(*futures)


class CancellationTestCase(unittest.TestCase):
    def setUp(self):
        # Not a signal, nor a time-out of asyncio's: what hangs here may swallow either.
        faulthandler.dump_traceback_later(60, exit=True, file=sys.__stderr__)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        self.loop = asyncio.SelectorEventLoop()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)
        self.addCleanup(self.end_all)
        self.release = asyncio.Event()

    def end_all(self):
        """Ends the remaining tasks, which would be reported when destroyed."""
        self.release.set()
        while left := asyncio.all_tasks(self.loop):
            asyncio.gather(*left, return_exceptions=True).cancel()
            self.loop.run_until_complete(asyncio.wait(left))

    def start(self, *coroutines):
        """Tasks that have gone as far as they can."""
        tasks = [self.loop.create_task(coroutine) for coroutine in coroutines]
        for _ in range(3):
            self.loop.run_until_complete(asyncio.sleep(0))
        return tasks

    def others(self):
        return asyncio.all_tasks(self.loop) - {asyncio.current_task()}

    def cancel_all(self, grace_period=60):
        return self.loop.run_until_complete(cancel_and_wait(self.loop, self.others, grace_period))

    def make_chain(self, length):
        """Tasks that each await the previous one."""
        tasks = self.start(for_ever())
        for _ in range(length - 1):
            tasks.append(self.loop.create_task(waits(tasks[-1])))
        self.loop.run_until_complete(asyncio.sleep(0))
        return tasks

    def make_ring(self, length):
        """Tasks that each await the next, and the last the first."""
        tasks = []

        async def waits_for_next(index):
            await tasks[(index + 1) % length]

        tasks += [self.loop.create_task(waits_for_next(index)) for index in range(length)]
        self.loop.run_until_complete(asyncio.sleep(0))
        return tasks


class ObedientTests(CancellationTestCase):
    def test_nothing_to_cancel(self):
        """Without tasks it returns at once, with no stubborn ones."""
        self.assertEqual(self.cancel_all(), set())

    def test_every_task_is_cancelled(self):
        """Waiting tasks end as cancelled, with no stubborn ones."""
        tasks = self.start(*(for_ever() for _ in range(10)))
        self.assertEqual(self.cancel_all(), set())
        self.assertEqual([task.cancelled() for task in tasks], [True] * 10)

    def test_a_task_that_has_not_begun(self):
        """It is cancelled before it begins, without a warning about its coroutine."""
        task = self.loop.create_task(for_ever())
        self.assertEqual(self.cancel_all(), set())
        self.assertTrue(task.cancelled())

    def test_clean_up_takes_its_time(self):
        """A task's clean-up is waited for, over many rounds."""
        cleaned = []

        async def cleans_up():
            try:
                await for_ever()
            finally:
                await asyncio.sleep(0.05)  # waits: longer than one round, which is what is tested
                cleaned.append(True)

        (task,) = self.start(cleans_up())
        self.assertEqual(self.cancel_all(), set())
        self.assertEqual(cleaned, [True])
        self.assertTrue(task.cancelled())

    def test_once_each(self):
        """A task that is cleaning up is not cancelled a second time."""
        requests = []

        async def counts():
            for _ in range(2):
                try:
                    await asyncio.sleep(0.05)  # waits: longer than two rounds
                except asyncio.CancelledError:
                    requests.append(True)

        self.start(counts())
        self.assertEqual(self.cancel_all(), set())
        self.assertEqual(requests, [True])

    def test_only_the_named_are_cancelled(self):
        """A task that `pending` does not return is left alone."""
        named, other = self.start(for_ever(), for_ever())
        refused = self.loop.run_until_complete(
            cancel_and_wait(self.loop, lambda: {named} - {t for t in [named] if t.done()}, 60)
        )
        self.assertEqual(refused, set())
        self.assertEqual((named.cancelled(), other.done()), (True, False))
        self.cancel_all()

    def test_a_hundred_thousand(self):
        """Each of very many tasks is cancelled once, and their number does not use up the grace period."""
        cancelled = 0

        async def counts():
            nonlocal cancelled
            try:
                await for_ever()
            finally:
                cancelled += 1

        gc.disable()
        self.addCleanup(gc.enable)
        self.start(*(counts() for _ in range(100_000)))
        self.assertEqual(self.cancel_all(0.5), set())
        self.assertEqual(cancelled, 100_000)


class EntangledTests(CancellationTestCase):
    def test_a_long_chain(self):
        """5,000 tasks that each await the next unwind from the end, each cancelled."""
        tasks = self.make_chain(5000)
        self.assertEqual(self.cancel_all(), set())
        self.assertEqual({task.cancelled() for task in tasks}, {True})

    def test_through_gather(self):
        """A task that gathers others is cancelled through them."""
        inner = self.start(for_ever(), for_ever())
        (outer,) = self.start(gathers(*inner))
        self.assertEqual(self.cancel_all(), set())
        self.assertEqual({task.cancelled() for task in (*inner, outer)}, {True})

    def test_a_chain_in_which_one_holds_on(self):
        """A task in the middle that swallows the CancelledError from below is cancelled in its turn."""

        async def swallows(task):
            try:
                await task
            except asyncio.CancelledError:
                await for_ever()

        (inner,) = self.start(for_ever())
        (middle,) = self.start(swallows(inner))
        (outer,) = self.start(waits(middle))
        self.assertEqual(self.cancel_all(), set())
        self.assertEqual({task.cancelled() for task in (inner, middle, outer)}, {True})

    def test_rings(self):
        """Tasks that await each other are ended at their coroutines, which no loop can reach."""
        for length in (2, 3):
            with self.subTest(length):
                coroutines = [task.get_coro() for task in self.make_ring(length)]
                self.assertEqual(self.cancel_all(), set())
                self.assertEqual(asyncio.all_tasks(self.loop), set())
                self.assertEqual(set(map(inspect.getcoroutinestate, coroutines)), {inspect.CORO_CLOSED})

    def test_beside_a_ring(self):
        """A task that waits for a member of the ring is ended as well; an unrelated one is cancelled."""
        ring = self.make_ring(2)
        beside, waiter = self.start(for_ever(), waits(ring[0]))
        self.assertEqual(self.cancel_all(), set())
        self.assertTrue(beside.cancelled())
        self.assertEqual(inspect.getcoroutinestate(waiter.get_coro()), inspect.CORO_CLOSED)

    def test_a_ring_that_refuses(self):
        """Members that swallow even what is thrown into their coroutines are returned as stubborn."""
        tasks = []

        async def swallows(index):
            try:
                await tasks[1 - index]
            except asyncio.CancelledError:
                await self.release.wait()

        tasks += [self.loop.create_task(swallows(index)) for index in range(2)]
        self.loop.run_until_complete(asyncio.sleep(0))
        self.assertEqual(self.cancel_all(), set(tasks))
        for task in tasks:
            task.get_coro().close()
            forget_task(task)

    def test_a_future_that_recurses(self):
        """A task whose cancellation raises RecursionError is ended at its coroutine."""

        class Deep(asyncio.Future):
            def cancel(self, *_, **__):
                raise RecursionError

        (task,) = self.start(waits(Deep(loop=self.loop)))
        self.assertEqual(self.cancel_all(), set())
        self.assertEqual(asyncio.all_tasks(self.loop), set())
        self.assertEqual(inspect.getcoroutinestate(task.get_coro()), inspect.CORO_CLOSED)


class DisobedientTests(CancellationTestCase):
    async def refuses(self):
        while not self.release.is_set():
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                pass

    def let_end(self, *tasks):
        """Releases stubborn tasks, so that the loop can be closed."""
        self.release.set()
        self.loop.run_until_complete(asyncio.wait(tasks))

    def test_one_that_refuses(self):
        """A stubborn task is returned after the grace period, and the others are not."""
        stubborn, obedient = self.start(self.refuses(), for_ever())
        self.assertEqual(self.cancel_all(GRACE), {stubborn})
        self.assertTrue(obedient.cancelled())
        self.let_end(stubborn)

    def test_who_waits_for_one_that_refuses(self):
        """Only the stubborn task is returned; a task that awaits it is ended, and not reported again."""
        (stubborn,) = self.start(self.refuses())
        (waiter,) = self.start(waits(stubborn))
        self.assertEqual(self.cancel_all(GRACE), {stubborn})
        self.assertEqual(inspect.getcoroutinestate(waiter.get_coro()), inspect.CORO_CLOSED)
        with self.assertNoLogs("asyncio"):
            self.let_end(stubborn)
            self.loop.run_until_complete(asyncio.sleep(0))
            del waiter
            gc.collect()

    def test_a_spinner(self):
        """A task that spins, and accepts its cancellation, ends."""

        async def spins():
            while True:
                await asyncio.sleep(0)

        (spinner,) = self.start(spins())
        self.assertEqual(self.cancel_all(), set())
        self.assertTrue(spinner.cancelled())

    def test_a_spinner_that_refuses(self):
        """A task that spins, and refuses, is returned after the grace period."""

        async def spins():
            while not self.release.is_set():
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    pass

        (spinner,) = self.start(spins())
        self.assertEqual(self.cancel_all(GRACE), {spinner})
        self.let_end(spinner)

    async def spawns(self, generations):
        try:
            await for_ever()
        finally:
            if generations and not self.release.is_set():
                self.loop.create_task(self.spawns(generations - 1))

    def test_successors(self):
        """Tasks that cancelled tasks start are cancelled, too, through many generations."""
        self.start(self.spawns(100))
        self.assertEqual(self.cancel_all(), set())
        self.assertEqual(asyncio.all_tasks(self.loop), set())

    def test_successors_without_end(self):
        """Of tasks that always start another, the last one is returned after the grace period."""
        left = set()
        while not left:  # where the machine is slow, the last is cancelled before it begins, and spawns none
            self.start(self.spawns(float("inf")))
            with mock.patch("asynctestkit.loops.cancellation._ROUND", 60):
                left = self.cancel_all(GRACE)
        (last,) = left
        self.assertEqual(asyncio.all_tasks(self.loop), {last})
        self.release.set()
        self.assertEqual(self.cancel_all(), set())

    def test_a_busy_machine_makes_no_task_stubborn(self):
        """Time for which the loop is delayed is not taken from the grace period."""

        async def cleans_up():
            try:
                await for_ever()
            finally:
                time.sleep(0.4)  # waits: it stands for a busy machine
                await asyncio.sleep(0.03)  # waits: longer than one round

        (task,) = self.start(cleans_up())
        self.assertEqual(self.cancel_all(0.3), set())
        self.assertTrue(task.cancelled())

    def test_interpreter_exits(self):
        """Tasks that answer with KeyboardInterrupt or SystemExit stop neither the cancelling nor the run."""

        async def raises(error):
            try:
                await for_ever()
            except asyncio.CancelledError:
                raise error from None

        async def body():
            loop, me = asyncio.get_running_loop(), asyncio.current_task()
            tasks = [asyncio.create_task(raises(error)) for error in (KeyboardInterrupt, SystemExit) * 5]
            await asyncio.sleep(0)
            refused = await cancel_and_wait(loop, lambda: asyncio.all_tasks() - {me}, 60)
            return refused, {type(task.exception()) for task in tasks}

        runner = Runner(None, lambda _: None)
        self.addCleanup(runner.close)
        self.assertEqual(runner.run(body(), insist=True), (set(), {KeyboardInterrupt, SystemExit}))


class DetachTests(CancellationTestCase):
    def test_a_detached_task_is_forgotten(self):
        """The loop does not list it, its end is not reported, and its coroutine is never finalized."""
        finalized = []

        async def leaves():
            try:
                await for_ever()
            finally:
                finalized.append(True)

        (task,) = self.start(leaves())
        coroutine = weakref.ref(task.get_coro())
        detach(task)
        self.assertEqual(asyncio.all_tasks(self.loop), set())
        with self.assertNoLogs("asyncio"):
            del task
            gc.collect()
        self.assertIsNotNone(coroutine())
        self.assertEqual(finalized, [])


class WaitsForTests(CancellationTestCase):
    def test_a_chain(self):
        """A task waits for those below it in the chain, and not for those above."""
        bottom, middle, top = self.make_chain(3)
        self.assertTrue(waits_for(top, {middle}))
        self.assertTrue(waits_for(top, {bottom}))
        self.assertFalse(waits_for(bottom, {top}))
        self.assertFalse(waits_for(middle, {top, middle}))
        self.cancel_all()

    def test_gathered_tasks(self):
        """A task waits for each of those that it gathers."""
        first, second, other = self.start(for_ever(), for_ever(), for_ever())
        (outer,) = self.start(gathers(first, second))
        self.assertTrue(waits_for(outer, {second}))
        self.assertFalse(waits_for(outer, {other}))
        self.cancel_all()

    def test_a_ring(self):
        """In a ring each task waits for all, itself included, and for no other."""
        first, second = self.make_ring(2)
        (other,) = self.start(for_ever())
        self.assertTrue(waits_for(first, {second}))
        self.assertTrue(waits_for(first, {first}))
        self.assertFalse(waits_for(first, {other}))
        self.cancel_all()
