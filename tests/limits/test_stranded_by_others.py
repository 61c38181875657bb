"""The proof that a test can never wake: not given where somebody may cancel it, or wake it through others."""

import asyncio
import contextlib
import functools
import threading
import weakref

from tests.limits.test_stranded import LATE, StrandedTestCase, wait_for


class OthersActLateTests(StrandedTestCase):
    """Each body is cancelled, or woken by way of others."""

    clock = "virtual"

    def test_somebody_may_cancel_it(self):
        """A timeout, or whoever has the test's task: it wakes by being cancelled."""

        async def by_timeout(self):
            self.start()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), LATE)

        async def by_method(self):
            self.start(asyncio.current_task().cancel)
            await self.cancelled()

        async def by_variable(self):
            task = asyncio.current_task()
            self.start(lambda: task.cancel())
            await self.cancelled()

        async def by_attribute(self):
            self.main = asyncio.current_task()
            self.start(lambda: self.main.cancel())
            await self.cancelled()

        async def by_global(self):
            global _event
            _event = asyncio.current_task()
            self.start(lambda: _event.cancel())
            await self.cancelled()

        async def of_a_child(self):
            child = asyncio.create_task(self.cancelled())
            self.start(child.cancel)
            await asyncio.wait([child])

        async def cancelled(self):
            with self.assertRaises(asyncio.CancelledError):
                await asyncio.Event().wait()

        for test in (by_timeout, by_method, by_variable, by_attribute, by_global, of_a_child):
            with self.subTest(test.__name__):
                self.assertNotProved(test, cancelled=cancelled)

    def test_somebody_finds_the_task(self):
        """Code that cancels what it finds among all tasks, or in a weak collection of its own."""

        def reap():
            for task in asyncio.all_tasks():
                if "beats" not in task.get_name():
                    task.cancel()

        async def in_a_task(self):
            self.start(reap)
            await self.cancelled()

        async def in_a_callback(self):
            def tick(left):
                asyncio.get_running_loop().call_later(1, tick, left - 1)
                if left == 0:
                    reap()

            tick(LATE)
            await self.cancelled()

        async def in_a_weak_set(self):
            started = weakref.WeakSet([child := asyncio.create_task(self.cancelled())])
            self.start(lambda: [task.cancel() for task in started])
            await child

        async def by_weak_reference(self):
            reference = weakref.ref(asyncio.current_task())
            self.start(lambda: reference().cancel())
            await self.cancelled()

        async def cancelled(self):
            with self.assertRaises(asyncio.CancelledError):
                await asyncio.Event().wait()

        for test in (in_a_task, in_a_callback, in_a_weak_set, by_weak_reference):
            with self.subTest(test.__name__):
                self.assertNotProved(test, cancelled=cancelled)

    def test_a_thread_waits_for_the_same(self):
        """An idle thread that will set it once it is told to: its stack is not searched."""

        async def test(self):
            loop, told, event = asyncio.get_running_loop(), threading.Event(), asyncio.Event()

            def set_it(event):
                told.wait()
                loop.call_soon_threadsafe(event.set)

            thread = threading.Thread(target=set_it, args=(event,))
            thread.start()
            self.addCleanup(thread.join)
            self.start(told.set)
            await event.wait()

        self.assertNotProved(test)

    def test_tasks_that_wait_for_others(self):
        """A chain of tasks that ends at a timer; and one of many things that is waited for."""

        async def behind_a_timer(self):
            async def late():
                await asyncio.sleep(LATE)
                event.set()

            event = asyncio.Event()
            last = asyncio.create_task(late())
            self.start()
            await asyncio.gather(wait_for(event), asyncio.shield(last))

        async def behind_a_queue(self):
            queue, other = asyncio.Queue(), asyncio.Queue()

            async def pass_on():
                await other.put(await queue.get())

            self.start(lambda: queue.put_nowait(1))
            passing = asyncio.create_task(pass_on())
            self.assertEqual(await other.get(), 1)
            await passing

        for test in (behind_a_timer, behind_a_queue):
            with self.subTest(test.__name__):
                self.assertNotProved(test)

    def test_a_future_of_another_library(self):
        """What wakes a future that is not asyncio's cannot be told, nor what its methods do."""

        class Poll:
            _asyncio_future_blocking = False
            woken = False

            def __await__(self):
                self._asyncio_future_blocking = True
                yield self

            def get_loop(self):
                return asyncio.get_running_loop()

            def add_done_callback(self, wake, *, context=None):
                wakeups.append(functools.partial(asyncio.get_running_loop().call_soon, wake, context=context))

            def cancel(self, *_, **__):
                return False

            def done(self):
                raise RuntimeError("ask nothing")

            def result(self):
                return None

        wakeups = []  # which refer to the task, and not to what it waits for

        async def test(self):
            self.start(lambda: [wake(Poll()) for wake in wakeups])
            await Poll()

        self.assertNotProved(test)
