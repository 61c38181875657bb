"""The base class of client sessions, for aiohttp's interface and for httpx's."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..cpython.mock_internals import forget_call, is_overridden
from ..stacks.places import Place
from .calls import MockCall
from .faces import Shown, face, object_behind
from .faults import Raisable, may_fail
from .libraries import Library
from .outcomes import after, error_of, is_error, never, perform
from .responses import answer_of
from .routes import Request, Routes

__all__ = ["Sender", "check_answer"]

__unittest = True


class Sender(Shown):
    """A session: answers each request by its routes, with a response of its own type."""

    _response_type: Any

    def __init__(self, routes: Mapping[str, Any] | None, library: Library) -> None:
        self._routes = Routes(routes)
        for answer in (routes or {}).values():
            for each in answer if isinstance(answer, list | tuple) else [answer]:
                check_answer(each)
        self._library = library
        self._entered_at: list[Place | None] = []
        self._is_closed = False
        self.requests: list[Request] = []
        self._asynctestkit_responses: list[Any] = []

    async def _asynctestkit_send(self, request: Request, call: MockCall) -> Any:
        """Sends a request. Reports name `call` as what the caller waits on, or as what was never awaited."""
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
            answer = await perform(check_answer(answer))
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
        """The test's own response, whose mocks then record; a copy if that is in use or of another type."""
        of: Any = object_behind(template)
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
        # Of a class without `__aexit__` the stand-in cannot have been entered; do not look at it.
        scripted = bool(self._entered_at) and is_overridden(self._asynctestkit_face.__aexit__)
        open_at = [] if scripted else self._entered_at
        return [f"entered and never left{f' at {line}' if line else ''}" for line in open_at]

    def _asynctestkit_off_script(self) -> list[str]:
        return self._routes.unfinished()


def check_answer(answer: Any) -> Any:
    """Returns the answer; raises TypeError for a value that cannot answer a request."""
    step = answer
    while isinstance(step, after):
        step = step.step
    if answer_of(step) is None and not (is_error(step) or isinstance(step, never) or callable(step)):
        raise TypeError(
            f"{answer!r} cannot answer a request: expected response(…), an exception, a callable of the "
            "request, after(seconds, …), never(), or a list of those"
        )
    return answer
