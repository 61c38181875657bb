"""The session that stands for httpx's AsyncClient."""

import unittest

from asynctestkit.mocks import response, session
from asynctestkit.mocks.leftovers import unfinished
from tests.mocks.eager_library import AsyncClient

METHODS = ("GET", "OPTIONS", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class HttpxShapeTests(unittest.IsolatedAsyncioTestCase):
    async def test_every_method(self):
        """Each method is awaited and returns a response that was read."""
        web = session({f"{method} u": response(json=method) for method in METHODS}, spec=AsyncClient)
        self.assertIsInstance(web, AsyncClient)
        for method in METHODS:
            shown = await getattr(web, method.lower())("u")
            self.assertEqual((shown.json(), shown.is_closed), (method, True))
            self.assertEqual((await web.request(method, "u")).json(), method)
        web.get.assert_awaited_once_with("u")
        self.assertEqual(unfinished([web]), [])

    async def test_a_stream_is_entered(self):
        """`stream` is a context that closes its response."""
        web = session({"GET u": response(text="a\nb")}, spec=AsyncClient)
        async with web.stream("GET", "u") as shown:
            self.assertEqual([line async for line in shown.aiter_lines()], ["a", "b"])
        shown.aclose.assert_awaited_once_with()
        entered = await web.stream("GET", "u").__aenter__()
        self.assertEqual(len(unfinished([web])), 1)
        entered.aclose.side_effect = [None]
        self.assertEqual(unfinished([web]), [])

    async def test_it_is_a_context(self):
        """Leaving the context, and `aclose`, close the client."""
        web = session({"GET u": response()}, spec=AsyncClient)
        async with web as entered:
            self.assertIs(entered, web)
            self.assertFalse(web.is_closed)
        self.assertTrue(web.is_closed)
        with self.assertRaises(RuntimeError):
            await web.get("u")
        await (other := session(spec=AsyncClient)).aclose()
        self.assertTrue(other.is_closed)

    async def test_a_forgotten_await_is_known(self):
        """A request that was not awaited is reported with its arguments."""
        web = session({"GET u": response()}, spec=AsyncClient)
        web.get("u", params={"a": 1})
        (line,) = unfinished([web], close=True)
        self.assertRegex(
            line, r"^called, never awaited: session\.get\('u', params=\{'a': 1\}\) at .*test_httpx_client"
        )
