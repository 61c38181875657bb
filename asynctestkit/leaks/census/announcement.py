"""The announcement of an object that it was not closed."""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["Announcement"]


@dataclasses.dataclass(frozen=True)
class Announcement:
    """An object was not closed: announced when it is destroyed or when its loop is closed.

    An announcement lives for one call only.
    """

    message: str
    thing: Any
    """None for an object that cannot be reached: a resource of a loop that is written in C."""
    made_at: Any = None
    """The stack of its creation, if it has recorded that itself, as aiohttp's objects do in debug mode."""
