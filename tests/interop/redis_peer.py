"""A redis server without sockets, for the exploration of its client."""

import asyncio


class _Transport(asyncio.Transport):
    """Answers each command after a second: ECHO with its argument, any other one with OK."""

    def __init__(self, reader):
        super().__init__()
        self._reader = reader
        self._is_closing = False

    def write(self, data):
        loop = asyncio.get_running_loop()
        for command in _commands(data):
            answer = command[-1] if command[0] == b"ECHO" else b"OK"
            loop.call_later(1, self._answer, b"+%s\r\n" % answer)

    def _answer(self, data):
        if not self._is_closing:
            self._reader.feed_data(data)

    def writelines(self, parts):
        self.write(b"".join(parts))

    def is_closing(self):
        return self._is_closing

    def close(self):
        if not self._is_closing:
            self._is_closing = True
            self._reader.feed_eof()

    def get_extra_info(self, name, default=None):
        return default


def _commands(data):
    """The words of each command in what a client has sent."""
    lines = iter(data.split(b"\r\n")[:-1])
    for count in lines:
        yield [(next(lines), next(lines))[1] for _ in range(int(count[1:]))]


async def open_connection(*address, **options):
    """Replaces that of asyncio."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(1)  # waits: on virtual time
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    return reader, _Writer(_Transport(reader), protocol, reader, loop)


class _Writer(asyncio.StreamWriter):
    async def wait_closed(self):
        await asyncio.sleep(0)
