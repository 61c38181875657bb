"""The body of a response as a stream, as aiohttp shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from ..cpython.originals import asyncio
from .faces import Shown

__all__ = ["StreamReader"]

__unittest = True


class StreamReader(Shown):
    """A body as aiohttp streams it: reads return what has arrived, never more than one chunk at a time."""

    def __init__(self, next_chunk: Callable[[], Awaitable[bytes]], arrived: Callable[[], bool]) -> None:
        self._next_chunk = next_chunk
        self._arrived = arrived
        self._buffer = b""

    async def read(self, n: int = -1) -> bytes:
        """Everything to the end; or at most `n` bytes, b"" only at the end."""
        if n >= 0:
            await self._fill()
            return self._take(n)
        parts = [self._take()]
        while part := await self.readany():
            parts.append(part)
        return b"".join(parts)

    async def readany(self) -> bytes:
        """What has arrived and was not read yet; b"" only at the end."""
        await self._fill()
        return self._take()

    async def readline(self) -> bytes:
        """One line with its end, b"" at the end."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            chunk = await self._next_chunk()
            if not chunk:
                return self._take()
            self._buffer += chunk
        return self._take(end + 1)

    async def readexactly(self, n: int) -> bytes:
        """Exactly `n` bytes; raises asyncio.IncompleteReadError if the body ends before."""
        while len(self._buffer) < n:
            chunk = await self._next_chunk()
            if not chunk:
                raise asyncio.IncompleteReadError(self._take(), n)
            self._buffer += chunk
        return self._take(n)

    def at_eof(self) -> bool:
        """Whether everything was read."""
        return self._arrived() and not self._buffer

    def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Pieces of at most `n` bytes."""
        return _Reads(lambda: self.read(n))

    def iter_any(self) -> AsyncIterator[bytes]:
        """The chunks as they arrive."""
        return _Reads(self.readany)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Reads(self.readline)

    async def _fill(self) -> None:
        if not self._buffer:
            self._buffer = await self._next_chunk()

    def _take(self, n: int | None = None) -> bytes:
        end = len(self._buffer) if n is None else n
        taken, self._buffer = self._buffer[:end], self._buffer[end:]
        return taken


class _Reads(AsyncIterator[bytes]):
    """Iterates over the results of a method that reads, up to the first empty one."""

    def __init__(self, read: Callable[[], Awaitable[bytes]]) -> None:
        self._read = read

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        part = await self._read()
        if not part:
            raise StopAsyncIteration
        return part
