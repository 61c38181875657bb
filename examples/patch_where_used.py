"""Patched where it is used, and undone at the end: a name that was imported is a name of this module."""

import asyncio
import unittest
from asyncio import open_connection
from unittest import mock

from asynctestkit import HygienicAsyncTestCase


async def banner(host: str) -> str:
    """What a mail server says first."""
    reader, writer = await open_connection(host, 25)
    try:
        return (await reader.readline()).decode().strip()
    finally:
        writer.close()
        await writer.wait_closed()


class BannerTests(HygienicAsyncTestCase):
    def setUp(self) -> None:
        """What is registered first is called last: by then the patch has been undone."""
        self.addCleanup(lambda: self.assertIs(open_connection, asyncio.open_connection))

    async def test_the_first_line(self) -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"220 mail.example.org ready\r\n")
        writer = mock.Mock(spec=asyncio.StreamWriter)
        connect = self.patchAsync(f"{__name__}.open_connection", returns=(reader, writer))

        self.assertEqual(await banner("mail.example.org"), "220 mail.example.org ready")

        connect.assert_awaited_once_with("mail.example.org", 25)
        writer.wait_closed.assert_awaited_once_with()

    async def test_where_the_name_comes_from_is_the_wrong_place(self) -> None:
        """`banner` would still call the real one."""
        elsewhere = self.patchAsync("asyncio.open_connection", returns=None)
        self.assertIs(asyncio.open_connection, elsewhere)
        self.assertIsNot(open_connection, elsewhere)


if __name__ == "__main__":
    unittest.main()
