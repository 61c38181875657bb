"""Ports, folders and environment variables of a test's own: runs in parallel do not clash."""

import asyncio
import os
import unittest
from pathlib import Path

from asynctestkit import HygienicAsyncTestCase


async def serve_file(path: Path) -> asyncio.Server:
    """Sends a file to whoever connects, on the port that the environment names."""

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(path.read_bytes())
        await writer.drain()
        writer.close()

    return await asyncio.start_server(send, "127.0.0.1", int(os.environ["FILE_PORT"]))


class ServeFileTests(HygienicAsyncTestCase):
    async def test_the_file_is_sent(self) -> None:
        port = self.unusedPort()  # no other test has it, in no other process either
        self.setEnv(FILE_PORT=str(port))  # taken back at the end, as the others are
        page = self.makeTempDir() / "page.txt"
        page.write_text("hello", encoding="utf-8")

        async with await serve_file(page):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            self.assertEqual(await reader.read(), b"hello")
            writer.close()
            await writer.wait_closed()

    async def test_no_two_are_alike(self) -> None:
        self.assertNotEqual(self.unusedPort(), self.unusedPort())
        self.assertNotEqual(self.makeTempDir(), self.makeTempDir())
        self.assertNotIn("FILE_PORT", os.environ)


if __name__ == "__main__":
    unittest.main()
