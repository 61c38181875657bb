"""The chain of a suspended coroutine reaches its innermost line through every kind of awaitable."""

import asyncio
import linecache
import types
import unittest
from unittest import mock

from asynctestkit.stacks import await_chain
from asynctestkit.stacks.await_chain import (
    AwaitChain,
    chain_of_coroutine,
    chain_of_task,
    coroutine_name,
    definition,
)
from asynctestkit.stacks.places import Place


async def sleeps():
    await asyncio.sleep(3600)


async def outer(inner):
    await inner


@types.coroutine
def generator_based(inner):
    yield from inner.__await__()


class Awaitable:
    """Awaits a coroutine by an `__await__` written in Python."""

    def __await__(self):
        yield from sleeps().__await__()


class Wrapper:
    """Returns the iterator of a coroutine, which is written in C."""

    def __await__(self):
        return sleeps().__await__()


class Opaque:
    """Awaits an object written in C that wraps nothing."""

    def __await__(self):
        return iter([None])


async def generates():
    await asyncio.sleep(3600)
    yield 1


async def delegates():
    async for item in generates():
        yield item


async def holds_on():
    try:
        yield 1
    finally:
        await asyncio.sleep(3600)


def source(places):
    """The places of this file."""
    return [linecache.getline(place.file, place.line).strip() for place in places if place.file == __file__]


class ChainTestCase(unittest.IsolatedAsyncioTestCase):
    async def start(self, coroutine):
        """A task that has gone as far as it can; cancelled at the end of the test."""
        task = asyncio.create_task(coroutine)
        self.addAsyncCleanup(asyncio.wait, [task])
        self.addCleanup(task.cancel)
        for _ in range(10):
            await asyncio.sleep(0)
        self.assertFalse(task.done())
        return task

    async def chain(self, coroutine):
        return chain_of_task(await self.start(coroutine))

    async def lines(self, coroutine):
        """The lines of this file that the chain stands on, outermost first."""
        return source((await self.chain(coroutine)).places)

    async def waits_on(self, coroutine):
        return (await self.chain(coroutine)).waits_on


class PlacesTests(ChainTestCase):
    async def test_a_place_is_a_line_of_a_function(self):
        """Each place has its file, its current line and its function."""
        chain = await self.chain(sleeps())
        self.assertEqual(chain.places[0], Place(__file__, sleeps.__code__.co_firstlineno + 1, "sleeps"))

    async def test_coroutines(self):
        """A chain of coroutines is followed, each on the line of its await."""
        self.assertEqual(
            await self.lines(outer(outer(sleeps()))),
            ["await inner", "await inner", "await asyncio.sleep(3600)"],
        )

    async def test_generators(self):
        """Coroutines made of generators, and `yield from` within them, are followed."""
        self.assertEqual(
            await self.lines(outer(generator_based(Awaitable()))),
            [
                "await inner",
                "yield from inner.__await__()",
                "yield from sleeps().__await__()",
                "await asyncio.sleep(3600)",
            ],
        )

    async def test_the_wrapper_around_await(self):
        """The iterator that `coroutine.__await__()` returns has no attributes for it, and is opened."""
        self.assertEqual(await self.lines(outer(Wrapper())), ["await inner", "await asyncio.sleep(3600)"])

    async def test_async_generators(self):
        """`async for` is followed into the generator, and into one below that."""

        async def iterate():
            async for _ in delegates():
                pass

        self.assertEqual(
            await self.lines(iterate()),
            [
                "async for _ in delegates():",
                "async for item in generates():",
                "await asyncio.sleep(3600)",
            ],
        )

    async def test_asend(self):
        """`asend` is opened."""
        self.assertEqual(
            await self.lines(outer(generates().asend(None))), ["await inner", "await asyncio.sleep(3600)"]
        )

    async def test_athrow(self):
        """`athrow` is opened, and stands where the exception was handled."""
        generator = holds_on()
        await generator.__anext__()
        self.assertEqual(
            await self.lines(outer(generator.athrow(KeyError()))),
            ["await inner", "await asyncio.sleep(3600)"],
        )

    async def test_aclose(self):
        """`aclose` is opened, and stands in the generator's `finally`."""
        generator = holds_on()
        await generator.__anext__()
        self.assertEqual(
            await self.lines(outer(generator.aclose())), ["await inner", "await asyncio.sleep(3600)"]
        )

    async def test_anext(self):
        """`anext` is opened, with and without a default."""
        for arguments in ((), (None,)):
            with self.subTest(arguments):
                self.assertEqual(
                    await self.lines(outer(anext(generates(), *arguments))),
                    ["await inner", "await asyncio.sleep(3600)"],
                )

    async def test_a_chain_ends_at_a_task(self):
        """A chain ends at an awaited task, which has a chain of its own."""
        inner = await self.start(sleeps())
        self.assertEqual(await self.lines(outer(inner)), ["await inner"])

    async def test_a_task_that_has_not_begun(self):
        """A task that has not begun stands on the first line of its function, and waits on nothing."""
        task = asyncio.create_task(sleeps())
        places, operation = chain_of_task(task)
        self.assertEqual(places, (Place(__file__, sleeps.__code__.co_firstlineno, "sleeps"),))
        self.assertEqual(operation, "")
        task.cancel()
        await asyncio.wait([task])

    async def test_the_running_task(self):
        """The running task stands on the current line, and waits on nothing."""

        async def asks():
            return chain_of_task(asyncio.current_task())

        places, operation = await asyncio.create_task(asks())
        self.assertEqual(source(places), ["return chain_of_task(asyncio.current_task())"])
        self.assertEqual(operation, "")

    async def test_a_very_long_chain_is_cut(self):
        """A chain is followed from its outer end, up to a limit."""
        with mock.patch.object(await_chain, "_MOST_LINKS", 2):
            self.assertEqual(await self.lines(outer(outer(outer(sleeps())))), ["await inner"] * 2)


class WaitsOnTests(ChainTestCase):
    async def test_sleep(self):
        """A sleep is named with its length."""
        self.assertEqual(await self.waits_on(sleeps()), "sleep(3600)")

    async def test_queues(self):
        """The operation is named after the class of the queue, a subclass of the user's included."""

        class Orders(asyncio.Queue):
            pass

        full = asyncio.Queue(1)
        full.put_nowait(1)
        for coroutine, expected in (
            (asyncio.Queue().get(), "Queue.get"),
            (asyncio.PriorityQueue().get(), "PriorityQueue.get"),
            (Orders().get(), "Orders.get"),
            (full.put(2), "Queue.put"),
            (full.join(), "Queue.join"),
        ):
            with self.subTest(expected):
                self.assertEqual(await self.waits_on(coroutine), expected)

    async def test_locks(self):
        """`async with` is named by the public operation that it stands for."""
        lock, event, condition = asyncio.Lock(), asyncio.Event(), asyncio.Condition()
        semaphore = asyncio.Semaphore(0)
        await lock.acquire()

        async def within(context):
            async with context:
                self.fail("it was to wait")

        async def notified():
            async with condition:
                await condition.wait()

        for coroutine, expected in (
            (lock.acquire(), "Lock.acquire"),
            (within(lock), "Lock.acquire"),
            (within(semaphore), "Semaphore.acquire"),
            (event.wait(), "Event.wait"),
            (notified(), "Condition.wait"),
        ):
            with self.subTest(expected):
                self.assertEqual(await self.waits_on(coroutine), expected)

    async def test_a_lock_that_is_built_on_another(self):
        """The operation that the user has called is named, and not what that waits on in turn."""
        condition = asyncio.Condition()

        async def waits_for():
            async with condition:
                await condition.wait_for(bool)

        self.assertEqual(await self.waits_on(waits_for()), "Condition.wait_for")
        if hasattr(asyncio, "Barrier"):
            self.assertEqual(await self.waits_on(asyncio.Barrier(2).wait()), "Barrier.wait")

    async def test_stream_readers(self):
        """A reader's private wait is named by the public method above it."""
        for method, arguments in (("read", (1,)), ("readexactly", (1,)), ("readuntil", ()), ("readline", ())):
            with self.subTest(method):
                reading = getattr(asyncio.StreamReader(), method)(*arguments)
                self.assertEqual(await self.waits_on(reading), f"StreamReader.{method}")

    async def test_functions(self):
        """A function of asyncio is named without an owner; a mere wrapper is not named."""
        waits = asyncio.wait_for(asyncio.Queue().get(), 3600)
        self.assertIn(await self.waits_on(waits), ("Queue.get", "wait_for"))  # a task of its own until 3.12
        inner = await self.start(sleeps())
        inner.set_name("inner")
        self.assertEqual(await self.waits_on(asyncio.wait([inner])), "wait, pending: 'inner'")
        self.assertEqual(await self.waits_on(asyncio.wait([inner.get_loop().create_future()])), "wait")

    async def test_tasks(self):
        """An awaited task is named by its name."""
        inner = await self.start(sleeps())
        inner.set_name("the inner one")
        self.assertEqual(await self.waits_on(outer(inner)), "task 'the inner one'")

    async def test_gather(self):
        """A `gather` is named with the number of its children."""
        futures = [asyncio.get_running_loop().create_future() for _ in range(3)]

        async def gathers():
            await asyncio.gather(*futures)

        self.assertEqual(await self.waits_on(gathers()), "gather of 3")
        inner, over = await self.start(sleeps()), asyncio.create_task(asyncio.sleep(0))
        inner.set_name("inner")
        await over
        futures += [over, asyncio.gather(inner, futures[0], return_exceptions=True), inner]
        self.assertEqual(await self.waits_on(gathers()), "gather of 6, pending: 'inner'")

    async def test_futures(self):
        """A bare future is named as one that was not set."""
        future = asyncio.get_running_loop().create_future()
        self.assertEqual(await self.waits_on(outer(future)), "a Future that nobody has set")

    async def test_an_operation_of_the_users_own(self):
        """The operation that a user's method waits on is not named after that method."""

        class Orders(asyncio.Queue):
            async def get(self):
                await asyncio.get_running_loop().create_future()

        self.assertEqual(await self.waits_on(Orders().get()), "a Future that nobody has set")


class CoroutineTests(unittest.TestCase):
    def test_a_coroutine_without_a_task(self):
        """A coroutine that is driven by hand has a chain, too; one opaque object at its end is skipped."""
        coroutine = outer(Opaque())
        coroutine.send(None)
        number = outer.__code__.co_firstlineno + 1
        self.assertEqual(chain_of_coroutine(coroutine), AwaitChain((Place(__file__, number, "outer"),), ""))
        coroutine.close()

    def test_an_async_generator(self):
        """A suspended generator stands on its `yield`."""

        async def counts():
            yield 1

        generator = counts()
        with self.assertRaises(StopIteration):
            generator.__anext__().send(None)
        self.assertEqual(source(chain_of_coroutine(generator).places), ["yield 1"])

    def test_a_finished_coroutine_stands_nowhere(self):
        """A finished coroutine has no frame."""
        coroutine = sleeps()
        coroutine.close()
        self.assertEqual(chain_of_coroutine(coroutine), AwaitChain((), ""))

    def test_names(self):
        """A coroutine has its qualified name, any other object that of its type."""
        coroutine = sleeps()
        self.assertEqual(coroutine_name(coroutine), "sleeps")
        self.assertEqual(coroutine_name(Awaitable()), "Awaitable")
        coroutine.close()

    def test_definitions(self):
        """Coroutines, generators and asynchronous generators have a definition."""
        coroutine, generator = sleeps(), generator_based(Awaitable())
        for each, function in (
            (coroutine, sleeps),
            (generator, generator_based),
            (generates(), generates),
        ):
            with self.subTest(function.__name__):
                number = function.__code__.co_firstlineno
                self.assertEqual(definition(each), Place(__file__, number, function.__name__))
        self.assertIsNone(definition(Opaque()))
        coroutine.close()
        generator.close()
