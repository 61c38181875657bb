"""Leaked tasks."""

import asyncio
import unittest
from collections.abc import Coroutine

from asynctestkit import TaskLeaks
from tests.leaks.contract import DetectorContract, run_body


async def hang():
    await asyncio.get_running_loop().create_future()


class TaskContractTests(DetectorContract, unittest.TestCase):
    detector = TaskLeaks

    async def make(self):
        task = asyncio.create_task(hang())  # leaks
        await asyncio.sleep(0)
        return task

    async def use(self):
        await asyncio.create_task(asyncio.sleep(0))
        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        task.cancel()

    def assertReleased(self, thing):
        self.assertTrue(thing.cancelled())


class FinishedTaskTests(unittest.TestCase):
    def test_tasks_that_have_ended_are_no_leak(self):
        """A task whose result was not read, or whose cancellation was not awaited, is no leak."""

        async def test(case):
            case.done = asyncio.create_task(asyncio.sleep(0, "a result"))
            case.cancelled = asyncio.create_task(hang())
            await asyncio.sleep(0)
            case.cancelled.cancel()

        self.assertEqual(run_body(test).complaints, [])

    def test_a_task_never_started_is_reported_once(self):
        """A task that a sync test creates, and that never runs, is one leak, not two."""

        def test(case):
            asyncio.get_event_loop().create_task(hang(), name="unstarted")

        (leak,) = run_body(test).leaks
        self.assertEqual((leak.kind, leak.name, leak.coroutine), ("task", "unstarted", "hang"))

    def test_a_task_of_another_loop_is_no_leak(self):
        """A pending task of a loop of the test's own is no leak."""

        async def test(case):
            loop = asyncio.SelectorEventLoop()
            task = loop.create_task(hang())
            case.addCleanup(loop.close)
            case.addCleanup(self.end, loop, task)

        self.assertEqual(run_body(test).leaks, ())

    def end(self, loop, task):
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            loop.run_until_complete(task)


class WhereTasksStandTests(unittest.TestCase):
    def leak(self, waiter, *arguments):
        """The leak of a task that awaits this."""

        async def test(case):
            asyncio.create_task(waiter(*arguments), name="waits")
            await asyncio.sleep(0)

        (leak,) = (leak for leak in run_body(test).leaks if leak.name == "waits")
        return leak

    def test_what_it_waits_on_is_named_as_users_call_it(self):
        """The operation at the end of the chain is the one that the user called."""

        async def get():
            await asyncio.Queue().get()

        async def acquire():
            lock = asyncio.Lock()
            await lock.acquire()
            async with lock:
                pass

        async def wait():
            await asyncio.Event().wait()

        async def gather():
            await asyncio.gather(*[asyncio.create_task(hang(), name=name) for name in "ab"])

        async def child():
            await asyncio.create_task(hang(), name="child")

        for waiter, expected in (
            (get, "Queue.get"),
            (acquire, "Lock.acquire"),
            (wait, "Event.wait"),
            (gather, "gather of 2, pending: 'a', 'b'"),
            (child, "task 'child'"),
            (hang, "a Future that nobody has set"),
        ):
            with self.subTest(expected):
                self.assertEqual(self.leak(waiter).waits_on, expected)
        self.assertEqual(self.leak(asyncio.sleep, 3600).waits_on, "sleep(3600)")

    def test_the_chain_leads_to_the_innermost_line(self):
        """The chain has every function, outermost first."""

        async def outer():
            await inner()

        async def inner():
            await hang()

        leak = self.leak(outer)
        self.assertEqual([place.function for place in leak.waiting_at], ["outer", "inner", "hang"])
        self.assertEqual(leak.coroutine, f"{type(self).__name__}.{self._testMethodName}.<locals>.outer")

    def test_the_remedy_suits_the_wait(self):
        """The remedy for a consumer is to end it; for any other task to await it, or cancel and await it."""

        async def get():
            await asyncio.Queue().get()

        self.assertIn("end the consumer", self.leak(get).remedy)
        self.assertIn("self.startBackground(…)", self.leak(hang).remedy)

    def test_a_coroutine_not_written_in_python_is_named_by_its_type(self):
        """An awaitable in the place of a coroutine is named by its type, without a definition."""

        class Waiter(Coroutine):
            def __init__(self):
                self.future = asyncio.get_running_loop().create_future()

            def __await__(self):
                return self

            def send(self, value):
                return next(iter(self.future))

            def throw(self, *error):
                raise error[0]

        leak = self.leak(Waiter)
        self.assertEqual(leak.description, f"still pending: {Waiter.__qualname__}()")


class WhereTasksWereCreatedTests(unittest.TestCase):
    def created_at(self, body, **members):
        return [leak.created_at[-1].function for leak in run_body(body, **members).leaks]

    def test_asyncio_in_between_is_left_out(self):
        """A task that asyncio creates on the user's behalf has the user's line."""

        async def gathers(case):
            case.future = asyncio.gather(hang())

        async def ensures(case):
            case.task = asyncio.ensure_future(hang())

        async def shields(case):
            case.future = asyncio.shield(hang())

        for body in (gathers, ensures, shields):
            with self.subTest(body.__name__):
                self.assertEqual(self.created_at(body), [body.__name__])

    def test_the_callers_are_shown_outermost_first(self):
        """For a task that a function of the user's starts, the callers are shown outermost first."""

        def start():
            asyncio.create_task(hang())

        async def test(case):
            start()

        (leak,) = run_body(test).leaks
        self.assertEqual([place.function for place in leak.created_at], ["test", "start"])

    def test_on_another_loop_debug_mode_knows(self):
        """On a user's loop, debug mode's record gives the line, or else the coroutine's origin."""

        def make():
            return hang()

        async def test(case):
            asyncio.create_task(make())

        loop = {"loop_factory": staticmethod(asyncio.SelectorEventLoop)}
        self.assertEqual(self.created_at(test, **loop, asyncio_debug=True), ["test"])
        self.assertEqual(self.created_at(test, **loop, asyncio_debug=False), ["make"])

    def test_a_class_with_slots_loses_the_site_only(self):
        """For a task class with slots the coroutine's origin is shown."""

        class SlottedTask(asyncio.tasks._PyTask):
            __slots__ = ("extra",)

            def __setattr__(self, name, value):
                if name == "_asynctestkit_site":
                    raise AttributeError(name)
                super().__setattr__(name, value)

        async def test(case):
            asyncio.get_running_loop().set_task_factory(
                lambda loop, coro, **o: SlottedTask(coro, loop=loop, **o)
            )
            asyncio.create_task(hang())

        self.assertEqual(self.created_at(test, asyncio_debug=False), ["test"])
