"""Exceptions that were never retrieved."""

import asyncio
import contextlib
import unittest
from unittest import mock

from asynctestkit import ExceptionLeaks
from asynctestkit.cpython.alarms import PhaseInterrupt
from tests.leaks.contract import DetectorContract, run_body


async def fail():
    raise ValueError("broken")


class ExceptionContractTests(DetectorContract, unittest.TestCase):
    detector = ExceptionLeaks

    async def make(self):
        task = asyncio.create_task(fail())  # leaks
        await asyncio.wait([task])
        return task

    async def use(self):
        task = asyncio.create_task(fail())
        with self.assertRaisesRegex(ValueError, "broken"):
            await task


def failed_future(loop=None):
    future = (loop or asyncio.get_running_loop()).create_future()
    future.set_exception(ValueError("broken"))
    return future


class WhatIsALeakTests(unittest.TestCase):
    def test_a_future_counts_like_a_task(self):
        """A plain future that failed is a leak, kept or dropped, named by its class."""

        async def keeps(case):
            case.future = failed_future()

        async def drops(case):
            failed_future()

        for body in (keeps, drops):
            with self.subTest(body.__name__):
                (leak,) = run_body(body).leaks
                self.assertEqual((leak.kind, leak.name, leak.coroutine), ("exception", "Future", ""))
                said = "the future failed and its exception was never retrieved: ValueError: broken"
                self.assertEqual(leak.description, said)

    def test_the_line_that_made_a_future(self):
        """A future's line is shown, with the test's line if a task created it; asyncio's own have none."""

        async def makes():
            return failed_future()

        async def test(case):
            case.future = await asyncio.create_task(makes())
            case.loops_own = asyncio.Queue()
            await asyncio.sleep(0)

        (leak,) = run_body(test).leaks
        functions = [place.function for place in leak.created_at]
        self.assertEqual((functions, leak.phase), (["test", "makes", "failed_future"], "test"))

    def test_an_interrupted_task(self):
        """A task that a deadline has interrupted is no leak, and asyncio does not log it."""

        async def test(case):
            case.future = asyncio.get_running_loop().create_future()
            case.future.set_exception(PhaseInterrupt())

        outcome = run_body(test)
        self.assertEqual((outcome.complaints, outcome.output), ([], ""))

    def test_what_retrieves_an_exception(self):
        """`await`, `exception()`, `result()`, `gather` and a callback that asks retrieve the exception."""

        async def awaits(future):
            await future

        async def gathers(future):
            await asyncio.gather(future)

        async def looks(future):
            future.exception()

        async def reads(future):
            future.result()

        async def calls_back(future):
            future.add_done_callback(asyncio.Future.exception)

        async def test(case):
            for retrieve in (awaits, gathers, looks, reads, calls_back):
                with contextlib.suppress(ValueError):
                    await retrieve(failed_future())

        self.assertEqual(run_body(test).complaints, [])

    def test_a_cancelled_future_has_no_exception(self):
        """A cancelled future has no exception, and is no leak."""

        async def test(case):
            case.future = asyncio.get_running_loop().create_future()
            case.future.cancel()
            case.task = asyncio.create_task(fail())
            case.task.cancel()

        self.assertEqual(run_body(test).complaints, [])

    def test_the_line_that_raised_is_shown(self):
        """A failed task shows where it raised; an exception that was never raised shows nothing."""

        async def fails_deeper(case):
            case.task = asyncio.create_task(deeper())
            await asyncio.sleep(0)

        async def deeper():
            await fail()

        async def sets(case):
            case.future = failed_future()

        (leak,) = run_body(fails_deeper).leaks
        self.assertEqual([place.function for place in leak.waiting_at], ["deeper", "fail"])
        (leak,) = run_body(sets).leaks
        self.assertEqual(leak.waiting_at, ())

    def test_one_exception_in_two_futures_is_two_leaks_and_in_the_log_none_more(self):
        """The log record about a dropped future is the same leak, not another one."""

        async def test(case):
            error = ValueError("shared")
            for _ in range(2):
                asyncio.get_running_loop().create_future().set_exception(error)

        outcome = run_body(test)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["exception"] * 2)

    def test_an_eager_task_that_failed_at_once_has_no_coroutine_left(self):
        """An eager task that failed at once has no coroutine; an allowance's pattern gets an empty name."""
        if not hasattr(asyncio, "eager_task_factory"):
            self.skipTest("eager tasks came with 3.12")

        async def test(case):
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            case.task = asyncio.create_task(fail(), name="eager")

        (leak,) = run_body(test).leaks
        self.assertEqual((leak.name, leak.coroutine), ("eager", ""))


class ExemptTests(unittest.TestCase):
    def test_futures_inside_of_asyncios_own_objects(self):
        """The future of `StreamWriter.wait_closed()` fails with the connection; asyncio retrieves that."""

        async def test(case):
            reader = asyncio.StreamReader()
            case.protocol = asyncio.StreamReaderProtocol(reader)
            case.protocol.connection_made(mock.create_autospec(asyncio.Transport, instance=True))
            case.protocol.connection_lost(ConnectionResetError())

        self.assertEqual(run_body(test).complaints, [])

    def test_futures_destroyed_before_their_owners(self):
        """In a cycle that future may be destroyed first; an exception that asyncio raised is not charged."""

        def raised_in_asyncio():
            """The exception that a transport passes to its protocol."""
            namespace = {}
            exec(compile("def f(): raise OSError()", asyncio.streams.__file__, "exec"), namespace)
            try:
                namespace["f"]()
            except OSError as error:
                return error.with_traceback(error.__traceback__.tb_next)

        async def test(case):
            asyncio.get_running_loop().create_future().set_exception(raised_in_asyncio())

        async def test_of_the_users(case):
            asyncio.get_running_loop().create_future().set_exception(OSError())

        self.assertEqual(run_body(test).complaints, [])
        self.assertEqual([leak.kind for leak in run_body(test_of_the_users).leaks], ["exception"])

    def test_futures_of_other_loops(self):
        """A failed future of another loop is not charged."""
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        kept = []

        async def test(case):
            kept.append(failed_future(loop))

        self.assertEqual(run_body(test).complaints, [])
        self.assertIsInstance(kept.pop().exception(), ValueError)

    def test_futures_whose_init_never_ran(self):
        """A future or task whose `__init__` never ran belongs to no loop, and breaks nothing."""

        class Unmade(asyncio.Future):
            def __init__(self):
                pass

        async def test(case):
            case.kept = [Unmade(), asyncio.Task.__new__(asyncio.Task)]

        self.assertEqual(run_body(test).complaints, [])

    def test_a_dropped_future_under_the_users_own_exception_handler(self):
        """With a user's exception handler, a dropped future was reported to the user, and is no leak."""
        contexts = []

        async def test(case):
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: contexts.append(context))
            failed_future()

        self.assertEqual(run_body(test).complaints, [])
        self.assertEqual([str(context["exception"]) for context in contexts], ["broken"])
