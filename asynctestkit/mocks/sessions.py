"""Mocks of HTTP client sessions, for code that uses aiohttp or httpx."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine, Generator, Mapping
from types import TracebackType
from typing import Any

from .calls import MockCall, calling_line, signature_text
from .faces import face
from .httpx_client import Client
from .libraries import Library
from .responses import Response
from .routes import Request
from .sender import Sender

__all__ = ["session"]

__unittest = True


class _Session(Sender):
    """A session like aiohttp's: a request is a plain call, and its result is entered or awaited."""

    _response_type = Response

    def __init__(self, routes: Mapping[str, Any] | None, library: Library) -> None:
        super().__init__(routes, library)
        self._made: list[tuple[MockCall, Coroutine[Any, Any, Any]]] = []

    @property
    def closed(self) -> bool:
        """Whether it was closed, or left as a context."""
        return self._is_closed

    def request(self, method: str, url: Any, **kwargs: Any) -> _RequestContext:
        """Makes a request of any method."""
        return self._made_request("request", method, url, kwargs, (method, url))

    def get(self, url: Any, **kwargs: Any) -> _RequestContext:
        """A GET request."""
        return self._made_request("get", "GET", url, kwargs, (url,))

    def options(self, url: Any, **kwargs: Any) -> _RequestContext:
        """An OPTIONS request."""
        return self._made_request("options", "OPTIONS", url, kwargs, (url,))

    def head(self, url: Any, **kwargs: Any) -> _RequestContext:
        """A HEAD request."""
        return self._made_request("head", "HEAD", url, kwargs, (url,))

    def post(self, url: Any, **kwargs: Any) -> _RequestContext:
        """A POST request."""
        return self._made_request("post", "POST", url, kwargs, (url,))

    def put(self, url: Any, **kwargs: Any) -> _RequestContext:
        """A PUT request."""
        return self._made_request("put", "PUT", url, kwargs, (url,))

    def patch(self, url: Any, **kwargs: Any) -> _RequestContext:
        """A PATCH request."""
        return self._made_request("patch", "PATCH", url, kwargs, (url,))

    def delete(self, url: Any, **kwargs: Any) -> _RequestContext:
        """A DELETE request."""
        return self._made_request("delete", "DELETE", url, kwargs, (url,))

    async def close(self) -> None:
        """Closes it; requests fail from then on."""
        self._leave()

    async def __aenter__(self) -> _Session:
        self._enter(calling_line())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._leave()

    def _made_request(
        self, name: str, method: str, url: Any, kwargs: dict[str, Any], args: tuple[Any, ...]
    ) -> _RequestContext:
        call = MockCall(f"session.{name}", signature_text(args, kwargs), calling_line())
        request = Request(method, url, kwargs, call.site)
        request.given = (args, kwargs)
        coroutine: Any = self._asynctestkit_send(request, call)
        coroutine.__qualname__ = call.name  # the name in Python's warning if it is never awaited
        self._made.append((call, coroutine))
        return _RequestContext(coroutine)

    def _asynctestkit_forgotten(self, *, close: bool) -> list[MockCall]:
        forgotten = [
            (call, coroutine)
            for call, coroutine in self._made
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED
        ]
        for _, coroutine in forgotten if close else ():
            coroutine.close()
        return [call for call, _ in forgotten]


class _RequestContext(Coroutine[Any, Any, Any]):
    """A request to be sent: as in aiohttp, both a coroutine and a context manager."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine

    def send(self, value: Any) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> Any:
        self._response = await self._coroutine
        return await self._response.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.release()
        await self._response.wait_for_close()


def session(routes: Mapping[str, Any] | None = None, *, spec: type | None = None) -> Any:
    """A mock of an HTTP client session that answers by `routes` and keeps the `requests` that were sent.

    `routes` maps "METHOD URL", with fnmatch's wildcards, to a response, an exception, a callable of the
    request, `after(seconds, answer)` or `never()`; or to a list of those, one per request, which has to
    be used up. A request without a route fails with ScriptError when it is entered or awaited. A response
    that is used again has a fresh body.

    With a client's class as `spec`, the mock has the names and signatures of that class, passes for an
    instance of it, and raises the errors of its library. If the class's `get` is a coroutine function, the
    session behaves like httpx's AsyncClient, otherwise like aiohttp's ClientSession.
    """
    if spec is not None and not isinstance(spec, type):
        raise TypeError(f"spec is {spec!r}, expected the class of a client, such as aiohttp.ClientSession")
    kind = Client if inspect.iscoroutinefunction(getattr(spec, "get", None)) else _Session
    return face(kind(routes, Library(spec)), "session", spec=spec)
