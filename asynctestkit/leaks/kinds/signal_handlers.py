"""Signal handlers that were left installed on the loop."""

from __future__ import annotations

from collections.abc import Iterable

from ...cpython import loop_internals
from ...cpython.originals import asyncio, signal
from ...loops.loop import registration_site
from ...stacks.handles import callback_name, is_of_asyncio
from ...stacks.places import resolve
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["SignalHandlerLeaks"]


class SignalHandlerLeaks(LeakDetector):
    """Handlers of `loop.add_signal_handler`, installed since the test began and not removed."""

    kind = "signal_handler"
    types = (asyncio.Handle,)

    @staticmethod
    def registered(loop: asyncio.AbstractEventLoop) -> Iterable[asyncio.Handle]:
        return loop_internals.signal_handles(loop).values()

    def examine(self, obj: asyncio.Handle) -> Leak | None:
        loop, number = _installed(obj)
        if number is None or is_of_asyncio(obj):
            return None
        site = registration_site(loop, "signal", number)
        name = _signal_name(number)
        return Leak(
            kind=self.kind,
            name=name,
            description=f"still handled by the loop, which calls {callback_name(obj)}",
            phase=site[0] if site is not None else "",
            created_at=resolve(site) if site is not None else (),
            remedy=f"loop.remove_signal_handler(signal.{name})",
        )

    def release(self, obj: asyncio.Handle) -> None:
        """Removes the handler, which restores Python's default."""
        loop, number = _installed(obj)
        if number is not None:
            loop.remove_signal_handler(number)


def _installed(handle: asyncio.Handle) -> tuple[asyncio.AbstractEventLoop, int | None]:
    """The loop of a handle, and the signal that it handles there, or None."""
    loop = loop_internals.loop_of_handle(handle)
    handles = loop_internals.signal_handles(loop)
    return loop, next((number for number, each in handles.items() if each is handle), None)


def _signal_name(number: int) -> str:
    """The name of a signal; real-time signals between the first and the last have none of their own."""
    real_time = f"SIGRTMIN + {number - signal.SIGRTMIN}"
    return next((each.name for each in signal.Signals if each == number), real_time)
