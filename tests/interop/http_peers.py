"""An HTTP server without sockets, for the exploration of clients: the other ends of their connections."""

import asyncio

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LAST_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class AnsweringTransport(asyncio.Transport):
    """For aiohttp: answers a request of its protocol after a second."""

    def __init__(self, protocol):
        super().__init__()
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._is_closing = False
        protocol.connection_made(self)

    def write(self, data):
        if b"\r\n\r\n" in data:
            self._loop.call_later(1, self._answer)

    def writelines(self, parts):
        self.write(b"".join(parts))

    def _answer(self):
        if not self._is_closing:
            self._protocol.data_received(ANSWER)

    def is_closing(self):
        return self._is_closing

    def close(self):
        if not self._is_closing:
            self._is_closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def pause_reading(self):
        """Answers are short."""

    def resume_reading(self):
        """Answers are short."""


class AnsweringStream:
    """For httpcore: answers what is written to it after a second."""

    def __init__(self, answer):
        self._answer = answer
        self._answers = asyncio.Queue()
        self.is_closed = False

    async def write(self, buffer, timeout=None):
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(1, self._answers.put_nowait, self._answer)

    async def read(self, max_bytes, timeout=None):
        return await self._answers.get()

    async def aclose(self):
        self.is_closed = True

    def get_extra_info(self, info):
        return None


class Network:
    """For httpcore: connects to such streams within a second."""

    def __init__(self, answer=ANSWER):
        self._answer = answer
        self.streams = []

    async def connect_tcp(self, *address, **options):
        await asyncio.sleep(1)  # waits: on virtual time
        stream = AnsweringStream(self._answer)
        self.streams.append(stream)
        return stream
