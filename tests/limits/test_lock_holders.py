"""Which task holds a lock, as far as it can be known."""

import asyncio
import contextlib
import functools
import types
import unittest
from unittest import mock

from asynctestkit.limits import lock_holders
from asynctestkit.limits.lock_holders import frames_of, holdings_in, lock_of, wait_for_notify
from tests.case_runs import lines_of


class Holders(unittest.IsolatedAsyncioTestCase):
    """Tasks that hold locks until the test is over."""

    async def asyncSetUp(self):
        self.never = asyncio.Event()
        self.tasks = []

    async def asyncTearDown(self):
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)

    async def holders(self, lock, **coroutines):
        """The holdings of these tasks."""
        tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in coroutines.items()]
        self.tasks += tasks
        for _ in range(4):
            await asyncio.sleep(0)
        found = holdings_in({task: frames_of(task.get_coro()) for task in tasks})
        return [str(holding) for holding in found if holding.lock is lock]

    def assertHeld(self, said, holder, where, line):
        """Asserts that only this task holds it, since the line with this text."""
        (number,) = lines_of(where, line)
        (text,) = said
        self.assertTrue(text.startswith(f"{holder}, "), text)
        self.assertIn(f"test_lock_holders.py:{number} in ", text)

    async def take(self, manager):
        async with manager:
            await self.never.wait()


class StatementTests(Holders):
    async def test_a_statement(self):
        """The holder is named with the line of its `async with`; a task that waits for the lock is not."""
        lock = asyncio.Lock()
        said = await self.holders(lock, holds=self.take(lock), first=self.take(lock), second=self.take(lock))
        self.assertHeld(said, "task 'holds'", Holders.take, "async with manager:")

    async def test_several_managers_in_one_statement(self):
        """Each manager of an `async with` has its own line, however many there are."""
        one, other = asyncio.Lock(), asyncio.Lock()

        async def takes():
            async with (
                one,
                other,
            ):
                await self.never.wait()

        said = await self.holders(other, holds=takes())
        self.assertHeld(said, "task 'holds'", type(self).test_several_managers_in_one_statement, "  other,\n")

    async def test_a_semaphore(self):
        """All holders of a semaphore are named."""
        semaphore = asyncio.Semaphore(2)
        said = await self.holders(semaphore, **{name: self.take(semaphore) for name in "abc"})
        self.assertEqual([text[:8] for text in said], ["task 'a'", "task 'b'"])

    async def test_a_lock_that_is_taken_twice(self):
        """A task that waits for a lock that it holds is its holder."""
        lock = asyncio.Lock()

        async def takes():
            async with lock:  # the outer
                async with lock:
                    self.fail("it has the lock twice")

        said = await self.holders(lock, holds=takes())
        self.assertHeld(said, "task 'holds'", type(self).test_a_lock_that_is_taken_twice, "# the outer\n")

    async def test_another_manager_that_is_entered(self):
        """A lock remains held while another manager is entered by hand, or by an inner statement."""
        lock = asyncio.Lock()

        class Slow:
            async def __aenter__(slow):
                await self.never.wait()

            async def __aexit__(*exc):
                pass

        class Static:
            @staticmethod
            async def __aenter__():
                await self.never.wait()

        async def by_hand(manager):
            async with lock:  # by hand
                await manager.__aenter__()

        async def by_statement():
            async with lock:  # by statement
                async with Slow():
                    self.fail("it is entered")

        test = type(self).test_another_manager_that_is_entered
        for holder, line in (
            (by_hand(Slow()), "# by hand\n"),
            (by_hand(Static()), "# by hand\n"),
            (by_statement(), "# by statement\n"),
        ):
            said = await self.holders(lock, holds=holder)
            self.assertHeld(said, "task 'holds'", test, line)
            await self.asyncTearDown()
            self.tasks.clear()

    async def test_a_condition(self):
        """A condition is held as its lock is; a task in `wait()`, or just notified, has released it."""
        condition = asyncio.Condition()

        async def waits():
            async with condition:
                await condition.wait()

        async def notifies():
            async with condition:
                condition.notify()
                await self.never.wait()

        lock = lock_of(condition)
        self.assertEqual(await self.holders(lock, a=waits(), b=waits()), [])
        said = await self.holders(lock, c=waits(), holds=notifies())
        self.assertHeld(said, "task 'holds'", notifies, "async with condition:")

    async def test_variables(self):
        """A method `__aexit__` in a variable does not count as a statement."""
        lock = asyncio.Lock()

        async def keeps():
            bound, plain, following = lock.__aexit__, type(lock).__aexit__, lock
            nameless = types.MethodType(functools.partial(print), lock)
            await self.never.wait()
            del bound, plain, following, nameless

        self.assertEqual(await self.holders(lock, keeps=keeps()), [])

    async def test_a_lock_without_source(self):
        """Without readable Python source, the line where the holder stands is shown."""
        for source in ([], ["{{ a template }}"]):
            lock = asyncio.Lock()
            with mock.patch("linecache.getlines", return_value=source):
                for cache in (lock_holders._parsed, lock_holders._async_with_lines):
                    cache.cache_clear()
                    self.addCleanup(cache.cache_clear)
                said = await self.holders(lock, holds=self.take(lock))
            self.assertHeld(said, "task 'holds'", Holders.take, "self.never.wait()")

    async def test_a_coroutine_without_frames(self):
        """For a coroutine of another implementation no locks are found."""

        class Foreign:
            def __await__(self):
                return self

            def __iter__(self):
                return self

            def __next__(self):
                raise StopIteration

        task = asyncio.create_task(self.never.wait())
        self.tasks.append(task)
        self.assertEqual(frames_of(Foreign()), [])
        self.assertEqual(holdings_in({task: []}), [])


class GeneratorTests(Holders):
    async def test_a_manager_made_of_a_generator(self):
        """A lock that an `@asynccontextmanager` takes is held by the task that has entered it."""
        lock = asyncio.Lock()

        @contextlib.asynccontextmanager
        async def guarded():
            async with lock:
                yield

        said = await self.holders(lock, holds=self.take(guarded()), waits=self.take(guarded()))
        self.assertHeld(said, "task 'holds'", guarded.__wrapped__, "async with lock:")

    async def test_a_manager_made_of_a_generator_that_is_left(self):
        """A lock is still held while its manager is being left, and listed once."""
        lock = asyncio.Lock()

        @contextlib.asynccontextmanager
        async def guarded():
            async with lock:
                yield
                await self.never.wait()

        async def leaves():
            async with guarded():
                pass

        said = await self.holders(lock, holds=leaves())
        self.assertHeld(said, "task 'holds'", guarded.__wrapped__, "async with lock:")

    async def test_a_generator_that_is_iterated(self):
        """A lock that an asynchronous generator takes is held by the task that iterates it."""
        lock = asyncio.Lock()

        async def inner():
            async with lock:
                yield 1

        async def outer():
            async for each in inner():
                yield each

        async def iterates():
            async for _ in outer():
                await self.never.wait()

        self.assertHeld(await self.holders(lock, holds=iterates()), "task 'holds'", inner, "async with lock:")

    async def test_a_generator_that_several_have(self):
        """With several tasks the holder is unknown, unless one of them awaits within the generator."""
        lock, go_on = asyncio.Lock(), asyncio.Event()

        async def generator():
            async with lock:
                yield 1
                await go_on.wait()

        async def has(generator):
            await self.never.wait()

        async def goes_on(generator):
            await anext(generator)

        shared = generator()
        await anext(shared)
        said = await self.holders(lock, a=has(shared), b=has(shared))
        self.assertHeld(said, "an asynchronous generator", generator, "async with lock:")
        said = await self.holders(lock, a=has(shared), b=goes_on(shared), c=has(shared))
        self.assertHeld(said, "task 'b'", generator, "async with lock:")
        go_on.set()
        with self.assertRaises(StopAsyncIteration):
            await self.tasks[-2]
        self.tasks.clear()

    async def test_an_exit_stack(self):
        """What was entered with an AsyncExitStack is held, also through others, and nothing else is."""
        lock, other, third, last = (asyncio.Lock() for _ in range(4))

        @contextlib.asynccontextmanager
        async def guarded():
            async with third:
                yield

        async def enters():
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(lock)
                inner = await stack.enter_async_context(contextlib.AsyncExitStack())
                await inner.enter_async_context(other)
                await inner.enter_async_context(guarded())
                stack.push_async_exit(stack)  # whatever for
                stack.push_async_callback(asyncio.sleep, 0)
                await stack.enter_async_context(last)

        holders = {"holds": enters(), "first": self.take(last)}
        tasks = {}
        for name in ("first", "holds"):
            tasks[name] = asyncio.create_task(holders[name], name=name)
            await asyncio.sleep(0)
        for _ in range(4):
            await asyncio.sleep(0)
        found = {}
        for holding in holdings_in({task: frames_of(task.get_coro()) for task in tasks.values()}):
            found.setdefault(id(holding.lock), []).append(str(holding))
        for held in (lock, other):
            (text,) = found[id(held)]
            self.assertIn("task 'holds', through the AsyncExitStack of ", text)
            self.assertHeld([text], "task 'holds'", enters, "async with contextlib")
        self.assertHeld(found[id(third)], "task 'holds'", guarded.__wrapped__, "async with third:")
        self.assertHeld(found[id(last)], "task 'first'", Holders.take, "async with manager:")
        for task in tasks.values():
            task.cancel()
        await asyncio.wait(tasks.values())


class LocksTests(unittest.IsolatedAsyncioTestCase):
    async def test_lock_of(self):
        """A condition has a lock, a lock or semaphore is one, an event has none."""
        lock, semaphore = asyncio.Lock(), asyncio.BoundedSemaphore()
        for thing, expected in (
            (lock, lock),
            (semaphore, semaphore),
            (asyncio.Condition(lock), lock),
            (asyncio.Event(), None),
        ):
            self.assertIs(lock_of(thing), expected)

    async def test_wait_for_notify(self):
        """A frame in `Condition.wait` shows the condition, any other none."""
        condition, found = asyncio.Condition(), []

        async def waits():
            async with condition:
                await condition.wait()

        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        found = [wait_for_notify(frame) for _, frame in frames_of(task.get_coro())]
        self.assertEqual(found, [None, condition])
        task.cancel()
        await asyncio.wait([task])
