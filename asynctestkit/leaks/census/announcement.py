"""What says of itself that it was not closed."""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["Announcement"]


@dataclasses.dataclass(frozen=True)
class Announcement:
    """Something was not closed, and says so when it dies, or when its loop is closed.

    It lives for one call only.
    """

    message: str
    thing: Any
    """None for what does not show itself: a resource of a loop that is written in C."""
    made_at: Any = None
    """The stack of its making, if it has taken that down itself, as aiohttp's do in debug mode."""
