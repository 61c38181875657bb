"""Objects that may outlive their test: a later test in which they are destroyed is not charged with them."""

from __future__ import annotations

import weakref
from typing import Any

from ...cpython import transport_internals
from ..kinds.coroutines import is_unstarted

__all__ = ["spare", "spared"]


class _Spared:
    """Unstarted coroutines that may outlive their test, and the ids of those that were destroyed since."""

    def __init__(self) -> None:
        self._living: dict[int, weakref.ref[Any]] = {}
        self.destroyed: set[int] = set()

    def add(self, coroutine: Any) -> None:
        identity = id(coroutine)
        # The callback runs just before the finalizer, which calls `was_destroyed`.
        self._living[identity] = weakref.ref(coroutine, lambda _: self._record_destruction(identity))

    def was_destroyed(self, coroutine: Any) -> bool:
        died = id(coroutine) in self.destroyed
        self.destroyed.discard(id(coroutine))
        return died

    def _record_destruction(self, identity: int) -> None:
        del self._living[identity]
        self.destroyed.add(identity)


spared = _Spared()
"""The spared coroutines of this process."""


def spare(obj: object) -> None:
    """Lets an object that is no leak, or an allowed one, live on without being a leak of a later test."""
    if is_unstarted(obj):
        spared.add(obj)
    elif isinstance(obj, transport_internals.TRANSPORTS):
        transport_internals.silence(obj)
