"""Tests that fail with versions of libraries which have a bug, and pass with those that have fixed it.

Run by `exploration.py`, which installs those versions; each class needs its library.
"""

import asyncio
import contextlib
import unittest

from asynctestkit import HygienicAsyncTestCase, explore

with contextlib.suppress(ImportError):
    import anyio
with contextlib.suppress(ImportError):
    from async_lru import alru_cache
with contextlib.suppress(ImportError):
    import redis.asyncio


class Anyio(HygienicAsyncTestCase):
    """Three tasks take turns; afterwards the resource has to be free."""

    @explore(cancellations=True, max_runs=1000, seconds=60)
    async def test_lock(self):
        """https://github.com/agronholm/anyio/pull/1145"""
        await self.take_turns(anyio.Lock())

    @explore(cancellations=True, max_runs=1000, seconds=60)
    async def test_semaphore(self):
        """https://github.com/agronholm/anyio/pull/1145"""
        await self.take_turns(anyio.Semaphore(1))

    @explore(cancellations=True, max_runs=1000, seconds=60)
    async def test_limiter(self):
        """https://github.com/agronholm/anyio/issues/947"""
        await self.take_turns(anyio.CapacityLimiter(1))

    async def take_turns(self, lock):
        async def turn():
            async with lock:
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(turn(), name=f"client-{number}") for number in range(3)]
        await asyncio.wait(tasks)
        await self.assertAwaitedWithin(turn(), 1)


class AsyncLru(HygienicAsyncTestCase):
    @explore()
    async def test_clear(self):
        """https://github.com/aio-libs/async-lru/issues/503"""
        wakes = asyncio.Event()

        @alru_cache
        async def fetch():
            await wakes.wait()
            return 7

        async def clear():
            await wakes.wait()
            await asyncio.sleep(0)
            fetch.cache_clear()

        fetching = asyncio.create_task(fetch(), name="fetching")
        await self.settle()
        clearing = asyncio.create_task(clear(), name="clearing")
        await self.settle()
        wakes.set()
        await asyncio.gather(clearing, fetching)


class Redis(HygienicAsyncTestCase):
    async def asyncSetUp(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.addAsyncCleanup(server.wait_closed)
        self.addCleanup(server.close)
        port = server.sockets[0].getsockname()[1]
        self.client = redis.asyncio.Redis(port=port, single_connection_client=True)
        self.addAsyncCleanup(self.client.close)

    @staticmethod
    async def serve(reader, writer):
        """The parts of redis that ECHO needs; any other command returns OK."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while count := int((await reader.readline())[1:] or 0):
                words = []
                for _ in range(count):
                    await reader.readline()
                    words.append((await reader.readline()).strip())
                writer.write(b"+%s\r\n" % words[-1] if words[0] == b"ECHO" else b"+OK\r\n")
                await writer.drain()
        writer.close()

    @explore(cancellations=True, tasks="asking", seconds=60)
    async def test_cancelled_read(self):
        """https://github.com/redis/redis-py/issues/2624"""
        await self.client.echo("warm")
        asking = asyncio.create_task(self.client.echo("one"), name="asking")
        await asyncio.wait({asking})
        answer = await self.client.echo("two")
        self.assertEqual(answer, b"two")


class WaitFor(HygienicAsyncTestCase):
    async def test_cancelled_as_the_result_is_there(self):
        """https://github.com/python/cpython/issues/86296"""

        async def take():
            queue = asyncio.Queue()
            asyncio.get_running_loop().call_later(1, queue.put_nowait, "job")
            await asyncio.wait_for(queue.get(), 5)

        await self.assertCancelSafe(take)


class StandardCondition(HygienicAsyncTestCase):
    @explore(cancellations=True)
    async def test_notified_and_cancelled(self):
        """https://github.com/python/cpython/issues/112202"""
        condition, work, done = asyncio.Condition(), ["job"], []

        async def consume():
            async with condition:
                while not work:
                    await condition.wait()
                done.append(work.pop())

        work.clear()
        consumers = [asyncio.create_task(consume(), name=f"consumer-{number}") for number in range(2)]
        await self.settle()
        async with condition:
            work.append("job")
            condition.notify()
        await asyncio.wait(consumers, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(1)  # waits: on virtual time
        self.assertEqual(done, ["job"])
        for each in consumers:
            each.cancel()


if __name__ == "__main__":
    unittest.main()
