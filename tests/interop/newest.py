"""What exploration finds in today's versions of libraries; run by `exploration.py`, which installs them.

The tests of the classes called Found… fail: their docstrings say why that is right. The others pass.
"""

import asyncio
import unittest
from unittest import mock

import anyio
import httpcore
import httpcore2
import httpx
import psycopg_pool
import redis.asyncio

from asynctestkit import HygienicAsyncTestCase, explore

from . import redis_peer
from .affected_pools import Connector, aiohttp
from .databases import Connection
from .http_peers import LAST_ANSWER, Network

explored = explore(cancellations=True, tasks="client-*", max_runs=200, seconds=60)


class Clients(HygienicAsyncTestCase):
    def start(self, make_coro, number):
        return [asyncio.create_task(make_coro(), name=f"client-{each}") for each in range(number)]

    async def use_http(self, ask, clients=3):
        """Each of the clients has to end, and a further one has to get an answer."""
        await self.assertAwaitedWithin(asyncio.wait(self.start(ask, clients)), 100)
        await self.assertAwaitedWithin(ask(), 100)

    async def use_pool(self, core, network, clients=3, **options):
        async with core.AsyncConnectionPool(network_backend=network, **options) as pool:
            await self.use_http(lambda: pool.request("GET", "http://shop.example/"), clients)
        self.assertEqual([each for each in network.streams if not each.is_closed], [])


class FoundInAiohttp(Clients):
    @explored
    async def test_session(self):
        """A client that was told of a free connection, and is cancelled, tells no other: they wait on.

        `BaseConnector._wait_for_available_connection`: its `finally` does not call `_release_waiter`.
        """
        async with aiohttp.ClientSession(connector=Connector(limit=1)) as session:

            async def ask():
                async with session.get("http://shop.example/") as response:
                    await response.read()

            await self.use_http(ask)


class FoundInHttpcore(Clients):
    @explored
    async def test_before_the_connection(self):
        """https://github.com/encode/httpcore/issues/1093, which is open."""
        await self.use_pool(httpcore, Network(LAST_ANSWER), max_connections=1)

    @explored
    async def test_before_the_request(self):
        """A connection whose request is cancelled as it takes the lock of its state stays NEW for ever.

        `AsyncHTTP11Connection.handle_async_request`: its `async with self._state_lock` is before its `try`.
        """
        await self.use_pool(httpcore, Network(), max_connections=1)

    @explored
    async def test_httpx(self):
        """The same, with the client that most use."""
        async with httpx.AsyncHTTPTransport(verify=False) as transport:
            transport._pool = httpcore.AsyncConnectionPool(max_connections=1, network_backend=Network())
            client = httpx.AsyncClient(transport=transport, timeout=None)
            await self.use_http(lambda: client.get("http://shop.example/"))


class FoundInAnyio(Clients):
    @explored
    async def test_condition(self):
        """Cancelled as it takes the lock again, `Condition.wait` loses the notice and raises RuntimeError.

        The shield in its `finally` does not stop `Task.cancel()`, with which `Lock.acquire` lets go.
        """
        condition, work, done = anyio.Condition(), [], []

        async def consume():
            async with condition:
                while not work:
                    await condition.wait()
                done.append(work.pop())

        consumers = self.start(consume, 2)
        await self.settle()
        async with condition:
            work.append("job")
            condition.notify()
        await asyncio.sleep(1)  # waits: on virtual time
        for each in consumers:
            each.cancel()
        await asyncio.wait(consumers)
        self.assertEqual(done, ["job"])


class RedisClients(Clients):
    def setUp(self):
        patch = mock.patch.object(asyncio, "open_connection", redis_peer.open_connection)
        patch.start()
        self.addCleanup(patch.stop)


class FoundInRedis(RedisClients):
    async def test_disconnecting(self):
        """Cancelled before it has begun, `ConnectionPool.disconnect` leaves connections open.

        It gathers tasks that are cancelled with it before their first step.
        """

        async def work():
            pool = redis.asyncio.ConnectionPool()
            try:
                await redis.asyncio.Redis(connection_pool=pool).echo("one")
            finally:
                await pool.disconnect()

        await self.assertCancelSafe(work, swallow=True)  # wait_for swallows it, before 3.12

    async def test_leaving(self):
        """Cancelled as it leaves `async with`, a client is not closed.

        `Redis.__aexit__` awaits `_decrement_usage` before it calls `aclose`.
        """

        async def work():
            async with redis.asyncio.Redis(single_connection_client=True) as client:
                await client.echo("one")

        await self.assertCancelSafe(work, swallow=True)  # wait_for swallows it, before 3.12


class Httpcore2(Clients):
    @explored
    async def test_one_connection(self):
        await self.use_pool(httpcore2, Network(), max_connections=1)

    @explored
    async def test_two_connections_for_one_request_each(self):
        await self.use_pool(httpcore2, Network(LAST_ANSWER), 4, max_connections=2)

    @explored
    async def test_nothing_is_kept(self):
        await self.use_pool(httpcore2, Network(), max_connections=2, max_keepalive_connections=0)


class Anyio(Clients):
    async def use_lock(self, lock, clients):
        async def use():
            async with lock:
                await asyncio.sleep(0)

        await self.assertAwaitedWithin(asyncio.wait(self.start(use, clients)), 1)
        await self.assertAwaitedWithin(use(), 1)

    @explored
    async def test_fast_lock(self):
        await self.use_lock(anyio.Lock(fast_acquire=True), 3)

    @explored
    async def test_semaphore(self):
        await self.use_lock(anyio.Semaphore(2), 4)

    @explored
    async def test_limiter(self):
        await self.use_lock(anyio.CapacityLimiter(2), 4)

    @explored
    async def test_stream(self):
        send, receive = anyio.create_memory_object_stream(0)
        got = []

        async def consume():
            async for item in receive:
                got.append(item)

        clients = self.start(consume, 2)
        with send, receive:
            for item in range(3):
                with anyio.move_on_after(1):  # both may have been cancelled
                    await send.send(item)
            send.close()
            await asyncio.wait(clients)
        self.assertEqual(got, sorted(got))


class PsycopgPool(Clients):
    async def use_database(self, kind, clients, **options):
        pool = kind(connection_class=Connection, open=False, name="pool", **options)
        async with pool:

            async def use():
                async with pool.connection():
                    await asyncio.sleep(1)  # waits: on virtual time

            await self.assertAwaitedWithin(asyncio.wait(self.start(use, clients)), 100)
            await self.assertAwaitedWithin(use(), 100)

    @explored
    async def test_two_connections(self):
        await self.use_database(psycopg_pool.AsyncConnectionPool, 4, min_size=1, max_size=2)

    @explored
    async def test_nothing_is_kept(self):
        await self.use_database(psycopg_pool.AsyncNullConnectionPool, 3, min_size=0, max_size=1)


class Redis(RedisClients):
    async def ask_all(self, client):
        async def ask():
            name = asyncio.current_task().get_name()
            self.assertEqual(await client.echo(name), name.encode())

        await asyncio.wait(clients := self.start(ask, 3))
        await self.assertAwaitedWithin(ask(), 100)
        for each in clients:
            if not each.cancelled():
                each.result()
        await client.aclose()

    @explored
    async def test_pool(self):
        client = redis.asyncio.Redis(max_connections=5)
        await self.ask_all(client)

    @explored
    async def test_one_connection(self):
        await self.ask_all(redis.asyncio.Redis(single_connection_client=True))


if __name__ == "__main__":
    unittest.main()
