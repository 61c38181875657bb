"""What a server answers, whatever the client library: status, headers, and a body that arrives in chunks."""

from __future__ import annotations

import codecs
import dataclasses
import http
import json as json_format
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .outcomes import after, error_of, is_error, never, perform

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["Answer", "Body", "Headers", "body_steps", "reason_of"]

__unittest = True


class Headers(Mapping[str, str]):
    """A read-only mapping of headers with case-insensitive names; of a repeated header the first counts."""

    def __init__(self, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        self.pairs = [(str(name), str(value)) for name, value in pairs]

    def getall(self, name: str) -> list[str]:
        """All values of the header with that name, in order."""
        return [value for other, value in self.pairs if other.lower() == name.lower()]

    def __getitem__(self, name: str) -> str:
        values = self.getall(name)
        if not values:
            raise KeyError(name)
        return values[0]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.getall(name))

    def __iter__(self) -> Iterator[str]:
        return iter({name.lower(): name for name, _ in reversed(self.pairs)}.values())

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.pairs})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        theirs = other if isinstance(other, Headers) else Headers(other)
        return sorted(self._lowered()) == sorted(theirs._lowered())

    __hash__ = None  # type: ignore[assignment]  # like that of a dict

    def _lowered(self) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in self.pairs]

    def __repr__(self) -> str:
        return f"<Headers {dict(self.pairs)}>"


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer for any client library; it can be used many times, each time with its whole body."""

    status: int
    reason: str
    headers: Headers
    steps: tuple[Any, ...]
    """The body's chunks in order, with exceptions, `after(…)` and `never()` among them."""
    json_raises: Any = None
    text_raises: Any = None
    checks_content_type: bool = False
    """Whether the test gave the content type itself: a client that checks it may then reject it."""

    @property
    def content_type(self) -> str:
        """The content type without its parameters."""
        return self._content_type().get_content_type()

    @property
    def charset(self) -> str | None:
        """The charset that the headers declare."""
        return self._content_type().get_content_charset()

    @property
    def encoding(self) -> str:
        """The codec for text: the charset of the headers if Python knows it, UTF-8 otherwise."""
        charset = self.charset
        try:
            return codecs.lookup(charset).name if charset else "utf-8"
        except LookupError:
            return "utf-8"

    def _content_type(self) -> Message:
        from email.message import Message  # some 10 ms, once, where answers are read

        message = Message()
        message["Content-Type"] = self.headers.get("Content-Type", "application/octet-stream")
        return message


class Body:
    """A body being read: each chunk is returned once. `may_fail` is called before each, and may raise."""

    def __init__(self, steps: Iterable[Any], may_fail: Callable[[Body], object]) -> None:
        self._steps = list(steps)
        self._may_fail = may_fail
        self._error: BaseException | None = None
        self.arrived = not self._steps
        """Whether it was read to its end, or reading failed."""

    async def next_chunk(self) -> bytes:
        """The next chunk, b"" at the end. Once reading has failed, each call raises that error again."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        while self._steps:
            try:
                if error_of(self._steps[0]) is None:
                    self._may_fail(self)
                # The step is removed only when it is done, so that a cancelled read can be resumed.
                chunk: bytes = await perform(self._steps[0])
            except Exception as error:
                self._steps.clear()
                self._error, self.arrived = error, True
                raise
            del self._steps[0]
            self.arrived = not self._steps
            if chunk:
                return chunk
        return b""


def body_steps(json: Any, text: Any, body: Any, chunks: Any, absent: Any, encoding: str) -> tuple[Any, ...]:
    """The steps of a body that is given in one of four ways; raises TypeError for more than one."""
    given = {"json": json, "text": text, "body": body, "chunks": chunks}
    ways = [
        way
        for way, value in given.items()
        if value is not absent and not (way in ("json", "text") and is_error(value))
    ]
    if len(ways) > 1:
        raise TypeError(f"the body is given as {' and as '.join(ways)}; one is enough for every reader")
    way = ways[0] if ways else ""
    if way == "json":
        return (json_format.dumps(json).encode(encoding),)
    parts = chunks if way == "chunks" else [text] if way == "text" else [body] if way == "body" else []
    return tuple(step for step in (_checked(part, encoding) for part in parts) if step != b"")


def _checked(step: Any, encoding: str) -> Any:
    if isinstance(step, str):
        return step.encode(encoding)
    if isinstance(step, bytearray | memoryview):
        return bytes(step)
    if isinstance(step, after):
        return after(step.seconds, b"" if step.step is None else _checked(step.step, encoding))
    if isinstance(step, bytes | never) or is_error(step):
        return step
    raise TypeError(f"{step!r} cannot be in a body: expected bytes, str, an exception, after(…) or never()")


def reason_of(status: int) -> str:
    """The standard reason phrase of a status; "" for an unknown status."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""
