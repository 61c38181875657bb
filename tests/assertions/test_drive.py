"""A drive awaits like a plain `await`, and releases its task when it is abandoned."""

import asyncio
import types
import unittest
import weakref
from unittest import mock

from asynctestkit.assertions.drive import Abandoned, Drive, is_going_on, running_task
from asynctestkit.cpython.task_internals import forget_task
from asynctestkit.stacks.await_chain import chain_of_task
from tests.assertions.clock import JumpingTestCase


@types.coroutine
def generator_based(value):
    yield
    return value


class Iterated:
    """Its iterator has neither `send`, `throw` nor `close`."""

    def __await__(self):
        return iter([None, None])


class Sends:
    """It is its own iterator, and what it sends has nothing to do with that."""

    def __await__(self):
        return self

    def __next__(self):
        raise StopIteration("received")

    def send(self, data):
        raise LookupError(f"sent {data}")


def awaitable_by(method):
    """An awaitable whose type has this as its `__await__`."""
    return type("Awaitable", (), {"__await__": method})()


class Returning:
    """Its `__await__` returns something."""

    def __init__(self, returned):
        self.returned = returned

    def __await__(self):
        return self.returned


async def hangs():
    await asyncio.get_running_loop().create_future()


class DriveTests(JumpingTestCase):
    clock = "virtual"

    async def drive(self, awaitable):
        return await Drive(awaitable)

    async def test_every_kind_of_awaitable(self):
        """Generator-based coroutines and bare iterators are driven as well."""
        self.assertEqual(await Drive(generator_based(1)), 1)
        self.assertIsNone(await Drive(Iterated()))
        self.assertEqual(list(Drive(Iterated())), [None, None])
        self.assertEqual(await Drive(Sends()), "received")

    async def test_what_await_is_looked_up_as(self):
        """`__await__` is looked up on the type and bound to the instance as `await` does."""
        methods = (
            staticmethod(lambda: iter(())),
            classmethod(lambda cls: iter(())),
            mock.Mock(side_effect=lambda: iter(())),
        )
        for method in methods:
            self.assertIsNone(await awaitable_by(method))
            self.assertIsNone(await Drive(awaitable_by(method)))
        other = awaitable_by(methods[0])
        other.__await__ = None
        self.assertIsNone(await Drive(other))

    async def test_a_bare_iterator_is_cancelled(self):
        """An iterator without `throw` leaves the exception to the caller."""
        task = self.loop.create_task(self.drive(Iterated()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        self.assertTrue(task.cancelled())

    async def test_it_takes_as_many_turns_as_a_plain_await(self):
        """Driven or not, two tasks that begin together end together."""
        for make in (
            lambda: asyncio.sleep(0),
            lambda: self.wait(1),
            lambda: self.loop.create_task(asyncio.sleep(1)),
        ):
            ended = []

            async def plain():
                await make()  # noqa: B023  # it runs within this turn
                ended.append("plain")  # noqa: B023  # it runs within this turn

            async def driven():
                await Drive(make())  # noqa: B023  # it runs within this turn
                ended.append("driven")  # noqa: B023  # it runs within this turn

            order = [self.loop.create_task(each()) for each in (plain, driven, plain)]
            await asyncio.wait(order)
            self.assertEqual(ended, ["plain", "driven", "plain"])

    async def test_mistakes_raise_as_usual(self):
        """Awaiting oneself, or a future of another loop, raises what a task raises."""
        task = self.loop.create_task(self.drive(asyncio.sleep(0)))
        await task

        async def awaits_itself():
            await Drive(asyncio.current_task())

        coroutine = hangs()
        for returned in (1, coroutine):
            with self.assertRaisesRegex(TypeError, "__await__.. of Returning returned no iterator"):
                Drive(Returning(returned))
        coroutine.close()
        withdrawn = type("Withdrawn", (Returning,), {"__await__": None})(1)
        done = self.loop.create_future()
        for no_awaitable in (withdrawn, weakref.proxy(done)):
            with self.assertRaisesRegex(TypeError, "can't be used in 'await' expression"):
                Drive(no_awaitable)
        with self.assertRaisesRegex(RuntimeError, "cannot await on itself"):
            await self.loop.create_task(awaits_itself())
        other = asyncio.SelectorEventLoop()
        self.addCleanup(other.close)
        with self.assertRaisesRegex(RuntimeError, "attached to a different loop"):
            await self.drive(other.create_future())

    async def test_closing_the_caller_closes_what_it_drives(self):
        """Closing the caller closes the awaited coroutine, as `await` does; a bare iterator is not closed."""
        closed = []

        async def notices():
            try:
                await hangs()
            finally:
                closed.append(True)

        for coroutine in (self.drive(notices()), self.drive(Iterated())):
            coroutine.send(None)
            coroutine.close()
        self.assertEqual(closed, [True])

    async def test_await_chains_lead_through_it(self):
        """Reports show the awaited code behind a drive, and what it waits on."""
        inner = self.loop.create_task(hangs(), name="inner")

        async def waits():
            await inner

        task = self.loop.create_task(self.drive(waits()))
        await asyncio.sleep(0)
        places, waits_on = chain_of_task(task)
        self.assertEqual([place.function for place in places], ["drive", "waits"])
        self.assertEqual(waits_on, "task 'inner'")
        task.cancel()
        await asyncio.wait([task, inner])
        self.assertTrue(inner.cancelled())

    async def test_an_abandoned_task_goes_on(self):
        """An abandoned task goes on at its next turn, whether it waits or is about to take a step."""
        for awaitable in (self.loop.create_future(), generator_based(1)):
            drive = Drive(awaitable)

            async def awaits():
                await drive  # noqa: B023  # it runs within this turn

            task = self.loop.create_task(awaits())
            await asyncio.sleep(0)
            drive.abandon()
            with self.assertRaises(Abandoned):
                await task

    async def test_abandoned_when_it_is_being_woken(self):
        """A task that is abandoned while it is being woken is woken once."""
        future = self.loop.create_future()
        drive = Drive(future, spares=True)

        async def awaits():
            await drive

        task = self.loop.create_task(awaits())
        await asyncio.sleep(0)
        future.set_result(None)
        drive.abandon()
        with self.assertRaises(Abandoned):
            await task

    async def test_needs_a_task(self):
        """The running task is returned; a callback raises RuntimeError, and the awaitable is closed."""
        self.assertIs(running_task(), asyncio.current_task())
        coroutine, raised = hangs(), []

        def callback():
            with self.assertRaisesRegex(
                RuntimeError, "^only a task can await this: without one there is nothing"
            ):
                running_task(coroutine)
            raised.append(True)

        self.loop.call_soon(callback)
        await asyncio.sleep(0)
        self.assertEqual(raised, [True])
        with self.assertRaisesRegex(RuntimeError, "cannot reuse"):
            coroutine.send(None)

    @unittest.skipUnless(hasattr(asyncio, "timeout"), "3.10 has no asyncio.timeout")
    async def test_time_outs_of_abandoned_code_are_stopped(self):
        """Timeouts of abandoned code are stopped: they would cancel the task that has gone on."""
        entered = []

        async def waits():
            async with asyncio.timeout(1):
                over = asyncio.timeout(0.1)
                try:
                    async with over:
                        await hangs()
                except TimeoutError:
                    entered.append([over, asyncio.timeout(0)][0].__aexit__)
                held = entered[0]
                async with asyncio.timeout(2):
                    await hangs()
                del held

        drive = Drive(waits())

        async def awaits():
            with self.assertRaises(Abandoned):
                await drive
            await asyncio.sleep(5)

        task = self.loop.create_task(awaits())
        await asyncio.sleep(0.5)
        drive.abandon()
        await task
        self.assertEqual(self.now(), 5.5)


class IsGoingOnTests(JumpingTestCase):
    clock = "virtual"

    async def test_what_is_done_or_ready(self):
        """A done future, a new task, a task behind a done future, and a gather of those count as going on."""
        done, pending = self.loop.create_future(), self.loop.create_future()
        done.set_result(None)

        async def waits(future):
            await future

        blocked, woken = (
            self.loop.create_task(waits(pending)),
            self.loop.create_task(waits(other := self.wait(9))),
        )
        new = self.loop.create_task(waits(done))
        self.assertTrue(is_going_on(new))
        await asyncio.sleep(0)
        other.set_result(None)
        self.assertTrue(is_going_on(None))
        self.assertTrue(is_going_on(done))
        self.assertTrue(is_going_on(woken))
        self.assertFalse(is_going_on(pending))
        self.assertFalse(is_going_on(blocked))
        self.assertFalse(is_going_on(asyncio.gather(woken, blocked)))
        self.assertTrue(is_going_on(asyncio.gather(woken, done)))
        pending.set_result(None)
        await asyncio.wait([blocked, woken])

    async def test_tasks_that_await_each_other(self):
        """Tasks that await each other in a ring do not go on, and are checked only once in a while."""
        tasks = []

        async def waits(index):
            await tasks[1 - index]

        tasks += [self.loop.create_task(waits(index)) for index in range(2)]
        await asyncio.sleep(0)
        self.assertFalse(is_going_on(tasks[0]))
        for task in tasks:  # nothing else can end a ring
            with self.assertRaises(asyncio.CancelledError):
                task.get_coro().throw(asyncio.CancelledError())
            forget_task(task)


if __name__ == "__main__":
    unittest.main()
