"""A selector that detects that nothing can ever wake its loop.

A selector is asked to wait only when no callback is ready: so a loop's selector can detect that the loop has
come to a standstill, and no step of the loop itself has to be replaced.
"""

from __future__ import annotations

import enum
import math
import selectors
from collections.abc import Callable, Sequence

from ..cpython import loop_internals, wait_internals
from ..cpython.originals import asyncio
from .outside.activity import has_alarm, has_children, has_users_signal_handler, may_have_unseen_threads
from .outside.busy_threads import busy_threads
from .outside.contacts import Contacts
from .outside.jobs import note_jobs
from .stopped_clock import has_standard_clock

__all__ = ["Events", "Standstill", "WatchfulSelector"]

Events = list[tuple[selectors.SelectorKey, int]]

_ROUND, _ROUNDS = 0.01, 10
"""Wall seconds of a round, and how many rounds a clock must stand still before it counts as stopped."""
_RECHECK_INTERVAL = 0.05
"""Wall seconds after which an endless wait checks again: a thread that just ends wakes no loop."""


class Standstill(enum.Enum):
    """Why a loop makes no progress."""

    DEADLOCK = "nothing can ever wake it"
    STOPPED_CLOCK = "it waits for a timer, and its clock stands still"
    RUNAWAY = "virtual time would run past its limit"
    SPIN = "its loop turns without time passing"
    BACKGROUND = "nothing but background tasks runs"
    HEARTBEAT = "it runs one timer after the other"
    """The listener decides whether its code can never wake; otherwise it is no standstill."""


class WatchfulSelector(selectors.DefaultSelector):
    """The standard selector; with a listener set, it reports a deadlock instead of waiting.

    The last of the `listeners` is called in the loop, with the reason why there is no progress.
    """

    _stopped_rounds = 0

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        contacts: Contacts,
        listeners: Sequence[Callable[[Standstill], None]],
    ) -> None:
        super().__init__()
        note_jobs()
        self._loop = loop
        self._contacts = contacts
        self._listeners = listeners

    def select(self, timeout: float | None = None) -> Events:
        """As the standard selector's; also returns no events when a standstill was reported."""
        if timeout is not None and timeout <= 0:
            # Asking the system when nothing is registered would take as long as the rest of a turn.
            return super().select(timeout) if wait_internals.watched_by(self) else []
        if self._is_endless():
            return self._wait_for_ever()
        if not self._listeners or has_standard_clock(self._loop):
            return super().select(timeout)
        return self._wait_for_timer(timeout)

    def _wait_for_timer(self, timeout: float | None) -> Events:
        """Waits a little, for a clock that has been replaced: if that stands still, the loop calls again."""
        before = self._loop.time()
        events = super().select(_ROUND if timeout is None else min(timeout, _ROUND))
        if events or loop_internals.ready_count(self._loop) or self._loop.time() != before:
            self._stopped_rounds = 0
            return events
        self._stopped_rounds += 1
        if self._stopped_rounds < _ROUNDS or not self._is_dead():
            return events
        # Once more, as a thread may have moved the clock, or woken the loop, just before it ended.
        events = super().select(0)
        if events or loop_internals.ready_count(self._loop) or self._loop.time() != before:
            return events
        self._stopped_rounds = 0
        return self._report(Standstill.STOPPED_CLOCK)

    def _is_endless(self) -> bool:
        """Whether no timer will ever be due: there is none, or the next is one at infinity."""
        timer = wait_internals.first_timer(self._loop)
        return timer is None or timer.when() == math.inf

    def _wait_for_ever(self) -> Events:
        while True:
            is_dead = bool(self._listeners) and self._is_dead()
            # Afterwards, as a thread may have woken the loop just before it ended.
            events = super().select(0 if is_dead else _RECHECK_INTERVAL)
            if events or loop_internals.ready_count(self._loop):
                return events
            if is_dead:
                return self._report(Standstill.DEADLOCK)

    def _is_dead(self) -> bool:
        return not (
            loop_internals.watched_descriptors(self._loop)
            or may_have_unseen_threads()
            or busy_threads(self._contacts.spared)
            or has_children()
            or has_alarm()
            or loop_internals.has_signal_handlers(self._loop)
            or has_users_signal_handler()
        )

    def _report(self, standstill: Standstill) -> Events:
        """Calls the listener in a callback, so that its errors are reported like any other's."""
        if self._listeners:
            self._loop.call_soon(self._listeners[-1], standstill)
        return []
