"""HTTP client sessions, as aiohttp's and as httpx's are used."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine, Generator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any

from ..cpython.mock_internals import forget_call, is_overridden
from ..stacks.places import Place
from .calls import MockCall, calling_line, signature_text
from .faces import Shown, behind, face
from .faults import Raisable, may_fail
from .httpx_shape import EagerResponse
from .libraries import Library
from .outcomes import after, error_of, is_error, never, perform
from .responses import Response, answer_of
from .routes import Request, Routes

__all__ = ["session"]

__unittest = True


class _Sender(Shown):
    """What both shapes have in common: a request gets its answer by the routes, in that shape."""

    _response_type: Any

    def __init__(self, routes: Mapping[str, Any] | None, library: Library) -> None:
        self._routes = Routes(routes)
        for answer in (routes or {}).values():
            for each in answer if isinstance(answer, list | tuple) else [answer]:
                _check(each)
        self._library = library
        self._entered_at: list[Place | None] = []
        self._is_closed = False
        self.requests: list[Request] = []
        self._asynctestkit_responses: list[Any] = []

    async def _send(self, request: Request, call: MockCall) -> Any:
        """Reports name `call` as what the caller waits on, and as what was never awaited."""
        if self._is_closed:
            raise RuntimeError(f"{call} after the session was closed")
        self.requests.append(request)
        step = self._routes.answer(request)
        request.take_back = partial(self._take_back, request, call.name, step)
        if error_of(step) is None:
            may_fail(self, call.name, self._errors, request.take_back)
        answer = await perform(step)
        if callable(answer):
            answer = answer(request)
            if inspect.isawaitable(answer):
                answer = await answer
            answer = await perform(_check(answer))
        request.response = self._handed_out(answer, request)
        self._asynctestkit_responses.append(request.response)
        return request.response

    def _errors(self) -> Sequence[Raisable]:
        return self._routes.errors(self._library.request_errors)

    def _take_back(self, request: Request, name: str, step: Any) -> None:
        self.requests[:] = [each for each in self.requests if each is not request]
        self._routes.take_back(request, step)
        if request.given is not None:
            forget_call(getattr(self._asynctestkit_face, name.rpartition(".")[2]), *request.given)

    def _handed_out(self, template: Any, request: Request) -> Any:
        """The test's own response, so that its mocks tell; one like it where that is used or does not fit."""
        of: Any = behind(template)
        if type(of) is self._response_type and not of._asynctestkit_handed_out:
            of._asynctestkit_hand_out(request, self._library)
            return template
        fresh = self._response_type(answer_of(template), request, self._library)
        fresh._asynctestkit_handed_out = True
        return face(fresh, "response")

    def _enter(self, line: Place | None) -> None:
        self._entered_at.append(line)

    def _leave(self) -> None:
        self._entered_at.clear()
        self._is_closed = True

    def _asynctestkit_unfinished(self) -> list[str]:
        # A class that is no context has no `__aexit__`, and nobody has entered its stand-in.
        scripted = bool(self._entered_at) and is_overridden(self._asynctestkit_face.__aexit__)
        open_at = [] if scripted else self._entered_at
        return [f"entered and never left{f' at {line}' if line else ''}" for line in open_at]

    def _asynctestkit_off_script(self) -> list[str]:
        return self._routes.unfinished()


class _Session(_Sender):
    """aiohttp's: a request is a plain call, and what it returns is entered or awaited."""

    _response_type = Response

    def __init__(self, routes: Mapping[str, Any] | None, library: Library) -> None:
        super().__init__(routes, library)
        self._made: list[tuple[MockCall, Coroutine[Any, Any, Any]]] = []

    @property
    def closed(self) -> bool:
        """Whether it was closed, or left as a context."""
        return self._is_closed

    def request(self, method: str, url: Any, **kwargs: Any) -> _RequestContext:
        """A request of any method."""
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
        coroutine: Any = self._send(request, call)
        coroutine.__qualname__ = call.name  # what Python calls it where it was never awaited
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
    """A request on its way: aiohttp's is a coroutine and a context manager in one."""

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


class _Client(_Sender):
    """httpx's: a request is awaited and gives a response that was read; `stream` is a context."""

    _response_type = EagerResponse

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or left as a context."""
        return self._is_closed

    async def request(self, method: str, url: Any, **kwargs: Any) -> Any:
        """A request of any method."""
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
        """A context whose response is not read yet."""
        call = MockCall("session.stream", signature_text((method, url), kwargs), calling_line())
        request = Request(method, url, kwargs, call.site)
        request.given = ((method, url), kwargs)
        return _StreamContext(self, request, call)

    async def aclose(self) -> None:
        """Closes it; requests fail from then on."""
        self._leave()

    async def __aenter__(self) -> _Client:
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
        response = await self._send(Request(method, url, kwargs, call.site), call)
        try:
            await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return response


class _StreamContext:
    def __init__(self, client: _Client, request: Request, call: MockCall) -> None:
        self._client = client
        self._request = request
        self._call = call

    async def __aenter__(self) -> Any:
        self._response = await self._client._send(self._request, self._call)
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._response.aclose()


def session(routes: Mapping[str, Any] | None = None, *, spec: type | None = None) -> Any:
    """A mock of an HTTP client session that answers by `routes` and keeps the `requests` that were sent.

    `routes` maps "METHOD URL", with fnmatch's wildcards, to a response, an exception, a callable of the
    request, `after(seconds, answer)` or `never()`; or to a list of those, one a request, which has to be
    used up. A request without a route fails with ScriptError when it is entered or awaited. A response that
    is used again has its body anew.

    With a client's class as `spec`, names and signatures are that class's, the mock passes for an instance of
    it, and errors are its library's. Where the class's `get` is a coroutine function, the session has the
    shape of httpx's AsyncClient, otherwise that of aiohttp's ClientSession.
    """
    if spec is not None and not isinstance(spec, type):
        raise TypeError(f"spec is {spec!r}, expected the class of a client, such as aiohttp.ClientSession")
    kind = _Client if inspect.iscoroutinefunction(getattr(spec, "get", None)) else _Session
    return face(kind(routes, Library(spec)), "session", spec=spec)


def _check(answer: Any) -> Any:
    """TypeError for what cannot answer a request."""
    step = answer
    while isinstance(step, after):
        step = step.step
    if answer_of(step) is None and not (is_error(step) or isinstance(step, never) or callable(step)):
        raise TypeError(
            f"{answer!r} cannot answer a request: expected response(…), an exception, a callable of the "
            "request, after(seconds, …), never(), or a list of those"
        )
    return answer
