"""HTTP responses as aiohttp shows them: `status`, awaited `json()` and `text()`, a `content` stream."""

from __future__ import annotations

import json as json_format
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from types import TracebackType
from typing import Any
from unittest.mock import NonCallableMock

from ..cpython.mock_internals import is_overridden
from .absent import ABSENT
from .bodies import Answer, Body, Headers, body_steps, reason_of
from .faces import Shown, face, object_behind
from .faults import may_fail
from .libraries import Library, request_info
from .outcomes import is_error, perform
from .routes import Request
from .streams import StreamReader

__all__ = ["Response", "answer_of", "response"]

__unittest = True


class Response(Shown):
    """One answer to one request; its face is what tests see."""

    def __init__(self, answer: Answer, request: Request, library: Library) -> None:
        self._answer = answer
        self._request = request
        self._library = library
        self._arriving = Body(answer.steps, self._may_fail)
        self._body: bytes | None = None
        self._is_released = False
        self._is_in_context = False
        self._asynctestkit_handed_out = False  # by a session, so that it has to be released
        self.status = answer.status
        self.reason = answer.reason
        self.headers = answer.headers
        self.content_type = answer.content_type
        self.charset = answer.charset
        self._show(request)
        self.history: tuple[Any, ...] = ()
        stream = StreamReader(self._next_chunk, lambda: self._arriving.arrived)
        self.content = face(stream, "response.content")

    def __repr__(self) -> str:
        return f"<response {self.status} {self.reason}>"

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def closed(self) -> bool:
        """Whether it was released, closed, or read to its end."""
        return self._is_released or self._arriving.arrived

    @property
    def content_length(self) -> int | None:
        """The length that the headers declare."""
        length = self.headers.get("Content-Length")
        return None if length is None else int(length)

    def get_encoding(self) -> str:
        """The codec that `text()` uses."""
        return self._answer.encoding

    async def read(self) -> bytes:
        """The whole body, without the part that was streamed before."""
        if self._body is None:
            self._body = await self.content.read()
        elif self._is_released:
            raise self._closed_error()
        return self._body

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """The body as text."""
        body = await self._whole()
        await perform(self._answer.text_raises)
        return body.decode(encoding or self.get_encoding(), errors)

    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: Callable[[str], Any] = json_format.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """The body parsed as JSON, anew at each call; None for an empty body.

        If the client library checks it, a content type that the test gave has to be one of JSON.
        """
        body = (await self._whole()).strip()
        await perform(self._answer.json_raises)
        is_checked = content_type and self._answer.checks_content_type
        if is_checked and not _is_json(self.content_type, content_type or ""):
            error = self._library.content_type_error(self._answer, self._request)
            if error is not None:
                raise error
        return loads(body.decode(encoding or self.get_encoding())) if body else None

    def raise_for_status(self) -> None:
        """Raises the library's error for a status of 400 or more; outside a context, it releases first."""
        if not self.ok:
            if not self._is_in_context:
                self.release()
            raise self._library.status_error(self._answer, self._request, self._asynctestkit_face)

    def release(self) -> Awaitable[None]:
        """Gives the connection back. The result can be awaited, but need not be."""
        self._is_released = True
        return _Nothing()

    def close(self) -> None:
        """Closes the connection."""
        self._is_released = True

    async def wait_for_close(self) -> None:
        """Releases it."""
        self._is_released = True

    async def __aenter__(self) -> Response:
        self._is_in_context = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._is_in_context = False
        self._is_released = True

    def _show(self, request: Request) -> None:
        self.url = self.real_url = request.full_url
        self.method = request.method
        self.request_info = request_info(request)

    def _asynctestkit_hand_out(self, request: Request, library: Library) -> None:
        self._asynctestkit_handed_out = True
        self._request, self._library = request, library
        self._show(request)

    async def _whole(self) -> bytes:
        return await self.read() if self._body is None else self._body

    async def _next_chunk(self) -> bytes:
        if self._is_released:
            raise self._closed_error()
        return await self._arriving.next_chunk()

    def _may_fail(self, body: Body) -> None:
        may_fail(body, "response", self._library.body_errors, self._request.take_back)

    def _closed_error(self) -> Exception:
        error: Exception = self._library.error("ClientConnectionError", ConnectionError)("Connection closed")
        return error

    def _asynctestkit_unfinished(self) -> list[str]:
        ways = (self._asynctestkit_face.release, self._asynctestkit_face.close)
        if not self._asynctestkit_handed_out or self.closed or any(map(is_overridden, ways)):
            return []
        where = f" (requested at {self._request.site})" if self._request.site else ""
        return [f"response to {self._request!r}{where} never read to its end, released or closed"]


class _Nothing:
    """The result of `release()`, which older code awaits."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


def response(
    status: int = 200,
    *,
    json: Any = ABSENT,
    text: Any = ABSENT,
    body: Any = ABSENT,
    chunks: Iterable[Any] = ABSENT,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    reason: str | None = None,
    url: str = "",
    method: str = "GET",
) -> Any:
    """A mock of a response, for a route of a session or on its own.

    The body is given in one way and can be read in every other: `json` (any value, kept as its JSON), `text`,
    `body` (bytes), or `chunks` as they arrive, with exceptions, `after(seconds, chunk)` and `never()` among
    them. An exception for `json` or `text` is raised by that method alone, one for `body` by every
    method that reads. It has aiohttp's interface; a session for a client like httpx's gives it httpx's.
    """
    if isinstance(status, bool) or not isinstance(status, int):
        raise TypeError(f"status is {status!r}, expected an int such as 404; a body is given by name: text=…")
    given = Headers(headers or ())
    has_type = "Content-Type" in given
    default = _default_type(json, text)
    if default and not has_type:
        given = Headers([*given.pairs, ("Content-Type", default)])
    encoding = Answer(status, "", given, ()).encoding
    answer = Answer(
        status,
        reason_of(status) if reason is None else reason,
        given,
        body_steps(json, text, body, chunks, ABSENT, encoding),
        json_raises=json if is_error(json) else None,
        text_raises=text if is_error(text) else None,
        checks_content_type=has_type,
    )
    return face(Response(answer, Request(method, url, {}), Library(None)), "response")


def answer_of(shown: Any) -> Answer | None:
    """The answer that a mock made by `response` stands for; None for everything else."""
    of = object_behind(shown) if isinstance(shown, NonCallableMock) else None
    return of._answer if isinstance(of, Response) else None


def _default_type(json: Any, text: Any) -> str:
    if json is not ABSENT and not is_error(json):
        return "application/json"
    return "text/plain; charset=utf-8" if text is not ABSENT and not is_error(text) else ""


def _is_json(declared: str, expected: str) -> bool:
    if expected == "application/json":
        return declared == expected or (declared.startswith("application/") and declared.endswith("+json"))
    return expected in declared
