"""More tests that fail with versions of libraries which have a bug, and pass with those that have fixed it.

Run by `exploration.py`, like `affected.py`: the pools of clients, with other ends in this process.
"""

import asyncio
import contextlib
import sys
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase, explore

from . import redis_peer
from .http_peers import LAST_ANSWER, AnsweringTransport, Network

with contextlib.suppress(ImportError):
    import aiohttp

    class Connector(aiohttp.BaseConnector):
        """Connects to a peer of this process, within a second."""

        async def _create_connection(self, request, traces, timeout):
            await asyncio.sleep(1)  # waits: on virtual time
            protocol = aiohttp.client_proto.ResponseHandler(asyncio.get_running_loop())
            AnsweringTransport(protocol)
            return protocol


with contextlib.suppress(ImportError):
    import httpcore2
with contextlib.suppress(ImportError):
    import psycopg_pool

    from .databases import Connection
with contextlib.suppress(ImportError):
    import redis.asyncio


with_mended_wait_for = unittest.skipIf(
    sys.version_info < (3, 12), "asyncio.wait_for swallows the cancellation"
)


class Aiohttp(HygienicAsyncTestCase):
    @explore(cancellations=True, tasks="client-*", seconds=60)
    async def test_connector(self):
        """https://github.com/aio-libs/aiohttp/issues/9670"""
        async with aiohttp.ClientSession(connector=Connector(limit=1)) as session:

            async def ask():
                async with session.get("http://shop.example/") as response:
                    await response.read()

            clients = [asyncio.create_task(ask(), name=f"client-{number}") for number in range(3)]
            await asyncio.sleep(50)  # waits: on virtual time
            await self.assertAwaitedWithin(ask(), 100)
            await asyncio.wait(clients)


class Httpcore(HygienicAsyncTestCase):
    @explore(cancellations=True, tasks="client-*", seconds=60)
    async def test_pool(self):
        """https://github.com/pydantic/httpx2/pull/983"""
        network = Network(LAST_ANSWER)  # each connection is for one request
        async with httpcore2.AsyncConnectionPool(max_connections=1, network_backend=network) as pool:

            async def ask():
                await pool.request("GET", "http://shop.example/")

            clients = [asyncio.create_task(ask(), name=f"client-{number}") for number in range(2)]
            await asyncio.wait(clients)
            await self.assertAwaitedWithin(ask(), 100)


class PsycopgPool(HygienicAsyncTestCase):
    """Two clients share one connection; a third has to get it afterwards."""

    @explore(cancellations=True, tasks="client-*", seconds=60)
    async def test_waiting(self):
        """https://github.com/psycopg/psycopg/issues/509"""
        await self.share()

    @explore(cancellations=True, tasks="client-*", seconds=60)
    async def test_checked(self):
        """https://github.com/psycopg/psycopg/issues/1208"""
        await self.share(check=Connection.check)

    @with_mended_wait_for
    async def test_handed_over(self):
        """https://github.com/psycopg/psycopg/issues/1275"""
        await self.assertCancelSafe(self.use_once)

    @with_mended_wait_for
    async def test_checking(self):
        """https://github.com/psycopg/psycopg/issues/1401"""
        await self.assertCancelSafe(lambda: self.use_once(check=Connection.check))

    def pool(self, **options):
        return psycopg_pool.AsyncConnectionPool(
            connection_class=Connection, max_size=1, open=False, name="pool", **options
        )

    async def use_once(self, **options):
        async with self.pool(min_size=0, **options) as pool, pool.connection():
            await asyncio.sleep(1)  # waits: on virtual time

    async def share(self, **options):
        async with self.pool(min_size=1, **options) as pool:

            async def use():
                async with pool.connection():
                    await asyncio.sleep(1)  # waits: on virtual time

            clients = [asyncio.create_task(use(), name=f"client-{number}") for number in range(2)]
            await asyncio.wait(clients)
            await self.assertAwaitedWithin(use(), 10)


class RedisPipeline(HygienicAsyncTestCase):
    async def test_watching(self):
        """https://github.com/redis/redis-py/issues/4121"""
        client = None

        async def watch():
            nonlocal client
            pool = redis.asyncio.BlockingConnectionPool(max_connections=1, timeout=5)
            client = redis.asyncio.Redis(connection_pool=pool)
            async with client.pipeline() as pipeline:
                await pipeline.watch("stock")

        async def check():
            try:
                self.assertEqual(await client.echo("free"), b"free")
            finally:
                await client.connection_pool.disconnect()

        with mock.patch.object(asyncio, "open_connection", redis_peer.open_connection):
            # It may swallow the cancellation: asyncio.wait_for does before 3.12.
            await self.assertCancelSafe(watch, check=check, swallow=True)


if __name__ == "__main__":
    unittest.main()
