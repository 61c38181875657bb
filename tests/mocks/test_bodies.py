"""Headers, and bodies in chunks."""

import asyncio
import unittest

from asynctestkit.mocks import after, never
from asynctestkit.mocks.bodies import Answer, Body, Headers, body_steps, reason_of

ABSENT = object()


def steps(json=ABSENT, text=ABSENT, body=ABSENT, chunks=ABSENT, encoding="utf-8"):
    return body_steps(json, text, body, chunks, ABSENT, encoding)


class HeadersTests(unittest.TestCase):
    def setUp(self):
        self.headers = Headers([("X-Tag", "1"), ("Set-Cookie", "a"), ("set-cookie", "b"), ("Number", 7)])

    def test_names_have_no_case(self):
        """A header is found in every spelling, and a missing one in none."""
        self.assertEqual(
            (self.headers["x-tag"], self.headers.get("X-TAG"), self.headers["NUMBER"]), ("1", "1", "7")
        )
        self.assertIn("x-tAG", self.headers)
        self.assertNotIn("x-other", self.headers)
        self.assertNotIn(3, self.headers)
        with self.assertRaises(KeyError):
            self.headers["x-other"]

    def test_a_name_may_come_twice(self):
        """Of a repeated header the first value counts, all are available, and the name is one key."""
        self.assertEqual(self.headers["Set-Cookie"], "a")
        self.assertEqual(self.headers.getall("SET-COOKIE"), ["a", "b"])
        self.assertEqual(sorted(self.headers), ["Number", "Set-Cookie", "X-Tag"])
        self.assertEqual(len(self.headers), 3)

    def test_they_compare_without_case(self):
        """Headers equal others, and dictionaries, without regard to case, and nothing else."""
        self.assertEqual(Headers({"A": "1", "B": "2"}), {"b": "2", "a": "1"})
        self.assertEqual(Headers({"A": "1"}), Headers([("a", "1")]))
        self.assertNotEqual(Headers({"A": "1"}), {"a": "2"})
        self.assertNotEqual(Headers(), [])
        self.assertEqual(repr(Headers({"A": "1"})), "<Headers {'A': '1'}>")


class AnswerTests(unittest.TestCase):
    def answer(self, content_type=None):
        return Answer(200, "OK", Headers({"content-type": content_type} if content_type else {}), ())

    def test_content_type_and_charset(self):
        """The content type has no parameters; the charset is one of them."""
        self.assertEqual(self.answer("Text/HTML; charset=Latin-1").content_type, "text/html")
        self.assertEqual(self.answer("text/html; charset=Latin-1").charset, "latin-1")
        self.assertEqual(self.answer("text/html; charset=Latin-1").encoding, "iso8859-1")
        self.assertEqual(self.answer().content_type, "application/octet-stream")

    def test_without_a_known_charset_text_is_utf_8(self):
        """Without a known charset text is UTF-8."""
        for kind in (None, "text/plain", "text/plain; charset=klingon"):
            self.assertEqual(self.answer(kind).encoding, "utf-8")

    def test_reasons(self):
        """Known statuses have a reason, others have none."""
        self.assertEqual((reason_of(404), reason_of(799)), ("Not Found", ""))


class StepsTests(unittest.TestCase):
    def test_each_way_gives_bytes(self):
        """JSON, text, bytes and chunks all become chunks of bytes, in the encoding."""
        self.assertEqual(steps(json={"a": None}), (b'{"a": null}',))
        self.assertEqual(steps(json=None), (b"null",))
        self.assertEqual(steps(text="grün", encoding="latin-1"), (b"gr\xfcn",))
        self.assertEqual(steps(body=b"abc"), (b"abc",))
        self.assertEqual(steps(chunks=["a", bytearray(b"b"), memoryview(b"c")]), (b"a", b"b", b"c"))
        self.assertEqual((steps(), steps(body=b""), steps(chunks=[])), ((), (), ()))

    def test_errors_and_waiting_are_chunks_too(self):
        """Exceptions, `after` and `never` may be among the chunks; an exception for a method is no body."""
        error, endless = ValueError(), never()
        late, empty = steps(chunks=[after(1, "x"), after(2)])
        self.assertEqual((late.step, empty.step), (b"x", b""))
        self.assertEqual(steps(chunks=[error, endless, KeyError]), (error, endless, KeyError))
        self.assertEqual(steps(json=error, text=KeyError, body=b"x"), (b"x",))
        self.assertEqual(steps(body=error), (error,))

    def test_two_bodies_are_refused(self):
        """Two bodies, and an invalid one, are a TypeError."""
        with self.assertRaisesRegex(TypeError, "as json and as text"):
            steps(json=1, text="1")
        for bad in (7, {}, [b"x"]):
            with self.assertRaisesRegex(TypeError, "cannot be in a body"):
                steps(body=bad)
        with self.assertRaisesRegex(TypeError, "cannot be in a body"):
            steps(chunks=[None])
        with self.assertRaises(TypeError):
            steps(json=object())


class BodyTests(unittest.IsolatedAsyncioTestCase):
    async def test_chunks_are_given_once(self):
        """Each chunk is read once, empty ones are skipped, and b"" is the end."""
        body = Body([b"a", b"", b"b"], lambda body: None)
        self.assertFalse(body.arrived)
        self.assertEqual([await body.next_chunk() for _ in range(4)], [b"a", b"b", b"", b""])
        self.assertTrue(body.arrived)
        self.assertTrue(Body([], lambda body: None).arrived)

    async def test_what_broke_it_off_stays(self):
        """After an error in the middle every further reading raises it again."""
        body = Body([b"a", ConnectionError("cut"), b"b"], lambda body: None)
        await body.next_chunk()
        for _ in range(2):
            with self.assertRaisesRegex(ConnectionError, "cut"):
                await body.next_chunk()
        self.assertTrue(body.arrived)

    async def test_a_cancelled_reading_loses_nothing(self):
        """A chunk whose reading was cancelled is read next."""
        body = Body([after(0.02, b"late")], lambda body: None)
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(body.next_chunk(), 0.001)
        self.assertFalse(body.arrived)
        self.assertEqual(await body.next_chunk(), b"late")
