"""HTTP responses as httpx shows them: `status_code`, `text`, a plain `json()`, `aiter_lines()`."""

from __future__ import annotations

import codecs
import json as json_format
from collections.abc import AsyncIterator
from typing import Any

from ..cpython.mock_internals import is_overridden
from .bodies import Answer, Body
from .faces import Shown
from .faults import may_fail
from .libraries import Library
from .outcomes import is_error
from .routes import Request

__all__ = ["EagerResponse"]

__unittest = True


class EagerResponse(Shown):
    """One answer to one request; its face is what tests see."""

    def __init__(self, answer: Answer, request: Request, library: Library) -> None:
        self._answer = answer
        self._library = library
        self._arriving = Body(answer.steps, self._may_fail)
        self._content: bytes | None = None
        self._asynctestkit_handed_out = False
        self.status_code = answer.status
        self.reason_phrase = answer.reason
        self.headers = answer.headers
        self.encoding = answer.encoding
        self.charset_encoding = answer.charset
        self.url = request.full_url
        self.request = request
        self.history: list[Any] = []
        self.http_version = "HTTP/1.1"
        self.is_closed = False
        self.is_stream_consumed = False

    def __repr__(self) -> str:
        return f"<response {self.status_code} {self.reason_phrase}>"

    @property
    def is_informational(self) -> bool:
        """Whether the status is 1xx."""
        return self.status_code // 100 == 1

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status_code // 100 == 2

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return self.status_code // 100 == 3

    @property
    def is_client_error(self) -> bool:
        """Whether the status is 4xx."""
        return self.status_code // 100 == 4

    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx."""
        return self.status_code // 100 == 5

    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
        return self.is_client_error or self.is_server_error

    @property
    def content(self) -> bytes:
        """The whole body; it has to be read before."""
        if self._content is None:
            error: Exception = self._library.error("ResponseNotRead", _NotRead)()
            raise error
        return self._content

    @property
    def text(self) -> str:
        """The body as text; it has to be read before."""
        _raise(self._answer.text_raises)
        return self.content.decode(self.encoding, "replace")

    def json(self, **kwargs: Any) -> Any:
        """The body parsed as JSON, anew at each call. It is not awaited."""
        content = self.content
        _raise(self._answer.json_raises)
        return json_format.loads(content, **kwargs)

    def raise_for_status(self) -> EagerResponse:
        """Raises the library's error unless the status is 2xx."""
        if self.is_success:
            return self
        what = _ERRORS.get(self.status_code // 100, "Invalid status code")
        message = f"{what} '{self.status_code} {self.reason_phrase}' for url '{self.url}'"
        raise self._library.status_error(self._answer, self.request, self._asynctestkit_face, message)

    async def aread(self) -> bytes:
        """Reads the whole body and keeps it."""
        if self._content is None:
            self._content = b"".join([part async for part in self.aiter_raw()])
        return self._content

    async def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The chunks as they arrive, or pieces of `chunk_size` bytes; closes the response at the end."""
        if self.is_stream_consumed:
            raise self._library.error("StreamConsumed", _StreamConsumed)()
        if self.is_closed:
            raise self._library.error("StreamClosed", _StreamClosed)()
        self.is_stream_consumed = True
        left = b""
        while chunk := await self._arriving.next_chunk():
            left += chunk
            size = chunk_size or len(left)
            while left and len(left) >= size:
                piece, left = left[:size], left[size:]
                yield piece
        if left:
            yield left
        await self.aclose()

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The same as `aiter_raw`, and the content of a body that was read already."""
        if self._content is None:
            async for piece in self.aiter_raw(chunk_size):
                yield piece
            return
        size = chunk_size or max(1, len(self._content))
        for start in range(0, len(self._content), size):
            yield self._content[start : start + size]

    async def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """The chunks as text, never split within a character."""
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        async for piece in self.aiter_bytes(chunk_size):
            if text := decoder.decode(piece):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text

    async def aiter_lines(self) -> AsyncIterator[str]:
        """The lines without their ends."""
        left = ""
        async for text in self.aiter_text():
            *whole, left = (left + text).splitlines(keepends=True)
            if left.endswith("\n"):
                whole, left = [*whole, left], ""
            for line in whole:
                yield line.splitlines()[0]
        if left:
            yield left.splitlines()[0]

    async def aclose(self) -> None:
        """Closes the connection."""
        self.is_closed = True

    def _may_fail(self, body: Body) -> None:
        may_fail(body, "response", self._library.body_errors, self.request.take_back)

    def _asynctestkit_unfinished(self) -> list[str]:
        counts_as_closed = self.is_closed or is_overridden(self._asynctestkit_face.aclose)
        if counts_as_closed or not self._asynctestkit_handed_out:
            return []
        return [f"response to {self.request!r} never closed"]


class _NotRead(RuntimeError):
    def __init__(self) -> None:
        super().__init__("the content was streamed and not read: `await response.aread()` first")


class _StreamConsumed(RuntimeError):
    def __init__(self) -> None:
        super().__init__("the body was streamed already, and can be streamed once only")


class _StreamClosed(RuntimeError):
    def __init__(self) -> None:
        super().__init__("the response was closed before its body was read")


def _raise(error: Any) -> None:
    if is_error(error):
        raise error


_ERRORS = {1: "Informational response", 3: "Redirect response", 4: "Client error", 5: "Server error"}
