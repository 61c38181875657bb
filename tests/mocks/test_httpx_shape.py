"""Responses with httpx's API; `tests/interop` compares them with the real ones."""

import unittest

from asynctestkit.mocks import ResponseError, response, session
from tests.mocks.eager_library import AsyncClient, HTTPStatusError, ResponseNotRead


class EagerResponseTests(unittest.IsolatedAsyncioTestCase):
    async def get(self, *args, **given):
        return await session({"GET u": response(*args, **given)}, spec=AsyncClient).get("u")

    def stream(self, *args, **given):
        return session({"GET u": response(*args, **given)}, spec=AsyncClient).stream("GET", "u")

    async def test_what_was_awaited_was_read(self):
        """Status, headers and body of an awaited response are available without awaiting."""
        shown = await self.get(json={"a": "ü"}, headers={"X-Tag": "1"})
        self.assertEqual(
            (shown.status_code, shown.reason_phrase, shown.http_version), (200, "OK", "HTTP/1.1")
        )
        self.assertEqual((shown.headers["x-tag"], shown.url, shown.request.method), ("1", "u", "GET"))
        self.assertEqual(
            (shown.json(), shown.text, shown.content), ({"a": "ü"}, '{"a": "\\u00fc"}', b'{"a": "\\u00fc"}')
        )
        self.assertEqual((shown.is_closed, await shown.aread(), shown.history), (True, shown.content, []))
        self.assertEqual((shown.encoding, shown.charset_encoding), ("utf-8", None))
        shown.json.assert_called_once_with()
        self.assertEqual(repr(shown), "<response 200 OK>")

    async def test_kinds_of_status(self):
        """Each class of status has its predicate."""
        names = ("is_informational", "is_success", "is_redirect", "is_client_error", "is_server_error")
        for number, name in enumerate(names, 1):
            shown = await self.get(number * 100 + 4)
            self.assertEqual([each for each in names if getattr(shown, each)], [name])
            self.assertEqual(shown.is_error, number > 3)

    async def test_raise_for_status(self):
        """A status other than success raises the library's error with request and response."""
        shown = await self.get(204)
        self.assertIs(shown.raise_for_status(), shown)
        for status, said in (
            (404, "Client error '404 Not Found' for url 'u'"),
            (302, "Redirect response '302 Found' for url 'u'"),
            (700, "Invalid status code '700 ' for url 'u'"),
        ):
            shown = await self.get(status)
            with self.assertRaises(HTTPStatusError) as caught:
                shown.raise_for_status()
            self.assertEqual(str(caught.exception), said)
            self.assertIs(caught.exception.response, shown)
            self.assertIs(caught.exception.request, shown.request)

    async def test_streams(self):
        """Chunks, exact pieces, text and lines can be iterated, across line ends and cut characters."""
        chunks = [b"on", b"e\r", b"\nt", b"\xc3", b"\xbc\n", b"th", b"ree"]
        for read, expected in (
            (lambda shown: shown.aiter_raw(), chunks),
            (lambda shown: shown.aiter_bytes(4), [b"one\r", b"\nt\xc3\xbc", b"\nthr", b"ee"]),
            (lambda shown: shown.aiter_text(), ["on", "e\r", "\nt", "ü\n", "th", "ree"]),
            (lambda shown: shown.aiter_lines(), ["one", "tü", "three"]),
        ):
            async with self.stream(chunks=chunks) as shown:
                self.assertFalse(shown.is_closed)
                self.assertEqual([part async for part in read(shown)], expected)
                self.assertTrue(shown.is_closed and shown.is_stream_consumed)

    async def test_the_ends_of_streams(self):
        """The last line may lack its end, and the last character may be incomplete."""
        for chunks, expected in (([b"a\n"], ["a"]), ([b"a\r"], ["a"]), ([b"a\xc3"], ["a\ufffd"]), ([], [])):
            async with self.stream(chunks=chunks) as shown:
                self.assertEqual([line async for line in shown.aiter_lines()], expected)

    async def test_a_body_that_was_read_streams_again(self):
        """A response that was read can be iterated as bytes any number of times."""
        async with self.stream(body=b"abcde") as shown:
            await shown.aread()
            for _ in range(2):
                self.assertEqual([part async for part in shown.aiter_bytes(2)], [b"ab", b"cd", b"e"])
            self.assertEqual([part async for part in shown.aiter_bytes()], [b"abcde"])

    async def test_errors_of_reading(self):
        """Unread, streamed twice, and closed responses raise the library's errors, or RuntimeError."""
        async with self.stream(body=b"abc") as shown:
            for read in (lambda: shown.text, lambda: shown.content, lambda: shown.json()):
                with self.assertRaises(ResponseNotRead):
                    read()
            _ = [part async for part in shown.aiter_raw()]
            with self.assertRaisesRegex(RuntimeError, "streamed already"):
                await shown.aread()
        async with self.stream(body=b"abc") as shown:
            await shown.aclose()
            with self.assertRaisesRegex(RuntimeError, "closed before its body was read"):
                await shown.aread()

    async def test_without_a_library(self):
        """A client class of no library raises our errors."""

        class Client(AsyncClient):
            pass

        Client.__module__ = "nowhere"
        Bare = type(
            "Bare", (), {"get": AsyncClient.get, "stream": AsyncClient.stream, "__module__": "nowhere"}
        )
        client = session({"GET u": response(404, body=b"x")}, spec=Bare)
        with self.assertRaises(ResponseError):
            (await client.get("u")).raise_for_status()
        async with client.stream("GET", "u") as shown:
            with self.assertRaisesRegex(RuntimeError, "`await response.aread\\(\\)` first"):
                _ = shown.text

    async def test_scripted_errors(self):
        """An exception for `json` or `text` is raised there, one in the body when the request is awaited."""
        shown = await self.get(body=b"{}", json=ValueError("no json"))
        with self.assertRaisesRegex(ValueError, "no json"):
            shown.json()
        self.assertEqual(shown.text, "{}")
        with self.assertRaises(KeyError):
            _ = (await self.get(json={}, text=KeyError)).text
        with self.assertRaisesRegex(ConnectionError, "cut"):
            await self.get(chunks=[b"a", ConnectionError("cut")])
