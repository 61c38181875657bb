"""Real libraries that keep something for the process, or stop the clock: no correct test is accused.

Run by `make interop`. Each helper is made by whichever test comes first, kept by a module or cached function,
and used again by the next: on a plain class, and on ours in every mode and order, with the same outcomes.
"""

import asyncio
import concurrent.futures
import contextlib
import functools
import itertools
import os
import unittest

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it logs each fork

import aiohttp
import aiosqlite
import freezegun
import grpc
import grpc.aio
import httpx
import redis
import redis.asyncio
import sqlalchemy
import sqlalchemy.ext.asyncio
import starlette.applications
import starlette.responses
import starlette.routing
import time_machine
import uvloop
import websockets.asyncio.client
import websockets.asyncio.server

from asynctestkit import STRICT_DETECTORS, HygienicAsyncTestCase, LeakError
from tests.running import run_case

MODES = (
    {},
    {"leak_detectors": STRICT_DETECTORS},
    {"on_leak": "warn"},
    {"on_leak": "ignore"},
)
ENGINE = None


@functools.cache
def processes():
    return concurrent.futures.ProcessPoolExecutor(1)


@functools.cache
def threads():
    return concurrent.futures.ThreadPoolExecutor(1)


@functools.cache
def sync_client():
    return httpx.Client(timeout=5)


@functools.cache
def stub():
    """A sync channel, with threads of a library in C, that no test closes."""
    return grpc.insecure_channel("127.0.0.1:9")


async def in_a_process():
    assert await asyncio.get_running_loop().run_in_executor(processes(), abs, -1) == 1


async def in_a_thread():
    assert await asyncio.get_running_loop().run_in_executor(threads(), abs, -1) == 1


async def by_a_channel():
    with contextlib.suppress(grpc.FutureTimeoutError):
        grpc.channel_ready_future(stub()).result(timeout=0.05)


async def by_an_async_channel():
    async with grpc.aio.insecure_channel("127.0.0.1:9") as channel:
        channel.get_state(try_to_connect=True)


async def by_aiosqlite():
    async with aiosqlite.connect(":memory:") as connection:
        async with connection.execute("select 1") as cursor:
            assert await cursor.fetchone() == (1,)


async def by_an_engine():
    """An engine that a module keeps; each loop returns its connections, as in SQLAlchemy's manual."""
    global ENGINE
    if ENGINE is None:
        ENGINE = sqlalchemy.ext.asyncio.create_async_engine("sqlite+aiosqlite://")
    async with ENGINE.connect() as connection:
        assert (await connection.execute(sqlalchemy.text("select 1"))).scalar() == 1
    await ENGINE.dispose()


async def answer(reader, writer):
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while await reader.read(1000):
            writer.write(b"+PONG\r\n")
    writer.close()


async def say_nothing(reader, writer):
    """An HTTP answer without a body, on a connection that stays open as long as the client has it."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()


async def by_redis():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        options = {"protocol": 2, "lib_name": None, "lib_version": None}
        async with redis.asyncio.Redis(host=host, port=port, **options) as client:
            assert await client.ping()
        await asyncio.sleep(0)


async def by_httpx():
    sync_client()
    async with httpx.AsyncClient(timeout=1) as client:
        with contextlib.suppress(httpx.HTTPError):
            await client.get("http://127.0.0.1:9/")


async def by_aiohttp():
    async with aiohttp.ClientSession() as session:
        with contextlib.suppress(aiohttp.ClientError):
            await session.get("http://127.0.0.1:9/")


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def by_websockets():
    async with websockets.asyncio.server.serve(echo, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        async with websockets.asyncio.client.connect(f"ws://{host}:{port}", proxy=None) as client:
            await client.send("hello")
            assert await client.recv() == "hello"


async def greet(request):
    return starlette.responses.JSONResponse({"hello": request.query_params["name"]})


async def by_starlette():
    app = starlette.applications.Starlette(routes=[starlette.routing.Route("/", greet)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        assert (await client.get("/?name=x")).json() == {"hello": "x"}


USES = (
    in_a_process,
    in_a_thread,
    by_a_channel,
    by_an_async_channel,
    by_aiosqlite,
    by_an_engine,
    by_redis,
    by_httpx,
    by_aiohttp,
    by_websockets,
    by_starlette,
)


def forget():
    """Resets the module, as in a new process."""
    global ENGINE
    ENGINE = None
    for cached in (processes, threads, sync_client, stub):
        cached.cache_clear()


def case_of(use, base=HygienicAsyncTestCase, **members):
    async def test(case):
        await use()

    return type("Uses", (base,), {"test": test, **members})


class InnocenceTests(unittest.TestCase):
    def setUp(self):
        self.addCleanup(forget)

    def assertPasses(self, case):
        outcome = run_case(case)
        found = [*outcome.errors, *outcome.failures, *outcome.leak_warnings]
        self.assertEqual(found, [], outcome.report)

    def test_plain(self):
        """Without the library each use passes, first and second."""
        for use in (*USES, *USES):
            with self.subTest(use.__name__):
                self.assertPasses(case_of(use, unittest.IsolatedAsyncioTestCase))

    def test_in_every_mode(self):
        """The first test that needs a helper is not charged with it, and it works in the next."""
        for members in MODES:
            forget()
            for use in (*USES, *USES):
                with self.subTest(use.__name__, **members):
                    self.assertPasses(case_of(use, **members))

    def test_on_the_virtual_clock(self):
        """Time stands still while a library is at work, and its waits are charged to nothing."""
        for use in (*USES, *USES):
            with self.subTest(use.__name__):
                self.assertPasses(case_of(use, clock="virtual"))

    def test_in_other_orders(self):
        """Each pair passes in both orders."""
        for first, second in itertools.permutations(USES, 2):
            forget()
            for use in (first, second):
                with self.subTest(first=first.__name__, use=use.__name__):
                    self.assertPasses(case_of(use))


class UnclosedTests(unittest.TestCase):
    """An unclosed object is reported by its own name, and as one leak."""

    def leaks(self, body, **members):
        outcome = run_case(type("Uses", (HygienicAsyncTestCase,), {"test": body, **members}))
        return [(leak.kind, leak.name) for leak in outcome.leaks]

    def test_a_session(self):
        """A session of aiohttp's is reported when dropped, kept, or in a cycle."""

        async def drops(case):
            aiohttp.ClientSession()

        async def keeps(case):
            case.session = aiohttp.ClientSession()

        async def drops_in_a_cycle(case):
            cycle = [aiohttp.ClientSession()]
            cycle.append(cycle)

        for body in (drops, keeps, drops_in_a_cycle):
            with self.subTest(body.__name__):
                self.assertEqual(self.leaks(body), [("unclosed", "ClientSession")])

    def test_clients(self):
        """The remedy for a connection or thread names the object that keeps it, on both clocks."""

        async def by_httpx(case):
            case.server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
            case.client = httpx.AsyncClient()
            await case.client.get("http://{}:{}/".format(*case.server.sockets[0].getsockname()))

        async def by_redis(case):
            case.server = await asyncio.start_server(answer, "127.0.0.1", 0)
            host, port = case.server.sockets[0].getsockname()
            options = {"protocol": 2, "lib_name": None, "lib_version": None}
            case.client = redis.asyncio.Redis(host=host, port=port, **options)
            await case.client.ping()

        async def by_aiosqlite(case):
            case.connection = await aiosqlite.connect(":memory:")

        async def by_websockets(case):
            case.server = await websockets.asyncio.server.serve(echo, "127.0.0.1", 0)
            host, port = case.server.sockets[0].getsockname()
            case.client = await websockets.asyncio.client.connect(f"ws://{host}:{port}", proxy=None)

        for clock in ("real", "virtual"):
            for body, maker in (
                (by_httpx, "httpx.AsyncClient"),
                (by_redis, "redis.Redis"),
                (by_aiosqlite, "aiosqlite.Connection"),
                (by_websockets, "websockets.connect"),
            ):
                with self.subTest(maker, clock=clock):
                    members = {"test": body, "clock": clock, "settle_time": 0.2}
                    outcome = run_case(type("Uses", (HygienicAsyncTestCase,), members))
                    remedies = {leak.remedy for leak in outcome.leaks}
                    self.assertIn(f"close the {maker} that made it", remedies, outcome.report)

    def test_on_uvloop(self):
        """On uvloop a server left open is reported by its warning, and a clean test has no report."""

        async def leaves(case):
            await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)

        async def closes(case):
            server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
            server.close()
            await server.wait_closed()

        members = {"loop_factory": staticmethod(uvloop.new_event_loop), "settle_time": 0.05}
        self.assertEqual([kind for kind, _ in self.leaks(leaves, **members)], ["unclosed"])
        self.assertEqual(self.leaks(closes, **members), [])


class ClockTests(unittest.TestCase):
    """A stopped clock causes neither a hang nor a premature deadline."""

    FREEZES = {
        "freezegun": lambda: freezegun.freeze_time("2026-01-01"),
        "time_machine": lambda: time_machine.travel(0, tick=False),
    }

    def test_in_the_body(self):
        """Code that does not wait for a timer passes, and leaks are found in bounded time."""
        for name, freeze in self.FREEZES.items():

            async def passes(case, freeze=freeze):
                with freeze():
                    await asyncio.sleep(0)

            async def leaks(case, freeze=freeze):
                with freeze():
                    case.task = asyncio.create_task(asyncio.Event().wait())
                    await asyncio.sleep(0)

            with self.subTest(name):
                clean, leaky = (
                    run_case(type("Frozen", (HygienicAsyncTestCase,), {"test": body}))
                    for body in (passes, leaks)
                )
                self.assertEqual(clean.complaints, [])
                self.assertEqual([type(error) for error in leaky.failures], [LeakError])

    def test_around_the_test(self):
        """The clock may be stopped before the test, and for longer."""

        async def test(case):
            await asyncio.sleep(0)

        for name, freeze in self.FREEZES.items():
            with self.subTest(name), freeze():
                case = type("Frozen", (HygienicAsyncTestCase,), {"test": test, "deadline": 5.0})
                self.assertEqual(run_case(case).complaints, [])
