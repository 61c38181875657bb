"""Descriptors that the loop still watches."""

from __future__ import annotations

from collections.abc import Iterable

from ...cpython import loop_internals
from ...cpython.originals import asyncio
from ...loops.loop import registration_site
from ...stacks.handles import callback_name, is_of_asyncio
from ...stacks.places import resolve
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["WatcherLeaks"]


class WatcherLeaks(LeakDetector):
    """Handles that `loop.add_reader` and `loop.add_writer` have registered, and that were not removed."""

    kind = "watcher"
    types = (asyncio.Handle,)

    def __init__(self) -> None:
        self._watches: dict[int, loop_internals.Watch] = {}

    def registered(self, loop: asyncio.AbstractEventLoop) -> Iterable[asyncio.Handle]:
        watches = loop_internals.watches(loop)
        self._watches = {id(watch.handle): watch for watch in watches}
        return [watch.handle for watch in watches]

    def examine(self, obj: asyncio.Handle) -> Leak | None:
        watch = self._watch_of(obj)
        if watch is None or is_of_asyncio(obj):
            return None
        what, direction = ("writer", "writing") if watch.is_writer else ("reader", "reading")
        site = registration_site(loop_internals.loop_of_handle(obj), what, watch.fd)
        return Leak(
            kind=self.kind,
            name=f"fd {watch.fd}",
            description=f"still watched for {direction} by the loop, which calls {callback_name(obj)}",
            phase=site[0] if site is not None else "",
            created_at=resolve(site) if site is not None else (),
            remedy=f"loop.remove_{what}(fd)",
        )

    def release(self, obj: asyncio.Handle) -> None:
        """Removes the handle; the descriptor stays as it is."""
        loop, watch = loop_internals.loop_of_handle(obj), self._watch_of(obj)
        if watch is not None:
            remove = loop.remove_writer if watch.is_writer else loop.remove_reader
            remove(watch.fd)

    def _watch_of(self, handle: asyncio.Handle) -> loop_internals.Watch | None:
        """The watch of a handle; None if it has been removed since it was listed."""
        watch = self._watches.get(id(handle))
        loop = loop_internals.loop_of_handle(handle)
        return watch if watch is not None and watch in loop_internals.watches(loop, watch.fd) else None
