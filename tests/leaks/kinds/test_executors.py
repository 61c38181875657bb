"""Executors that were not shut down."""

import asyncio
import concurrent.futures
import multiprocessing
import threading
import unittest

from asynctestkit import ExecutorLeaks
from tests.leaks.contract import DetectorContract, run_body


class ExecutorContractTests(DetectorContract, unittest.TestCase):
    detector = ExecutorLeaks
    needs_a_holder = True

    async def make(self):
        pool = concurrent.futures.ThreadPoolExecutor()  # leaks
        pool.submit(int).result()
        return pool

    async def use(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            await asyncio.get_running_loop().run_in_executor(pool, int)
        await asyncio.to_thread(int)

    def assertReleased(self, thing):
        with self.assertRaises(RuntimeError):
            thing.submit(int)

    def assertUntouched(self, thing):
        self.assertEqual(thing.submit(int).result(), 0)
        thing.shutdown()


class WhatIsALeakTests(unittest.TestCase):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual(outcome.errors, [])
        return [(leak.kind, leak.name, leak.description) for leak in outcome.leaks]

    def test_the_name_is_the_one_it_was_given(self):
        """A pool is named after its threads, or by its class; the number of its threads is shown."""

        def test(case):
            case.pools = [
                concurrent.futures.ThreadPoolExecutor(thread_name_prefix="fetch"),
                concurrent.futures.ThreadPoolExecutor(),
            ]
            for pool in case.pools:
                pool.submit(int).result()
            barrier = threading.Barrier(2)
            list(case.pools[0].map(lambda _: barrier.wait(), range(2)))

        self.assertEqual(
            sorted(self.leaks(test)),
            [
                ("executor", "ThreadPoolExecutor", "not shut down, 1 thread"),
                ("executor", "fetch", "not shut down, 2 threads"),
            ],
        )

    def test_a_pool_of_processes(self):
        """A process pool's processes end when it is released, and are no leaks of their own."""

        def test(case):
            case.pool = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
            case.pool.submit(int).result()
            (self.process,) = case.pool._processes.values()

        ((_, name, description),) = self.leaks(test)
        self.assertEqual((name, description), ("ProcessPoolExecutor", "not shut down, 1 process"))
        self.process.join()

    def test_one_that_never_worked_is_no_leak(self):
        """A pool that never had a job has started nothing, and is no leak."""

        def test(case):
            case.pools = concurrent.futures.ThreadPoolExecutor(), concurrent.futures.ProcessPoolExecutor()

        self.assertEqual(self.leaks(test), [])

    def test_default_executors_are_their_loops(self):
        """An executor that a loop created, or was given as its default, is shut down with the loop."""

        async def made(case):
            await asyncio.get_running_loop().run_in_executor(None, int)

        async def given(case):
            loop = asyncio.get_running_loop()
            loop.set_default_executor(concurrent.futures.ThreadPoolExecutor())
            await loop.run_in_executor(None, int)

        def given_to_another(case):
            self.loop = asyncio.SelectorEventLoop()
            self.loop.set_default_executor(concurrent.futures.ThreadPoolExecutor())
            self.loop.run_until_complete(made_on(self.loop))

        async def made_on(loop):
            await loop.run_in_executor(None, int)

        for body in (made, given, given_to_another):
            with self.subTest(body.__name__):
                self.assertEqual(self.leaks(body), [])
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    def test_an_older_one_is_no_leak(self):
        """A pool that is older than the test may work for it, and is no leak."""
        with concurrent.futures.ThreadPoolExecutor() as pool:

            async def test(case):
                await asyncio.get_running_loop().run_in_executor(pool, int)

            self.assertEqual(self.leaks(test), [])

    def test_one_with_a_shutdown_of_its_own(self):
        """A pool is ended even if the user's class overrides `shutdown`."""

        class Refusing(concurrent.futures.ThreadPoolExecutor):
            def shutdown(self, wait=True):
                raise AssertionError

        def test(case):
            case.pool = self.pool = Refusing()
            self.pool.submit(int).result()

        self.assertEqual(self.leaks(test), [("executor", "Refusing", "not shut down, 1 thread")])
        with self.assertRaises(RuntimeError):
            self.pool.submit(int)

    def test_one_of_another_make_is_no_leak(self):
        """An executor of a user's own class is no leak, as its state is unknown; nor for what it wraps."""

        class Own(concurrent.futures.Executor):
            def __getattr__(self, name):
                raise LookupError(f"asked an executor for its {name}")

        class Wrapping(concurrent.futures.Executor):
            def __getattr__(self, name):
                return getattr(pool, name)

        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        pool.submit(int).result()
        for cls in (Own, Wrapping):

            def test(case, cls=cls):
                case.pool = cls()

            self.assertEqual(self.leaks(test), [])
