"""Locks and contexts that are still held."""

import asyncio
import inspect
import unittest

from asynctestkit.exploration.held import HeldContexts, HeldLocks


class HeldLocksTests(unittest.IsolatedAsyncioTestCase):
    async def test_what_was_not_released_is_reported(self):
        """A lock or semaphore held more often than when it was first acquired is reported with its line."""
        locks, lock, other, semaphore = HeldLocks(), asyncio.Lock(), asyncio.Lock(), asyncio.Semaphore(2)
        with locks:
            async with other, semaphore:
                pass
            await lock.acquire()
            await semaphore.acquire()
            await semaphore.acquire()
        held = locks.still_held()
        self.assertEqual([line.partition(" that ")[0] for line in held], ["a Semaphore", "a Lock"])
        self.assertIn("test_held.py", held[0])
        self.assertEqual(locks.still_held(), [])

    async def test_what_was_held_before_is_no_affair_of_it(self):
        """A task that only waited for a lock held by others has acquired nothing."""
        locks, lock = HeldLocks(), asyncio.Lock()
        await lock.acquire()
        with locks:
            waiting = asyncio.ensure_future(lock.acquire())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
        self.assertEqual(locks.still_held(), [])

    async def test_who_releases(self):
        """Releases are attributed to the acquiring function or another; those of the test do not count."""
        locks, lock, older = HeldLocks(), asyncio.Lock(), asyncio.Semaphore(2)
        await older.acquire()

        async def both():
            async with lock:
                pass

        async def one():
            await lock.acquire()

        async def sometimes(is_own):
            await lock.acquire()
            if is_own:
                lock.release()

        with locks:
            older.release()
            await both()
            await one()
            lock.release()
            for is_own in (True, False):
                await sometimes(is_own)
            lock.release()
            await sometimes(True)
            async with lock:
                pass
        found = [(line.rpartition(" ")[2], is_own) for line, is_own in locks.released.items()]
        self.assertEqual(
            found, [("both", True), ("one", False), ("sometimes", False), ("test_who_releases", False)]
        )

    async def test_asyncio_is_as_before(self):
        """asyncio's methods are restored, and meanwhile they remain coroutine functions."""
        before = asyncio.Lock.acquire, asyncio.Semaphore.acquire
        with HeldLocks():
            self.assertIsNot(asyncio.Lock.acquire, before[0])
            if hasattr(inspect, "markcoroutinefunction"):  # from 3.12
                self.assertTrue(inspect.iscoroutinefunction(asyncio.Lock.acquire))
            condition = asyncio.Condition()
            async with condition:
                self.assertTrue(condition.locked())
        self.assertEqual((asyncio.Lock.acquire, asyncio.Semaphore.acquire), before)


class HeldContextsTests(unittest.TestCase):
    def test_what_was_not_left(self):
        """Each entry without an exit is reported with its line, and whether the same function exits it."""
        contexts, one, other = HeldContexts(), object(), object()

        def both(times):
            contexts.enter(one)
            for _ in range(times):
                contexts.leave(one)

        def enter():
            contexts.enter(other)
            contexts.enter(other)

        both(1)
        enter()
        contexts.leave(other)
        contexts.leave(self)
        self.assertEqual([*contexts.released.values()], [True, False])
        self.assertRegex(
            contexts.still_held()[0], r"^a context that was entered at .*test_held.py:\d+ in enter$"
        )
        both(0)
        self.assertEqual(len(contexts.still_held()), 2)
