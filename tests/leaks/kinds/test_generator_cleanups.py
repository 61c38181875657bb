"""Asynchronous generators whose clean-up did not end, or failed."""

import asyncio
import gc
import unittest
import weakref
from unittest import mock

from asynctestkit import DEFAULT_DETECTORS, GeneratorCleanupLeaks
from tests.leaks.contract import DetectorContract, Inner, run_body


class Slow:
    """Waits for one future at its end, without a frame of its own."""

    def __init__(self, future=None):
        self.future = future or asyncio.get_running_loop().create_future()

    async def __aenter__(self):
        return self

    def __aexit__(self, *_):
        return self.future


class GeneratorCleanupContractTests(DetectorContract, unittest.TestCase):
    """A dropped generator is reported as long as its clean-up runs, which the loop keeps alive."""

    detector = GeneratorCleanupLeaks
    points_by = "waiting_at"

    def setUp(self):
        super().setUp()
        patched = mock.patch.object(Inner, "leak_detectors", DEFAULT_DETECTORS)  # strictly, it is one at once
        patched.start()
        self.addCleanup(patched.stop)

    async def make(self):
        async def make():
            async with Slow():
                yield  # leaks

        generator = make()
        await generator.__anext__()
        dropped = weakref.ref(generator)
        del generator
        await asyncio.sleep(0)
        return dropped

    async def use(self):
        async def count():
            try:
                yield 1
            finally:
                await asyncio.sleep(0)

        async for _ in count():
            break
        await asyncio.sleep(0)

    def marked_line(self):
        """A context manager is left at the line of its `async with`."""
        file, line = super().marked_line()
        return file, line - 1

    def assertReleased(self, thing):
        self.assertIsNone(thing())


async def hangs():
    async with Slow():
        yield


async def fails():
    try:
        yield
    finally:
        raise LookupError("in the clean-up")


class WhatIsALeakTests(unittest.TestCase):
    def leaks(self, body, **members):
        outcome = run_body(body, leak_detectors=DEFAULT_DETECTORS, **members)
        self.assertEqual((outcome.errors, outcome.warnings), ([], []))
        return outcome.leaks

    def test_one_that_is_left(self):
        """It is reported by its name, with the line that dropped it, and its remedy; not as a task."""

        async def test(case):
            async for _ in hangs():
                break
            await asyncio.sleep(0)

        (leak,) = self.leaks(test)
        self.assertEqual((leak.kind, leak.name, leak.coroutine), ("async_generator", "hangs", "hangs"))
        self.assertIn("left open, and its clean-up still runs; defined at", leak.description)
        self.assertEqual(leak.created_at[-1].function.rpartition(".")[2], "test")
        self.assertEqual(leak.waiting_at[-1].function, "hangs")
        self.assertEqual(leak.remedy, "async with contextlib.aclosing(hangs(…)) as items: …")

    def test_one_that_fails(self):
        """A failed clean-up is reported with the generator, however the error is found."""

        async def drops(case):
            async for _ in fails():
                break
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        async def keeps(case):
            case.kept = fails()
            await case.kept.__anext__()

        for body in (drops, keeps):
            with self.subTest(body.__name__):
                (leak,) = self.leaks(body)
                self.assertEqual((leak.kind, leak.name), ("async_generator", "fails"))
                self.assertIn("its clean-up raised LookupError: in the clean-up", leak.description)

    def test_one_that_is_cut_off(self):
        """For a clean-up that was cut off, the report shows where it stood."""

        async def test(case):
            case.kept = hangs()
            await case.kept.__anext__()

        (leak,) = self.leaks(test, grace_period=0.02)
        self.assertIn("its clean-up was still running 0.02 s after the test", leak.description)
        self.assertEqual(leak.waiting_at[-1].function, "hangs")

    def test_one_that_is_strictly_a_leak_and_cut_off(self):
        """With strict detectors, a generator whose clean-up was cut off is reported once."""

        async def test(case):
            case.kept = hangs()
            await case.kept.__anext__()

        outcome = run_body(test, grace_period=0.02)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["async_generator"])

    def test_those_that_end_by_themselves(self):
        """A generator whose clean-up ends by itself is no leak by default, dropped or kept."""

        async def ends():
            try:
                yield
            finally:
                await asyncio.sleep(0)

        async def test(case):
            case.kept = ends()
            await case.kept.__anext__()
            async for _ in ends():
                break

        self.assertEqual(self.leaks(test), ())

    def test_one_that_the_collector_finds(self):
        """A generator that the collector finds has no line that dropped it."""

        async def test(case):
            generator = hangs()
            await generator.__anext__()
            cycle = [generator]
            cycle.append(cycle)
            del generator, cycle
            gc.collect()
            await asyncio.sleep(0)

        (leak,) = self.leaks(test)
        self.assertEqual((leak.name, leak.created_at), ("hangs", ()))

    def test_an_aclose_whose_failure_was_not_retrieved(self):
        """An `aclose()` task that failed, without a retrieval, is reported with the generator."""

        async def test(case):
            generator = fails()
            await generator.__anext__()
            case.kept = asyncio.ensure_future(generator.aclose())
            await asyncio.wait([case.kept])

        async def looks(case):
            await test(case)
            case.assertIsInstance(case.kept.exception(), LookupError)

        (leak,) = self.leaks(test)
        self.assertIn("its clean-up raised LookupError: in the clean-up", leak.description)
        self.assertEqual(self.leaks(looks), ())

    def test_an_aclose_of_the_users_own(self):
        """A user's task that closes a generator is reported as a task."""

        async def test(case):
            generator = hangs()
            await generator.__anext__()
            asyncio.ensure_future(generator.aclose())
            await asyncio.sleep(0)

        self.assertEqual([leak.kind for leak in self.leaks(test)], ["async_generator"])
