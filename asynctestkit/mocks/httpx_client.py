"""HTTP client sessions, as httpx's AsyncClient is used."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from .calls import MockCall, calling_line, signature_text
from .httpx_shape import EagerResponse
from .routes import Request
from .sender import Sender

__all__ = ["Client"]

__unittest = True


class Client(Sender):
    """A session like httpx's: an awaited request returns a response that is read; `stream` is a context."""

    _response_type = EagerResponse

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or left as a context."""
        return self._is_closed

    async def request(self, method: str, url: Any, **kwargs: Any) -> Any:
        """Sends a request of any method."""
        return await self._read("request", method, url, kwargs)

    async def get(self, url: Any, **kwargs: Any) -> Any:
        """A GET request."""
        return await self._read("get", "GET", url, kwargs)

    async def options(self, url: Any, **kwargs: Any) -> Any:
        """An OPTIONS request."""
        return await self._read("options", "OPTIONS", url, kwargs)

    async def head(self, url: Any, **kwargs: Any) -> Any:
        """A HEAD request."""
        return await self._read("head", "HEAD", url, kwargs)

    async def post(self, url: Any, **kwargs: Any) -> Any:
        """A POST request."""
        return await self._read("post", "POST", url, kwargs)

    async def put(self, url: Any, **kwargs: Any) -> Any:
        """A PUT request."""
        return await self._read("put", "PUT", url, kwargs)

    async def patch(self, url: Any, **kwargs: Any) -> Any:
        """A PATCH request."""
        return await self._read("patch", "PATCH", url, kwargs)

    async def delete(self, url: Any, **kwargs: Any) -> Any:
        """A DELETE request."""
        return await self._read("delete", "DELETE", url, kwargs)

    def stream(self, method: str, url: Any, **kwargs: Any) -> _StreamContext:
        """A context manager that returns a response whose body is not read yet."""
        call = MockCall("session.stream", signature_text((method, url), kwargs), calling_line())
        request = Request(method, url, kwargs, call.site)
        request.given = ((method, url), kwargs)
        return _StreamContext(self, request, call)

    async def aclose(self) -> None:
        """Closes it; requests fail from then on."""
        self._leave()

    async def __aenter__(self) -> Client:
        self._enter(calling_line())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
        /,
    ) -> None:
        self._leave()

    async def _read(self, name: str, method: str, url: Any, kwargs: dict[str, Any]) -> Any:
        call = MockCall(f"session.{name}", signature_text((url,), kwargs), calling_line())
        response = await self._asynctestkit_send(Request(method, url, kwargs, call.site), call)
        try:
            await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return response


class _StreamContext:
    def __init__(self, client: Client, request: Request, call: MockCall) -> None:
        self._client = client
        self._request = request
        self._call = call

    async def __aenter__(self) -> Any:
        self._response = await self._client._asynctestkit_send(self._request, self._call)
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._response.aclose()
