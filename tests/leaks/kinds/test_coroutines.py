"""Forgotten awaits."""

import asyncio
import inspect
import threading
import types
import unittest
from unittest import mock

from asynctestkit import Allowance, CoroutineLeaks, HygienicAsyncTestCase
from tests.leaks.contract import DetectorContract, run_body


async def fetch():
    return 1


class CoroutineContractTests(DetectorContract, unittest.TestCase):
    detector = CoroutineLeaks

    async def make(self):
        return fetch()  # leaks

    async def use(self):
        await fetch()
        fetch().close()

    def assertReleased(self, thing):
        self.assertEqual(inspect.getcoroutinestate(thing), inspect.CORO_CLOSED)


async def use(first, second):
    pass


class WhatIsALeakTests(unittest.TestCase):
    def names(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual(outcome.errors, [])
        return [leak.name for leak in outcome.leaks]

    def test_a_hook_that_is_not_awaited(self):
        """An async `setUp` or `tearDown`, which unittest only calls, is told what it should be called."""

        async def hook(case): ...

        async def test(case): ...

        for name, right in (("setUp", "asyncSetUp"), ("tearDown", "asyncTearDown")):
            hook.__name__, hook.__qualname__ = name, f"Case.{name}"
            (leak,) = run_body(test, **{name: hook}).leaks
            self.assertEqual(leak.remedy, f"name it {right}: unittest calls {name}, and does not await it")

    def test_what_was_started_is_no_leak(self):
        """A coroutine that was started and abandoned is no forgotten await."""

        async def test(case):
            case.coroutine = yields()
            case.coroutine.send(None)
            case.addCleanup(case.coroutine.close)

        @types.coroutine
        def yields_once():
            yield

        async def yields():
            await yields_once()

        self.assertEqual(self.names(test), [])

    def test_a_coroutine_given_to_a_task_is_no_leak(self):
        """Tasks, `gather`, `wait_for` and an eager loop await the coroutines that they get."""

        async def test(case):
            await asyncio.gather(fetch(), asyncio.create_task(fetch()), asyncio.wait_for(fetch(), 60))
            asyncio.create_task(fetch()).cancel()

        self.assertEqual(self.names(test), [])

    def test_arguments_of_a_forgotten_coroutine_are_reported_with_it(self):
        """In `use(fetch(), fetch())` only `use` is reported, dropped or kept."""

        async def drops(case):
            use(fetch(), fetch())

        async def keeps(case):
            case.kept = use(fetch(), fetch())

        for body in (drops, keeps):
            with self.subTest(body.__name__):
                self.assertEqual(self.names(body), ["use"])

    def test_methods_and_local_functions_have_their_qualified_names(self):
        """The name is the qualified one, which an allowance's pattern matches."""

        class Client:
            async def fetch(self):
                pass

        async def test(case):
            Client().fetch()

        (name,) = self.names(test)
        self.assertTrue(name.endswith("<locals>.Client.fetch"), name)
        allowance = Allowance("coroutine", coroutine="*.Client.fetch", reason="this is what is tested")
        self.assertEqual(self.names(test, allowed_leaks=(allowance,)), [])

    def test_a_mock_that_is_not_awaited_is_one(self):
        """A forgotten call of any AsyncMock is named after the mock, with its arguments and its line."""

        async def drops(case):
            mock.AsyncMock(name="api").users.get(1, key="x")

        async def keeps(case):
            case.kept = mock.AsyncMock(name="api").users.get(1, key="x")

        for body in (drops, keeps):
            with self.subTest(body.__name__):
                (leak,) = run_body(body).leaks
                self.assertEqual((leak.name, leak.coroutine), ("api.users.get", "api.users.get"))
                self.assertEqual(leak.description, "a mock, called with (1, key='x') and never awaited")
                line = body.__code__.co_firstlineno + 1
                self.assertEqual([(place.file, place.line) for place in leak.created_at], [(__file__, line)])
                said = "await get(…); if the real get is not a coroutine function, say so: AsyncMock(spec=…)"
                self.assertEqual(leak.remedy, said)

    def test_a_mock_by_itself(self):
        """A mock that is no method of another is treated as a coroutine function."""

        async def test(case):
            mock.AsyncMock(name="get")()

        (leak,) = run_body(test).leaks
        self.assertEqual(leak.remedy, "await get(…), or give it to asyncio.create_task()")

    def test_a_mock_that_was_reset_is_one_without_a_line(self):
        """A call that the mock no longer records is reported without a line."""

        async def test(case):
            double = mock.AsyncMock(name="api")
            case.kept = double(1)
            double.reset_mock()

        (leak,) = run_body(test).leaks
        self.assertEqual((leak.name, leak.created_at), ("api", ()))

    def test_the_description_and_the_remedy_name_the_function(self):
        """The report says where the function is defined, and what to write instead."""

        async def test(case):
            fetch()

        (leak,) = run_body(test).leaks
        line = fetch.__code__.co_firstlineno
        self.assertRegex(
            leak.description, rf"^called, never awaited; defined at .*test_coroutines\.py:{line} in fetch$"
        )
        self.assertEqual(leak.remedy, "await fetch(…), or give it to asyncio.create_task()")


class OthersCoroutinesTests(unittest.TestCase):
    """Coroutines that other code will await after the test has ended."""

    def test_of_another_loop_in_another_thread(self):
        """A coroutine that another thread's loop is about to start is no leak, in debug mode as well."""
        for debug in (False, True):
            with self.subTest(debug=debug):
                scheduled, swept = threading.Event(), threading.Event()

                async def main(scheduled=scheduled, swept=swept):
                    task = asyncio.create_task(fetch())
                    scheduled.set()
                    swept.wait(20)  # blocks that loop, so that the task stays unstarted while the test ends
                    await task

                async def test(case, scheduled=scheduled):
                    await asyncio.to_thread(scheduled.wait, 20)

                thread = threading.Thread(target=asyncio.run, args=(main(),), kwargs={"debug": debug})
                thread.start()
                outcome = run_body(test)
                swept.set()
                thread.join()
                self.assertEqual(outcome.complaints, [])

    def test_created_and_kept_in_another_thread(self):
        """A coroutine created and kept in another thread is not charged."""
        kept = []

        async def test(case):
            await asyncio.to_thread(lambda: kept.append(fetch()))

        outcome = run_body(test)
        kept.pop().close()
        self.assertEqual(outcome.complaints, [])

    def test_of_a_task_of_another_loop(self):
        """A coroutine that was given to a task of another loop is not charged."""

        def test(case):
            loop = asyncio.SelectorEventLoop()
            case.addCleanup(others.append, (loop, loop.create_task(fetch())))

        others = []
        outcome = run_body(test)
        ((loop, task),) = others
        self.assertEqual(loop.run_until_complete(task), 1)
        loop.close()
        self.assertEqual(outcome.complaints, [])


class OtherThreadTests(unittest.TestCase):
    def test_on_its_way_to_a_loop_in_another_thread(self):
        """A coroutine handed to another thread's loop, and not started there yet, is not charged."""
        loop, begun, go_on = asyncio.new_event_loop(), threading.Event(), threading.Event()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()

        def block():
            begun.set()
            go_on.wait(30)

        loop.call_soon_threadsafe(block)
        self.assertTrue(begun.wait(30))
        futures = []

        async def notify():
            return "notified"

        class Case(HygienicAsyncTestCase):
            async def test(self):
                futures.append(asyncio.run_coroutine_threadsafe(notify(), loop))

        try:
            result = unittest.TestResult()
            Case("test").run(result)
        finally:
            go_on.set()
        self.assertEqual((result.failures, result.errors), ([], []))
        self.assertEqual(futures[0].result(30), "notified")
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
