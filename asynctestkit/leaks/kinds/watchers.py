"""Descriptors that the loop was left to watch."""

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
    """What `loop.add_reader` and `loop.add_writer` have registered, and nobody has removed."""

    kind = "watcher"
    types = (asyncio.Handle,)

    def registered(self, loop: asyncio.AbstractEventLoop) -> Iterable[asyncio.Handle]:
        return [watch.handle for watch in loop_internals.watches(loop)]

    def examine(self, obj: asyncio.Handle) -> Leak | None:
        watch = _watch_of(obj)
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
        """Removes it; the descriptor stays as it is."""
        loop, watch = loop_internals.loop_of_handle(obj), _watch_of(obj)
        if watch is not None:
            remove = loop.remove_writer if watch.is_writer else loop.remove_reader
            remove(watch.fd)


def _watch_of(handle: asyncio.Handle) -> loop_internals.Watch | None:
    watches = loop_internals.watches(loop_internals.loop_of_handle(handle))
    return next((each for each in watches if each.handle is handle), None)
