"""The loop of tests that run on virtual time."""

from __future__ import annotations

from ...cpython import wait_internals
from ...cpython.originals import asyncio
from ..loop import HygienicEventLoop
from ..selector import WatchfulSelector
from .clock import Clock, VirtualClock
from .virtual_selector import VirtualSelector

__all__ = ["VirtualEventLoop", "clock_of"]

__unittest = True


class VirtualEventLoop(HygienicEventLoop):
    """A loop on virtual time, which jumps to the next timer when nothing else can happen.

    Timers run at exactly their due time, and those due at the same time in the order in which they were set.
    """

    def __init__(self) -> None:
        self.clock = VirtualClock()
        super().__init__()
        wait_internals.set_resolution(self, self.clock.resolution)

    def _make_selector(self) -> WatchfulSelector:
        listeners = self.standstill_listeners
        return VirtualSelector(
            self, self.contacts, listeners, lambda: self.background_tasks or (), self.clock
        )

    def time(self) -> float:
        """Seconds on the virtual clock."""
        return self.clock.now


def clock_of(loop: asyncio.AbstractEventLoop, setting: str) -> Clock:
    """The clock for a new test; RuntimeError if the setting is "virtual" and the loop has no virtual time."""
    if isinstance(loop, VirtualEventLoop):
        return loop.clock
    if setting == "virtual":
        kind = f"{type(loop).__module__}.{type(loop).__qualname__}"
        raise RuntimeError(
            f'clock = "virtual" needs the loop of asynctestkit, and this test runs on a {kind}: take away '
            'its loop_factory, event loop policy or own runner, or say clock = "real"'
        )
    return Clock(loop)
