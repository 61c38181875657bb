"""The leaks of one test, as they are found."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from ...cpython import task_internals, transport_internals
from ...cpython.originals import asyncio
from ...stacks.places import creation_site, package_call_in
from ..allowances import Allowance, apply
from ..census.announcement import Announcement
from ..census.census import Census
from ..census.origins import origins
from ..detector import LeakDetector
from ..leak import Leak, in_phase
from .panel import Panel

__all__ = ["Findings"]


class Findings:
    """The leaks that a panel finds and no allowance tolerates.

    `leaks` and `used_allowances` grow until the sweep is over.
    """

    def __init__(
        self,
        panel: Panel,
        census: Census,
        allowances: Iterable[Allowance],
        leaks: list[Leak],
        used_allowances: set[Allowance],
    ) -> None:
        self.leaks = leaks
        self.used_allowances = used_allowances
        self._panel = panel
        self._census = census
        self._allowances = tuple(allowances)

    def judge(self, obj: object) -> tuple[LeakDetector | None, Leak | None]:
        """The first detector that considers an object a leak, and that leak, with its phase."""
        detector, leak = self._panel.judge(obj)
        if leak is not None and _is_built_in(detector):
            leak = _with_creators_remedy(leak, obj)
        if leak is not None and not leak.phase and not _has_unknown_phase(obj):
            leak = in_phase(leak, self._census.phase_of(obj) or self._census.phase)
        return detector, leak

    def add(self, leak: Leak) -> bool:
        """Adds a leak; returns False if it is allowed."""
        if apply(self._allowances, leak, self.used_allowances):
            return False
        self.leaks.append(leak)
        return True

    def add_if_leak(self, obj: Any) -> bool:
        """Examines an object that is being destroyed; returns whether it is a leak, allowed or not."""
        leak = self.judge(obj)[1]
        if leak is not None:
            self.add(leak)
        return leak is not None

    def allows(self, obj: object) -> bool:
        """Whether an object is a leak that is allowed."""
        leak = self.judge(obj)[1]
        return leak is not None and apply(self._allowances, leak, set())


def _is_built_in(detector: LeakDetector | None) -> bool:
    return type(detector).__module__.startswith(_OWN)


_NOTED = (*task_internals.FUTURE_TYPES, *transport_internals.TRANSPORTS, asyncio.Server, asyncio.Handle)
"""Objects whose creation our loop records; a user's class might have any attribute."""
_OWN = __name__.partition(".")[0] + "."


def _with_creators_remedy(leak: Leak, obj: object) -> Leak:
    """The leak, with another remedy if an installed package created it: to close the package's object."""
    origin, site = origins.of(obj), None
    if origin is not None:
        site = origin.site
    elif isinstance(obj, _NOTED):
        site = creation_site(obj) or creation_site(transport_internals.carrier_of(obj))
    if isinstance(obj, task_internals.FUTURE_TYPES) and obj.done():
        return leak  # closing an object does not fix a failure
    creator = package_call_in(site) if site is not None else ""
    return dataclasses.replace(leak, remedy=f"close the {creator} that made it") if creator else leak


def _has_unknown_phase(obj: object) -> bool:
    """Whether it was announced only when the loop was closed, so that its phase is unknown."""
    return isinstance(obj, Announcement) and obj.thing is None
