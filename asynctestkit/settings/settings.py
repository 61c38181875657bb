"""The settings, and the precedence of the places that set them."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from ..leaks.allowances import Allowance
from ..leaks.detector import LeakDetector
from ..leaks.kinds import DEFAULT_DETECTORS
from .environment import from_environment, settings_in_environment
from .values import NAMES, check, check_value

__all__ = ["ClockName", "OnLeak", "Overrides", "Settings", "settings_from", "settings_of"]

OnLeak = Literal["fail", "warn", "ignore"]
ClockName = Literal["real", "virtual"]


@dataclasses.dataclass(frozen=True)
class Settings:
    """Set by class attributes for a test class, by `@hygiene` for one test, by the environment for a run.

    on_leak             "fail", "warn" (a LeakWarning that names the test) or "ignore" (sweep silently)
    leak_detectors      detector classes; STRICT_DETECTORS has all that are built in
    allowed_leaks       Allowances that hold for every test of the class
    settle_time         the time that pending tasks get to end by themselves, before they count as leaks
    grace_period        the time that cancelled tasks get to end
    deadline            the limit of each phase (set-up; body; tear-down; each cleanup); None = none
    blocking_threshold  how long one callback may hold the loop; None = no limit
    asyncio_debug       asyncio's debug mode: True, False, or None: as PYTHONASYNCIODEBUG and -X dev say
    require_task_names  whether every task that the test starts must carry a name of its own
    random_seed         what `random` is seeded with; None = a seed derived from the test's name
    patch_time          on the virtual clock, the `time` module follows it: `time.time()`, `time.sleep()`, …
    clock               "real", or "virtual": the loop's time jumps when nothing else can happen

    Times are wall seconds. The environment's names are ASYNCTESTKIT_ON_LEAK, _SETTLE_TIME, _GRACE_PERIOD,
    _DEADLINE, _BLOCKING_THRESHOLD and _SEED.
    """

    on_leak: OnLeak = "fail"
    leak_detectors: tuple[type[LeakDetector], ...] = DEFAULT_DETECTORS
    allowed_leaks: tuple[Allowance, ...] = ()
    settle_time: float = 1.0
    grace_period: float = 0.5
    deadline: float | None = 120.0
    blocking_threshold: float | None = None
    asyncio_debug: bool | None = None
    require_task_names: bool = False
    random_seed: int | None = None
    patch_time: bool = False
    clock: ClockName = "real"

    def __post_init__(self) -> None:
        for name in NAMES:
            check_value(name, getattr(self, name))


class Overrides(TypedDict, total=False):
    """The keywords of `@hygiene` and `no_leaks`: any of the settings."""

    on_leak: OnLeak
    leak_detectors: tuple[type[LeakDetector], ...]
    allowed_leaks: tuple[Allowance, ...]
    settle_time: float
    grace_period: float
    deadline: float | None
    blocking_threshold: float | None
    asyncio_debug: bool | None
    require_task_names: bool
    random_seed: int | None
    patch_time: bool
    clock: ClockName


_values_of = operator.attrgetter(*NAMES)


def settings_of(case: object, method_overrides: Mapping[str, Any]) -> Settings:
    """The settings of one test: of its class, its method and the environment.

    Those of the latest test are mostly those of the next one, too.
    """
    global _latest
    sources = (*_values_of(case), method_overrides, *settings_in_environment())
    known, settings = _latest  # one variable, as tests may run in several threads
    # By identity: 1, 1.0 and True are equal, and valid values cannot be changed in place.
    if not known or not all(map(operator.is_, sources, known)):
        overrides = {**method_overrides, **from_environment()}
        values = zip(NAMES, _values_of(case), strict=True)
        settings = Settings(*(overrides.get(name, value) for name, value in values))
        _latest = sources, settings
    return settings


_latest: tuple[tuple[Any, ...], Settings] = ((), Settings())


def settings_from(overrides: Mapping[str, Any]) -> Settings:
    """Default settings with these overrides and the environment's."""
    check(overrides)
    return Settings(**{**overrides, **from_environment()})
