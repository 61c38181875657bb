"""What was reported to the loop's default exception handler."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...cpython.originals import asyncio

__all__ = ["LoopError"]


@dataclasses.dataclass(frozen=True)
class LoopError:
    """An error that reached the loop's default exception handler.

    It lives for one call only. `future` is the failed future if the error is that its exception was never
    retrieved; `context` is the handler's argument.
    """

    message: str
    exception: BaseException | None
    future: asyncio.Future[Any] | None
    context: Mapping[str, Any] = dataclasses.field(default_factory=dict, compare=False)
