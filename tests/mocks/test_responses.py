"""Responses with aiohttp's API; `tests/interop` compares them with the real ones."""

import asyncio
import itertools
import json
import unittest

from asynctestkit.mocks import ResponseError, after, never, response
from asynctestkit.mocks.bodies import Answer
from asynctestkit.mocks.responses import answer_of


class AttributesTests(unittest.TestCase):
    def test_status_and_its_kin(self):
        """Status, reason and `ok` are consistent; a given reason replaces the usual one."""
        shown = response(404)
        self.assertEqual((shown.status, shown.reason, shown.ok), (404, "Not Found", False))
        self.assertEqual(response(200, reason="Fine").reason, "Fine")
        self.assertEqual(
            [response(status).ok for status in (204, 302, 399, 400, 500)], [True] * 3 + [False] * 2
        )
        self.assertEqual(repr(shown), "<response 404 Not Found>")

    def test_a_status_is_a_number(self):
        """A body in the place of the status is rejected, and so is the status as text."""
        for wrong in ("not found", "404", True, None):
            with (
                self.subTest(wrong),
                self.assertRaisesRegex(TypeError, f"^status is {wrong!r}, expected an int"),
            ):
                response(wrong)

    def test_headers_have_no_case(self):
        """Headers are found in any case, and the content type follows from how the body is given."""
        shown = response(json=1, headers={"X-Tag": "1", "content-length": "1"})
        self.assertEqual((shown.headers["x-tag"], shown.content_type), ("1", "application/json"))
        self.assertEqual((shown.content_length, response().content_length), (1, None))
        self.assertEqual((response(text="a").charset, response(body=b"a").headers), ("utf-8", {}))
        self.assertEqual(response(json=1, headers={"content-type": "x/y"}).headers, {"Content-Type": "x/y"})
        self.assertEqual(response(json=ValueError, text=ValueError).headers, {})

    def test_where_it_comes_from(self):
        """URL and method are as given."""
        shown = response(url="http://h/", method="POST")
        self.assertEqual((shown.url, shown.real_url, shown.method), ("http://h/", "http://h/", "POST"))
        self.assertEqual((shown.request_info.method, shown.history), ("POST", ()))

    def test_what_it_lacks_is_missing(self):
        """A misspelt method is an AttributeError."""
        with self.assertRaises(AttributeError):
            response().jsn()

    def test_its_answer_is_known(self):
        """A response has an answer for sessions; other objects have none."""
        self.assertIsInstance(answer_of(response()), Answer)
        for other in (None, unittest.mock.Mock(), ValueError()):
            self.assertIsNone(answer_of(other))


class BodyTests(unittest.IsolatedAsyncioTestCase):
    async def test_every_way_in_is_every_way_out(self):
        """However the body is given, `json`, `text` and `read` return it, in any order, repeatedly."""
        value = {"a": [1, None, "ü"]}
        text = json.dumps(value)
        data = text.encode()
        expected = {"json": value, "text": text, "read": data}
        for given in ({"json": value}, {"text": text}, {"body": data}, {"chunks": [data[:3], "", text[3:]]}):
            for order in itertools.permutations(expected):
                shown = response(**given)
                for way in (*order, *order):
                    self.assertEqual(await getattr(shown, way)(), expected[way], (given, order))

    async def test_json_is_made_anew(self):
        """Each call of `json` returns a new value."""
        shown = response(json={"a": 1})
        (await shown.json()).clear()
        self.assertEqual(await shown.json(), {"a": 1})
        self.assertIsNone(await response().json())
        self.assertEqual(await response(text=" 7 ").json(loads=str), "7")

    async def test_text_has_its_encoding(self):
        """Text is decoded by the headers' charset, or the caller's."""
        shown = response(text="ü", headers={"Content-Type": "text/plain; charset=latin-1"})
        self.assertEqual(
            (await shown.read(), await shown.text(), shown.get_encoding()), (b"\xfc", "ü", "iso8859-1")
        )
        self.assertEqual(await response(body=b"\xff").text(errors="replace"), "\ufffd")
        self.assertEqual(await response(body=b"\xfc").text("latin-1"), "ü")

    async def test_it_streams(self):
        """Chunks, pieces, lines, and every method of StreamReader can be read."""
        chunks = [b"one\nt", b"wo\nth", b"ree"]

        def stream():
            return response(chunks=chunks).content

        self.assertEqual([chunk async for chunk in stream().iter_any()], chunks)
        self.assertEqual(
            [piece async for piece in stream().iter_chunked(4)], [b"one\n", b"t", b"wo\nt", b"h", b"ree"]
        )
        self.assertEqual([line async for line in stream()], [b"one\n", b"two\n", b"three"])
        content = stream()
        self.assertEqual(await content.readexactly(6), b"one\ntw")
        self.assertEqual(
            (await content.read(1), await content.readline(), content.at_eof()), (b"o", b"\n", False)
        )
        self.assertEqual(
            (await content.read(), await content.readany(), content.at_eof()), (b"three", b"", True)
        )
        with self.assertRaises(asyncio.IncompleteReadError) as caught:
            await response(text="ab").content.readexactly(3)
        self.assertEqual((caught.exception.partial, caught.exception.expected), (b"ab", 3))
        content.read.assert_awaited_with()

    async def test_what_was_streamed_is_gone(self):
        """After streaming, `read` returns the rest."""
        shown = response(text="abcdef")
        self.assertEqual((await shown.content.read(2), await shown.text()), (b"ab", "cdef"))

    async def test_errors_at_each_place(self):
        """An exception given for a method is raised by it alone; one for the body by every reader."""
        shown = response(body=b"{}", json=ValueError("no json"))
        with self.assertRaisesRegex(ValueError, "no json"):
            await shown.json()
        self.assertEqual(await shown.text(), "{}")
        shown = response(json={}, text=KeyError)
        with self.assertRaises(KeyError):
            await shown.text()
        self.assertEqual(await shown.json(), {})
        for way in ("read", "text", "json"):
            with self.assertRaises(ConnectionError):
                await getattr(response(body=ConnectionError("cut")), way)()

    async def test_an_error_in_the_middle_of_the_body(self):
        """Data before an error can be streamed; reading the whole body raises the error."""
        shown, seen = response(chunks=[b"a", ConnectionError("cut")]), []
        with self.assertRaisesRegex(ConnectionError, "cut"):
            async for chunk in shown.content.iter_any():
                seen.append(chunk)
        self.assertEqual(seen, [b"a"])
        with self.assertRaisesRegex(ConnectionError, "cut"):
            await shown.read()
        self.assertTrue(shown.closed)

    async def test_a_late_body(self):
        """`after` and `never` among the chunks delay the reader."""
        self.assertEqual(await response(chunks=[after(0, "late")]).text(), "late")
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(response(chunks=["a", never()]).text(), 0.001)


class ReleaseTests(unittest.IsolatedAsyncioTestCase):
    async def test_raise_for_status(self):
        """An error status raises the library's error, or ours, and releases; others do not raise."""
        self.assertIsNone(response(399).raise_for_status())
        shown = response(503, text="later", headers={"Retry-After": "1"})
        with self.assertRaises(ResponseError) as caught:
            shown.raise_for_status()
        self.assertEqual((caught.exception.status, caught.exception.headers["retry-after"]), (503, "1"))
        self.assertTrue(shown.closed)
        async with (shown := response(503, text="later")):
            with self.assertRaises(ResponseError):
                shown.raise_for_status()
            self.assertEqual(await shown.text(), "later")

    async def test_each_way_to_release(self):
        """After `release` (awaited or not), `close`, `wait_for_close` or leaving, nothing can be read."""

        async def leave(shown):
            async with shown as entered:
                self.assertIs(entered, shown)

        async def wait(shown):
            await shown.release()

        for way in (lambda s: s.release(), lambda s: s.close(), lambda s: s.wait_for_close(), leave, wait):
            shown = response(text="abc")
            self.assertFalse(shown.closed)
            result = way(shown)
            if result is not None:
                await result
            self.assertTrue(shown.closed)
            with self.assertRaisesRegex(ConnectionError, "Connection closed"):
                await shown.text()

    async def test_what_was_read_stays(self):
        """Text and JSON that were read before remain after the release; `read` says that it is closed."""
        async with (shown := response(json=[1])):
            await shown.read()
        self.assertEqual((await shown.json(), await shown.text()), ([1], "[1]"))
        with self.assertRaises(ConnectionError):
            await shown.read()

    async def test_every_part_is_a_mock(self):
        """Parts of a response record, can be scripted, and reset."""
        shown = response(json=1)
        await shown.json()
        shown.json.assert_awaited_once_with()
        shown.release.assert_not_called()
        shown.reset_mock()
        shown.json.assert_not_awaited()
        shown.read.side_effect = [b"scripted"]
        self.assertEqual(await shown.read(), b"scripted")
