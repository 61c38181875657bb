"""The exceptions of the client library that a session stands for, or our own if it stands for none."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from typing import Any

from ..cpython.originals import asyncio
from .bodies import Answer, Headers
from .faults import LOST, Raisable
from .routes import Request

__all__ = ["Library", "ResponseError", "request_info"]

__unittest = True


class ResponseError(Exception):
    """Raised by `raise_for_status` if no client library is known: has `status`, `message`, `headers`."""

    def __init__(self, status: int, message: str, headers: Headers, url: str = "") -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = headers
        self.url = url

    def __str__(self) -> str:
        return f"{self.status}, message={self.message!r}, url={self.url!r}"


class Library:
    """A client library, identified by the class that a session was given as `spec`.

    Its exceptions are looked up by name in the packages of that class and its bases; nothing is imported.
    """

    def __init__(self, spec: type | None) -> None:
        bases = spec.__mro__ if spec else ()
        names = [name for base in bases for name in (base.__module__, base.__module__.partition(".")[0])]
        self._modules = [sys.modules[name] for name in names if name in sys.modules]

    def error(self, name: str, fallback: type[Exception]) -> Any:
        """The library's class of that name, or the fallback."""
        return self.find(name) or fallback

    def find(self, name: str) -> Any:
        """The library's class of that name, or None."""
        return next((getattr(module, name) for module in self._modules if hasattr(module, name)), None)

    def request_errors(self) -> Sequence[Raisable]:
        """The errors of a request that gets no answer: a failed connection, and a time-out."""
        lost = self.find("ClientConnectionError") or self.error("ConnectError", ConnectionError)
        late = self.find("ServerTimeoutError") or self.error("ReadTimeout", asyncio.TimeoutError)
        return lost(LOST), late("the answer did not come in time, as the explored schedule demands")

    def body_errors(self) -> Sequence[Raisable]:
        """The errors of reading a body."""
        broken: Any = self.find("ClientPayloadError") or self.error("ReadError", ConnectionError)
        return (broken(LOST),)

    def status_error(self, answer: Answer, request: Request, response: Any, message: str = "") -> Exception:
        """The error of `raise_for_status`, aiohttp's ClientResponseError, httpx's HTTPStatusError or ours."""
        if (aiohttp_error := self.find("ClientResponseError")) is not None:
            return self._of_aiohttp(aiohttp_error, answer, request, message or answer.reason)
        if (httpx_error := self.find("HTTPStatusError")) is not None:
            error: Exception = httpx_error(message or answer.reason, request=request, response=response)
            return error
        return ResponseError(answer.status, message or answer.reason, answer.headers, request.url)

    def content_type_error(self, answer: Answer, request: Request) -> Exception | None:
        """aiohttp's error for JSON that is not declared as such; None for libraries that accept it."""
        kind = self.find("ContentTypeError")
        message = f"Attempt to decode JSON with unexpected mimetype: {answer.headers.get('Content-Type', '')}"
        return None if kind is None else self._of_aiohttp(kind, answer, request, message)

    def _of_aiohttp(self, kind: Any, answer: Answer, request: Request, message: str) -> Exception:
        error: Exception = kind(
            request_info(request), (), status=answer.status, message=message, headers=answer.headers
        )
        return error


def request_info(request: Request) -> Any:
    """The request as aiohttp's errors and responses show it."""
    return types.SimpleNamespace(
        url=request.url, real_url=request.url, method=request.method, headers=request.headers
    )
