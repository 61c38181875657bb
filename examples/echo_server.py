"""A real server on loopback: closed by a cleanup, its connections closing while the loop settles."""

import asyncio
import unittest

from asynctestkit import HygienicAsyncTestCase


class EchoServer:
    """Sends every line back. `serve` returns when it listens."""

    def __init__(self) -> None:
        self.lines_served = 0
        self._server: asyncio.Server | None = None

    async def serve(self) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()

    async def close(self) -> None:
        assert self._server is not None, "serve() first"
        self._server.close()
        await self._server.wait_closed()

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            writer.write(line)
            await writer.drain()
            self.lines_served += 1
        writer.close()


class EchoServerTests(HygienicAsyncTestCase):
    deadline = 10.0

    async def asyncSetUp(self) -> None:
        self.server = EchoServer()
        self.host, self.port = await self.server.serve()
        self.addAsyncCleanup(self.server.close)

    async def ask(self, line: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(line)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def test_sends_a_line_back(self) -> None:
        self.assertEqual(await self.ask(b"hello\n"), b"hello\n")

    async def test_serves_many_clients_at_once(self) -> None:
        lines = [b"%d\n" % number for number in range(20)]
        self.assertEqual(await asyncio.gather(*map(self.ask, lines)), lines)
        self.assertEqual(self.server.lines_served, 20)


if __name__ == "__main__":
    unittest.main()
