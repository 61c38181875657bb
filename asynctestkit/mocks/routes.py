"""Routes: which request gets which answer."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ..exceptions import ScriptError
from ..stacks.places import Place
from .bodies import Headers
from .faults import Raisable
from .outcomes import Script, errors_like

__all__ = ["Request", "Routes"]

__unittest = True

_REMEDY = "add the route, or correct what the code under test requests"


class Request:
    """One request as the client made it."""

    def __init__(
        self, method: str, url: object, kwargs: Mapping[str, Any], site: Place | None = None
    ) -> None:
        self.method = method.upper()
        self.url = str(url)
        """The URL as given, without `params`."""
        self.kwargs = dict(kwargs)
        """All other arguments, as given."""
        self.site = site
        """The user's line; None if unknown."""
        self.response: Any = None
        """The response that it got; None until then."""
        self.given: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        """The arguments of a plain call, to find its record: there is none of an await."""
        self.take_back: Callable[[], object] | None = None
        """Makes the session forget the request, when it fails in a way that the test has not scripted."""

    @property
    def headers(self) -> Headers:
        """The headers given with the request."""
        return Headers(self.kwargs.get("headers") or ())

    @property
    def full_url(self) -> str:
        """The URL with `params` as its query."""
        params = self.kwargs.get("params")
        if not params:
            return self.url
        query = params if isinstance(params, str) else urlencode(params, doseq=True)
        return f"{self.url}{'&' if '?' in self.url else '?'}{query}"

    def __repr__(self) -> str:
        return f"{self.method} {self.full_url}"


class Routes:
    """Answers by method and URL. A single answer serves any number of requests, a list one request each."""

    def __init__(self, routes: Mapping[str, Any] | None) -> None:
        self.refused: list[str] = []
        """Lines on the requests without a route."""
        self._answers = {}
        if routes is not None and not isinstance(routes, Mapping):
            raise TypeError(
                f"routes is {routes!r}, expected a dict such as {{'GET http://host/users/*': response()}}"
            )
        self._used = dict.fromkeys(routes or (), 0)
        for route, answer in (routes or {}).items():
            method, _, url = route.partition(" ") if isinstance(route, str) else ("", "", "")
            if not url or url != url.strip() or method != method.upper():
                raise ValueError(
                    f"route {route!r}: expected method and URL, such as 'GET http://host/users/*'"
                )
            self._answers[route] = Script(answer, "answer") if isinstance(answer, list | tuple) else answer

    def answer(self, request: Request) -> Any:
        """The step that answers a request; raises ScriptError if no route matches, or its list is used up.

        The first route that matches is used, with the query or without; those without wildcards come first.
        """
        where = f" (at {request.site})" if request.site else ""
        for route in self._matching(request):
            self._used[route] += 1
            answer = self._answers[route]
            return answer.take(f"{request!r}{where}") if isinstance(answer, Script) else answer
        self.refused.append(f"no route for {request!r}{where}")
        raise ScriptError(f"no route for {request!r}{where}\n{self}\nremedy: {_REMEDY}")

    def take_back(self, request: Request, step: Any) -> None:
        """Puts back the answer that was taken for a request: the next one like it gets it."""
        route = self._matching(request)[0]
        self._used[route] -= 1
        answer = self._answers[route]
        if isinstance(answer, Script):
            answer.take_back(step)

    def errors(self, otherwise: Callable[[], Sequence[Raisable]]) -> Sequence[Raisable]:
        """The errors to inject into a request: one that the test has among its answers, else `otherwise`."""
        answers = self._answers.values()
        steps = [step for each in answers for step in (each.steps if isinstance(each, Script) else (each,))]
        return errors_like(steps, otherwise)

    def unfinished(self) -> list[str]:
        """The faults at the end: lists that were not used up, requests without an answer."""
        scripts = [(route, answer) for route, answer in self._answers.items() if isinstance(answer, Script)]
        left = [f"{route}: {line}" for route, script in scripts for line in script.unfinished()]
        refused = [f"the code under test swallowed an error: {line}\n{self}" for line in self.refused]
        return [*refused, *left]

    def _matching(self, request: Request) -> list[str]:
        asked = [f"{request.method} {url}" for url in (request.full_url, request.url)]
        exact = [route for route in asked if route in self._answers]
        return exact + [r for r in self._answers if any(fnmatch.fnmatchcase(each, r) for each in asked)]

    def __str__(self) -> str:
        lines = [f"    {route} ({self._usage_of(route)})" for route in self._answers]
        return "\n".join(["  routes:", *lines]) if lines else "  there are no routes at all"

    def _usage_of(self, route: str) -> str:
        answer, times = self._answers[route], self._used[route]
        if isinstance(answer, Script):
            return f"{answer.used} of {len(answer.steps)} answers used"
        return f"used {times} time{'' if times == 1 else 's'}"
