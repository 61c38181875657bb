"""What can be set, and which of the places that set it counts."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from ..leaks.allowances import Allowance
from ..leaks.detector import LeakDetector
from ..leaks.kinds import DEFAULT_DETECTORS
from .environment import from_environment
from .values import NAMES, check, check_value

__all__ = ["ClockName", "OnLeak", "Overrides", "Settings", "settings_from", "settings_of"]

OnLeak = Literal["fail", "warn", "ignore"]
ClockName = Literal["real", "virtual"]


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a test class can set; times are wall seconds."""

    on_leak: OnLeak = "fail"
    """"fail", "warn" (a LeakWarning that names the test) or "ignore" (sweep silently)."""
    leak_detectors: tuple[type[LeakDetector], ...] = DEFAULT_DETECTORS
    """Detector classes; STRICT_DETECTORS has all that are built in."""
    allowed_leaks: tuple[Allowance, ...] = ()
    """Allowances that hold for every test of the class."""
    settle_time: float = 1.0
    """What pending tasks may take to end by themselves, before they are called leaks."""
    grace_period: float = 0.5
    """What cancelled tasks get to finish."""
    deadline: float | None = 120.0
    """The limit of each phase (set-up; body; tear-down; each cleanup); None = none."""
    blocking_threshold: float | None = None
    """How long one callback may hold the loop; None = for ever."""
    asyncio_debug: bool | None = None
    """asyncio's debug mode: True, False, or as PYTHONASYNCIODEBUG and -X dev say."""
    require_task_names: bool = False
    """Whether every task that the test starts must carry a name of its own."""
    random_seed: int | None = None
    """What `random` is seeded with; None = a seed derived from the test's name."""
    patch_time: bool = False
    """On the virtual clock, the `time` module follows it: `time.time()`, `time.sleep()`, …"""
    clock: ClockName = "real"
    """"real", or "virtual": the loop's time then jumps to the next timer when nothing else can happen."""

    def __post_init__(self) -> None:
        for name in NAMES:
            check_value(name, getattr(self, name))


class Overrides(TypedDict, total=False):
    """What `@hygiene` and `no_leaks` take: any of the settings."""

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


def settings_of(case: object, method_overrides: Mapping[str, Any]) -> Settings:
    """The settings of one test: of its class, its method and the environment."""
    overrides = {**method_overrides, **from_environment()}
    values = [overrides[name] if name in overrides else getattr(case, name) for name in NAMES]
    try:
        return _settings(*values)
    except TypeError:  # also for a list, which cannot be looked up in the cache
        return Settings(*values)


@functools.lru_cache(maxsize=256, typed=True)
def _settings(*values: Any) -> Settings:
    return Settings(*values)


def settings_from(overrides: Mapping[str, Any]) -> Settings:
    """Default settings with these overrides, and the environment's."""
    check(overrides)
    return Settings(**{**overrides, **from_environment()})
