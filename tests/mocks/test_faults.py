"""Scripted calls that fail in an exploration do not count for their mocks."""

import asyncio
import contextlib
import threading
import unittest
from unittest import mock

from asynctestkit.mocks import MockBuilders, after, async_context, async_iterator, outcomes, response, session
from asynctestkit.mocks.faces import object_behind
from asynctestkit.mocks.faults import LOST, connection_lost, may_fail
from asynctestkit.mocks.leftovers import forgotten, unfinished
from tests.mocks.eager_library import AsyncClient
from tests.mocks.lazy_library import ClientConnectionError, ClientSession


async def fetch(number=0):
    return number


class FailingLoop(asyncio.SelectorEventLoop):
    """Makes the calls with these numbers fail, by their names."""

    def __init__(self, **fails):
        super().__init__()
        self.asynctestkit_faults = self
        self.fails = fails
        self.uses = []
        self.entered = []

    def enter(self, context):
        self.entered.append(context)

    def leave(self, context):
        self.entered.remove(context)

    def use(self, of, name, errors, method=""):
        name += f".{method}" if method else ""
        self.uses.append(name)
        self.ways = errors()
        if self.uses.count(name) != self.fails.get(name.replace(".", "_")):
            return None
        return self.ways[0]() if isinstance(self.ways[0], type) else self.ways[0]


class InFailingLoops(MockBuilders, unittest.TestCase):
    def run_in(self, coroutine, **fails):
        """The result of running it on a loop that makes those calls fail."""
        self.loop = FailingLoop(**fails)
        try:
            return self.loop.run_until_complete(coroutine)
        finally:
            self.loop.close()

    async def twice(self, call, error=ConnectionError):
        """The first call fails, the second one does not."""
        with self.assertRaises(error):
            await call()
        return await call()

    async def raises(self, error, call):
        with self.assertRaises(error):
            await call()


class CallsTests(InFailingLoops):
    def test_elsewhere_nothing_fails(self):
        """On another loop, and in a thread without one, no call fails."""
        asyncio.run(async_context().__aenter__())
        may_fail(self, "it", connection_lost)

        async def body():
            threads = [threading.Thread(target=may_fail, args=(self, "it", connection_lost))]
            for each in threads:
                each.start()
                each.join()

        self.run_in(body(), it=1)
        self.assertEqual(self.loop.uses, [])

    def test_outcomes(self):
        """A failed call is not recorded, and the next one gets its step; a step that raises is left alone."""
        double = mock.AsyncMock(name="fetch", side_effect=outcomes("a", KeyError(1), "b"))

        async def body():
            with self.assertRaises(ConnectionError) as caught:
                await double()
            self.assertEqual(str(caught.exception), LOST)
            return await double()

        double.side_effect = script = outcomes("a", "b")
        self.assertEqual(self.run_in(body(), fetch=1), "a")
        self.assertEqual((double.await_count, double.call_count), (1, 1))
        double.assert_awaited_once_with()
        self.assertEqual(forgotten([double]), [])
        self.assertIn("1 of 2 scripted outcomes never used", script.__self__.unfinished()[0])

    def test_a_call_that_is_a_task(self):
        """A failed call that is a task by itself has no caller of the user's, and is removed all the same."""
        double = mock.AsyncMock(name="fetch", side_effect=outcomes("a"))

        async def call():
            return await asyncio.create_task(double())

        self.assertEqual(self.run_in(self.twice(call), fetch=1), "a")
        double.assert_awaited_once_with()

    def test_outcomes_fail_as_they_do(self):
        """A call fails with the script's first exception; a step that raises, even late, does not."""

        async def body(effect, steps):
            for _ in range(steps):
                with contextlib.suppress(ValueError, asyncio.CancelledError):
                    await effect()

        self.run_in(body(outcomes(asyncio.CancelledError, after(0, ValueError), "a"), 3))
        self.assertEqual(self.loop.uses, ["outcomes"])
        self.assertEqual(list(self.loop.ways), [ValueError])
        error = ValueError(1)
        self.run_in(body(outcomes(error, "a"), 2))
        self.assertIs(self.loop.ways[0], error)
        self.run_in(body(outcomes(asyncio.CancelledError(), "a"), 2))
        self.assertIsInstance(self.loop.ways[0], ConnectionError)

    def test_a_patched_function(self):
        """A patched function fails before its return value or side effect, unless it raises by itself."""
        here = f"{__name__}.fetch"
        stand_in = self.patchAsync(here, returns=7)
        self.assertEqual(self.run_in(self.twice(lambda: fetch(1)), fetch=1), 7)
        stand_in.assert_awaited_once_with(1)
        self.assertEqual(stand_in.call_count, 1)
        stand_in.side_effect = outcomes("a")
        self.assertEqual(self.run_in(self.twice(lambda: fetch(2)), fetch=1), "a")
        self.assertEqual(self.loop.uses, ["fetch"] * 2)

        async def body():
            with self.assertRaises(ValueError):
                await fetch(3)

        stand_in.side_effect = ValueError
        self.run_in(body())
        self.patchAsync(here, raises=ValueError)
        self.run_in(body())
        self.assertEqual(self.loop.uses, [])

    def test_a_context_that_is_left(self):
        """Leaving it fails, and it was left all the same: the mock has recorded that."""
        context = async_context("connection", suppresses=True)

        async def body():
            for _ in range(2):
                with contextlib.suppress(ConnectionError):
                    async with context:
                        raise KeyError

        self.run_in(body(), context___aexit__=1)
        self.assertEqual(self.loop.uses, ["context", "context.__aexit__"] * 2)
        self.assertEqual((context.__aexit__.await_count, self.loop.entered), (2, []))
        self.assertEqual(unfinished([context]), [])

    def test_a_context(self):
        """A context fails on entry, and was not entered; awaiting it fails as well."""
        for awaitable in (False, True):
            context = async_context(7, awaitable=awaitable)

            async def body(context=context):
                with self.assertRaises(ConnectionError):
                    async with context:
                        self.fail("it was entered")
                async with context as value:
                    return value

            self.assertEqual(self.run_in(body(), context=1), 7)
            context.__aenter__.assert_awaited_once_with()
            self.assertEqual(unfinished([context]), [])
            self.assertEqual(self.loop.entered, [])
            self.run_in(context.__aenter__())
            self.assertEqual(self.loop.entered, [object_behind(context)])

        async def wait():
            return await context

        self.assertEqual(self.run_in(self.twice(wait), context=1), 7)
        broken = async_context(enter_raises=ValueError)
        self.run_in(self.raises(ValueError, broken.__aenter__))
        self.assertEqual(self.loop.uses, [])

    def test_an_iterator(self):
        """An iterator loses no item, and fails with its own exception if that is known."""
        items = async_iterator([1, 2])

        async def body(items):
            found = []
            while len(found) < 2:
                with contextlib.suppress(ConnectionError):
                    async for item in items:
                        found.append(item)
            return found

        self.assertEqual(self.run_in(body(items), iterator=2), [1, 2])
        self.assertEqual(self.run_in(body(async_iterator(iter([1, 2]))), iterator=1), [1, 2])
        failing = async_iterator([1, ValueError("cut")])
        self.assertEqual(self.run_in(self.twice(failing.__anext__, ValueError), iterator=1), 1)
        self.run_in(self.raises(ValueError, failing.__anext__))
        self.assertEqual(self.loop.uses, [])


class RequestsTests(InFailingLoops):
    def test_a_request(self):
        """A failed request is not recorded, and the next gets its answer; the errors are its library's."""
        for spec, errors in (
            (None, (ConnectionError, asyncio.TimeoutError)),
            (ClientSession, (ClientConnectionError, asyncio.TimeoutError)),
            (AsyncClient, (ConnectionError, asyncio.TimeoutError)),
        ):
            web = session({"GET *": [response(text="a"), response(text="b")]}, spec=spec)

            async def get(web=web):
                return await web.get("u")

            shown = self.run_in(self.twice(get, errors[0]), session_get=1)
            self.assertEqual(len(web.requests), 1)
            web.get.assert_called_once_with("u")
            self.assertIs(web.requests[0].response, shown)
            self.assertEqual(forgotten([web]), [])
            self.run_in(get())
            self.assertTrue(self.loop.uses[0].startswith("session.get"))

    def test_the_errors_of_a_request(self):
        """A request fails with a connection error or a timeout, or as another route fails; not twice."""
        web = session({"GET a": response(), "GET b": [ValueError("refused")], "GET c": response(text="c")})

        async def body():
            await web.get("a")
            with self.assertRaises(ValueError):
                await web.get("b")
            await self.twice(lambda: web.get("c"), ValueError)

        self.run_in(body(), session_get=2)
        self.assertEqual([type(each) for each in self.loop.ways], [ValueError])
        self.assertEqual([request.url for request in web.requests], ["a", "b", "c"])

        async def one():
            await session({"GET a": response()}).get("a")

        self.run_in(one())
        self.assertEqual([type(each) for each in self.loop.ways], [ConnectionError, asyncio.TimeoutError])

    def test_a_body(self):
        """A body that breaks off stays broken; its request does not count, and the next one is answered."""
        for spec in (ClientSession, AsyncClient):
            web = session({"GET *": [response(text="a"), response(text="b")]}, spec=spec)

            async def read(web=web, spec=spec):
                if spec is AsyncClient:
                    return (await web.get("u")).text
                async with web.get("u") as shown:
                    return await shown.text()

            self.assertEqual(self.run_in(self.twice(read), response=1), "a")
            self.assertEqual(len(web.requests), 1)
            web.get.assert_called_once_with("u")
            self.assertEqual(self.run_in(read()), "b")

    def test_a_streamed_body(self):
        """Any chunk of a body may fail, however it is read, unless the body breaks off by itself."""
        shown = response(chunks=["a\n", ValueError("cut")])

        async def body():
            lines = []
            with contextlib.suppress(ValueError):
                lines += [line async for line in shown.content]
            return lines

        self.run_in(body())
        self.assertEqual(self.loop.uses, ["response"])
        web = session({"GET *": response(chunks=["a", "b"])}, spec=AsyncClient)

        async def stream():
            async with web.stream("GET", "u") as streamed:
                return [part async for part in streamed.aiter_raw()]

        self.assertEqual(self.run_in(self.twice(stream), response=2), [b"a", b"b"])
        web.stream.assert_called_once_with("GET", "u")
        self.assertEqual(len(web.requests), 1)
