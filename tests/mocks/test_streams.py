"""A body that arrives in chunks, read in every way."""

import asyncio
import unittest

from asynctestkit.mocks.streams import StreamReader


class StreamReaderTests(unittest.IsolatedAsyncioTestCase):
    def stream(self, *chunks):
        left = list(chunks)

        async def next_chunk():
            return left.pop(0) if left else b""

        return StreamReader(next_chunk, lambda: not left)

    async def test_reading(self):
        """All, a part, what has arrived, a line, or exact bytes can be read; the rest is read next."""
        stream = self.stream(b"ab", b"c\nd", b"ef", b"ghi", b"jk")
        self.assertEqual(await stream.read(1), b"a")
        self.assertEqual(await stream.readany(), b"b")
        self.assertEqual(await stream.readline(), b"c\n")
        self.assertEqual(await stream.readexactly(4), b"defg")
        self.assertFalse(stream.at_eof())
        self.assertEqual(await stream.read(), b"hijk")
        self.assertTrue(stream.at_eof())
        self.assertEqual([await stream.read(), await stream.readany(), await stream.readline()], [b""] * 3)

    async def test_too_few_bytes(self):
        """The error has the incomplete data."""
        with self.assertRaises(asyncio.IncompleteReadError) as caught:
            await self.stream(b"ab", b"c").readexactly(4)
        self.assertEqual((caught.exception.partial, caught.exception.expected), (b"abc", 4))

    async def test_iterating(self):
        """Lines, pieces of a size, and chunks can be iterated."""
        chunks = (b"a\nb", b"cde")
        self.assertEqual([each async for each in self.stream(*chunks)], [b"a\n", b"bcde"])
        pieces = [each async for each in self.stream(*chunks).iter_chunked(2)]
        self.assertEqual(pieces, [b"a\n", b"b", b"cd", b"e"])
        self.assertEqual([each async for each in self.stream(*chunks).iter_any()], [*chunks])
