"""Timers that were left pending."""

from __future__ import annotations

from collections.abc import Iterable

from ...cpython import loop_internals
from ...cpython.originals import asyncio
from ...stacks.code_owners import is_machinery
from ...stacks.handles import callback_name, is_of_asyncio
from ...stacks.places import creation_site, resolve
from ..detector import LeakDetector
from ..leak import Leak
from .tasks import places_from_debug_mode

__all__ = ["TimerLeaks"]


class TimerLeaks(LeakDetector):
    """Timers of `loop.call_later` and `loop.call_at` that are neither due nor cancelled."""

    kind = "timer"
    types = (asyncio.TimerHandle,)

    @staticmethod
    def registered(loop: asyncio.AbstractEventLoop) -> Iterable[asyncio.TimerHandle]:
        return loop_internals.timers(loop)

    def examine(self, obj: asyncio.TimerHandle) -> Leak | None:
        if obj.cancelled() or _is_set_by_asyncio(obj):
            return None
        due_in = max(0.0, obj.when() - loop_internals.loop_of_handle(obj).time())
        site = creation_site(obj)
        return Leak(
            kind=self.kind,
            name=callback_name(obj),
            description=f"still pending, would be called in {due_in:.0f} s",
            phase=site[0] if site is not None else "",
            created_at=resolve(site) if site is not None else places_from_debug_mode(obj),
            remedy="timer = loop.call_later(…); timer.cancel()",
        )

    def release(self, obj: asyncio.TimerHandle) -> None:
        """Cancels the timer."""
        obj.cancel()


def _is_set_by_asyncio(timer: asyncio.TimerHandle) -> bool:
    """Exempt: the timer of a `sleep`, a `timeout` or a TLS handshake, which is reported itself.

    The caller of `call_later` decides; if that is not known, the callback.
    """
    site = creation_site(timer)
    if site is None:
        return is_of_asyncio(timer)
    return len(site) == 1 or is_machinery(site[1].co_filename)
