"""Asynchronous generators that were left open."""

import asyncio
import contextlib
import unittest

from asynctestkit import DEFAULT_DETECTORS, STRICT_DETECTORS, AsyncGeneratorLeaks, no_leaks
from tests.leaks.contract import DetectorContract, run_body


async def ticks():
    while True:
        await asyncio.sleep(0)
        yield 1


class AsyncGeneratorContractTests(DetectorContract, unittest.TestCase):
    detector = AsyncGeneratorLeaks
    points_by = "waiting_at"

    async def make(self):
        async def make():
            while True:
                yield 1  # leaks

        generator = make()
        await generator.__anext__()
        return generator

    async def use(self):
        ticks()
        generator = ticks()
        await generator.__anext__()
        await generator.aclose()

    def assertReleased(self, thing):
        self.assertIsNone(thing.ag_frame)


class WhatIsALeakTests(unittest.TestCase):
    def names(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual(outcome.errors, [])
        return [(leak.kind, leak.name) for leak in outcome.leaks]

    def test_a_generator_that_came_to_its_end_is_no_leak(self):
        """A generator that was exhausted, failed, or was closed in any way is no leak."""

        async def three():
            for number in range(3):
                yield number

        async def fails():
            yield 1
            raise ValueError

        async def test(case):
            async for _ in three():
                pass
            with case.assertRaises(ValueError):
                async for _ in fails():
                    pass
            async with contextlib.aclosing(three()) as numbers:
                await numbers.__anext__()
            case.closed = three()
            await case.closed.__anext__()
            await case.closed.aclose()

        self.assertEqual(self.names(test), [])

    def test_a_loop_that_was_left_is_one(self):
        """`break` leaves a generator open, which only its finalizer closes: a leak."""

        async def test(case):
            async for _ in ticks():
                break

        self.assertEqual(self.names(test), [("async_generator", "ticks")])

    def test_a_context_that_was_entered_and_not_left_is_one(self):
        """The generator behind `@asynccontextmanager` counts; entered by `enterAsyncContext` it is closed."""

        @contextlib.asynccontextmanager
        async def opened():
            yield

        async def leaks(case):
            case.context = opened()
            await case.context.__aenter__()

        async def closes(case):
            stack = contextlib.AsyncExitStack()
            case.addAsyncCleanup(stack.aclose)
            await stack.enter_async_context(opened())

        ((kind, name),) = self.names(leaks)
        self.assertTrue(kind == "async_generator" and name.endswith("<locals>.opened"), name)
        self.assertEqual(self.names(closes), [])

    def test_one_that_a_leaked_task_iterates(self):
        """A generator that only a leaked task holds ends with that task, and is no leak of its own."""

        async def iterates():
            async for _ in ticks():
                await asyncio.get_running_loop().create_future()

        async def test(case):
            asyncio.create_task(iterates())
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        self.assertEqual([kind for kind, _ in self.names(test)], ["task"])

    def test_it_is_in_the_strict_set_only(self):
        """Real suites leave generators open without harm, so the default detectors ignore them."""

        async def test(case):
            async for _ in ticks():
                break

        self.assertEqual(self.names(test, leak_detectors=DEFAULT_DETECTORS), [])

    def test_one_of_another_loop_is_no_leak(self):
        """A generator that another loop iterates is not charged."""
        kept = []

        async def iterates():
            kept.append(ticks())
            await kept[0].__anext__()

        def test(case):
            loop = asyncio.SelectorEventLoop()
            case.addCleanup(loop.close)
            loop.run_until_complete(iterates())

        self.assertEqual(self.names(test), [])
        with contextlib.suppress(StopIteration):
            kept[0].aclose().send(None)

    def test_one_older_than_the_block_is_no_leak(self):
        """A generator that was open before the block is not charged, kept or dropped."""

        async def test(case):
            older = [ticks(), ticks()]
            for generator in older:
                await generator.__anext__()
            async with no_leaks(leak_detectors=STRICT_DETECTORS):
                older.pop()
            for generator in older:
                await generator.aclose()

        outcome = run_body(test, leak_detectors=DEFAULT_DETECTORS)
        self.assertEqual(outcome.complaints, [])

    def test_the_remedy_is_aclosing(self):
        """The report shows where the generator stands, and the remedy is `aclosing`."""

        async def test(case):
            case.generator = ticks()
            await case.generator.__anext__()

        (leak,) = run_body(test).leaks
        self.assertEqual(leak.remedy, "async with contextlib.aclosing(ticks(…)) as items: …")
        self.assertEqual([place.function for place in leak.waiting_at], ["ticks"])
