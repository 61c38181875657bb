"""`MockAssertions`, on any test case with async methods."""

import asyncio
import unittest
from unittest import mock

from asynctestkit import MockAssertions
from asynctestkit.mocks import async_context, never, outcomes


async def fetch(number): ...


class Case(MockAssertions, unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.first, self.second = mock.AsyncMock(name="first"), mock.AsyncMock(name="second")

    def assertFails(self, pattern):
        return self.assertRaisesRegex(self.failureException, f"(?s)^{pattern}$")


class AllAwaitedTests(Case):
    async def test_it_passes_when_all_were(self):
        """Awaited calls, mocks that were never called, and plain mocks pass."""
        await self.first(1)
        self.assertAllAwaited(self.first, self.second, mock.Mock(), mock.create_autospec(fetch))

    async def test_it_names_the_calls_that_were_not(self):
        """The failure names calls never awaited, also of nested children, with arguments, lines and `msg`."""
        root = mock.MagicMock(name="api")
        root.users.get = mock.AsyncMock()
        for coroutine in (root.users.get(1, key="x"), self.first()):
            self.addCleanup(coroutine.close)
        await root.users.get(2)
        here = r" at \S*test_mocks\.py:\d+ in test_it_names_the_calls_that_were_not\n"
        expected = (
            rf"2 calls were never awaited:\n- api\.users\.get\(1, key='x'\){here}- first\(\){here}"
            r"remedy: add the missing `await` : mine"
        )
        with self.assertFails(expected):
            self.assertAllAwaited(root, self.first, msg="mine")

    async def test_a_call_that_no_task_has_begun_is_not_awaited(self):
        """A call given to a new task counts as not awaited until the task's first turn."""
        task = asyncio.create_task(self.first())
        with self.assertFails(r"1 call was never awaited:\n- first\(\) .*"):
            self.assertAllAwaited(self.first)
        await task
        self.assertAllAwaited(self.first)

    async def test_other_things_are_refused(self):
        """No mocks at all, and an object that is no mock, are a TypeError."""
        for bad in ((), (fetch,), (self.first, 3)):
            with self.assertRaises(TypeError):
                self.assertAllAwaited(*bad)


class NothingForgottenTests(Case):
    async def test_everything_counts(self):
        """Contexts and scripts count as well as calls."""
        cm = async_context()
        async with cm:
            with self.assertFails(r"left over on mocks:\n- context: entered and never left at .* : mine"):
                self.assertNothingForgotten(cm, msg="mine")
        self.assertNothingForgotten(cm)
        self.first.side_effect = outcomes(1)
        with self.assertFails(r".*\n- first: 1 of 1 scripted outcome never used: 1\nremedy: .+"):
            self.assertNothingForgotten(self.first)
        with self.assertRaises(TypeError):
            self.assertNothingForgotten()


class InOrderTests(Case):
    async def test_the_order_of_awaits_counts(self):
        """The order of awaits counts, not that of calls, and others may lie in between."""
        early = self.first()
        await self.second()
        await early
        self.assertAwaitedInOrder(self.second, self.first)
        await self.second()
        self.assertAwaitedInOrder(self.first, self.second)
        self.assertAwaitedInOrder(self.second, self.first, self.second)

    async def test_it_shows_the_order_that_was(self):
        """The failure names the first mock out of order, and lists all awaits."""
        await self.second()
        await self.first()
        said = (
            "expected the awaits of first, second, in this order; number 2, second, was not awaited after "
            "the ones before.\nThey were awaited in the order second, first\n"
            "remedy: correct the order in the code under test, or in this assertion : mine"
        )
        with self.assertFails(said):
            self.assertAwaitedInOrder(self.first, self.second, msg="mine")

    async def test_one_that_was_never_awaited(self):
        """A mock that was never awaited is reported as such."""
        with self.assertFails(r".*number 1, first, was never awaited\..*in the order \(none\)\nremedy: .+"):
            self.assertAwaitedInOrder(self.first)

    async def test_twice_means_twice(self):
        """A mock given twice has to be awaited twice."""
        await self.first()
        with self.assertFails(r".*number 2, first, was not awaited after.*"):
            self.assertAwaitedInOrder(self.first, self.first)

    async def test_plain_mocks_are_refused(self):
        """Plain mocks are rejected, as they cannot be awaited."""
        with self.assertRaisesRegex(TypeError, "assertAwaitedInOrder needs asynchronous mocks"):
            self.assertAwaitedInOrder(mock.Mock())


class AwaitedWithinTests(Case):
    async def test_awaits_before_count(self):
        """If there were enough awaits before, the assertion returns at once."""
        await self.first()
        await self.assertMockAwaitedWithin(self.first, 0)

    async def test_it_waits_for_those_that_come(self):
        """It returns as soon as the last of the awaits begins, endless or not; infinity is no limit."""
        self.first.side_effect = outcomes(1, never(), 1, never())

        async def work():
            await self.first()
            await asyncio.sleep(0)
            await self.first()

        for seconds in (60, float("inf")):
            task = asyncio.create_task(work())
            await self.assertMockAwaitedWithin(self.first, seconds, self.first.await_count + 2)
            self.assertFalse(task.done())
            task.cancel()
            await asyncio.wait([task])

    async def test_too_few_fail(self):
        """The failure gives the count, and names the calls that were not awaited."""
        await self.first()
        self.addCleanup(self.first(7).close)
        with self.assertFails(
            r"first was awaited once within 0\.001 s, expected 2 times\n- .*: first\(7\) at .* : mine"
        ):
            await self.assertMockAwaitedWithin(self.first, 0.001, 2, msg="mine")
        with self.assertFails(
            r"second was awaited 0 times within 0 s, expected once\nremedy: .+ more than 0 s"
        ):
            await self.assertMockAwaitedWithin(self.second, 0)

    async def test_an_autospecced_function(self):
        """A function made by autospec stands for its mock."""
        function = mock.create_autospec(fetch)
        task = asyncio.create_task(function(1))
        await self.assertMockAwaitedWithin(function, 60)
        await task

    async def test_bad_arguments(self):
        """Invalid times and counts are rejected before anything is awaited."""
        for seconds, count, kind in (
            (-1, 1, ValueError), (float("nan"), 1, ValueError), ("1", 1, TypeError),
            (1, 0, ValueError), (1, 1.5, TypeError), (1, True, TypeError),
        ):  # fmt: skip
            with self.subTest(seconds=seconds, count=count), self.assertRaises(kind):
                await self.assertMockAwaitedWithin(self.first, seconds, count)
        with self.assertRaises(TypeError):
            await self.assertMockAwaitedWithin(mock.Mock(), 1)
