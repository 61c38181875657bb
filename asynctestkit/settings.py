"""Settings: default < class attribute < `@hygiene` on the method < environment, validated when given."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import os  # live: the environment that a test has patched is the one it wants
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, Literal, TypedDict

from .leaks.allowances import Allowance
from .leaks.detector import LeakDetector
from .leaks.kinds import DEFAULT_DETECTORS

__all__ = [
    "NAMES",
    "ClockName",
    "OnLeak",
    "Overrides",
    "Settings",
    "check",
    "from_environment",
    "reject_misspelt",
    "settings_from",
    "settings_of",
]

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
            _CHECKS[name](name, getattr(self, name))


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


def _check_choice(name: str, value: object) -> None:
    choices = _CHOICES[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, expected one of {', '.join(map(repr, choices))}")
    if value not in choices:
        nearest = difflib.get_close_matches(value.lower(), choices, n=1) or choices
        raise ValueError(
            f"{name} is {value!r}, expected one of {', '.join(map(repr, choices))}; try {nearest[0]!r}"
        )


def _check_detectors(name: str, value: object) -> None:
    if not isinstance(value, tuple):
        raise TypeError(
            f"{name} is {value!r}, expected a tuple of detector classes, such as DEFAULT_DETECTORS + (Mine,)"
        )
    for detector in value:
        if not (isinstance(detector, type) and issubclass(detector, LeakDetector)):
            raise TypeError(
                f"{name} holds {detector!r}, expected a subclass of LeakDetector (the class, no instance)"
            )


def _check_allowances(name: str, value: object) -> None:
    if not isinstance(value, tuple):
        raise TypeError(
            f"{name} is {value!r}, expected a tuple: (Allowance('task', name='bg:*', reason='…'),)"
        )
    for allowance in value:
        if not isinstance(allowance, Allowance):
            raise TypeError(f"{name} holds {allowance!r}, expected an Allowance(kind, reason='…')")


def _check_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}, expected a number of seconds")
    if math.isnan(value) or value < 0:
        raise ValueError(f"{name} is {value!r}, expected a number of seconds that is not negative")


def _check_limit(name: str, value: object) -> None:
    if value is None:
        return
    _check_seconds(name, value)
    if value == 0:
        raise ValueError(f"{name} is {value!r}, expected more than no time at all; for no limit, say None")


def _check_flag(name: str, value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, expected True, False or None")


def _check_bool(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, expected True or False")


def _check_seed(name: str, value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError(f"{name} is {value!r}, expected an int or None")


_CHOICES = {"on_leak": ("fail", "warn", "ignore"), "clock": ("real", "virtual")}

_CHECKS: Mapping[str, Callable[[str, object], None]] = {
    "on_leak": _check_choice,
    "leak_detectors": _check_detectors,
    "allowed_leaks": _check_allowances,
    "settle_time": _check_seconds,
    "grace_period": _check_seconds,
    "deadline": _check_limit,
    "blocking_threshold": _check_limit,
    "asyncio_debug": _check_flag,
    "require_task_names": _check_bool,
    "random_seed": _check_seed,
    "patch_time": _check_bool,
    "clock": _check_choice,
}
NAMES = tuple(_CHECKS)


def check(overrides: Mapping[str, object]) -> None:
    """Raises TypeError or ValueError for the first setting that does not exist or cannot have that value."""
    for name, value in overrides.items():
        if name not in _CHECKS:
            nearest = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.0)
            raise TypeError(
                f"unknown setting {name!r}; did you mean {nearest[0]!r}? There are: {', '.join(NAMES)}"
            )
        _CHECKS[name](name, value)


def reject_misspelt(name: str, value: object) -> None:
    """Raises TypeError for a class attribute that is a setting but for a slip, as its name and value show.

    Nothing else is any business of ours: constants, counted names, plurals, and values that the setting could
    not have, stay what the suite means them to be.
    """
    if name.isupper() or name.startswith("_") or any(map(str.isdigit, name)):
        return
    written = name.lower().replace("_", "")
    for setting in NAMES:
        meant = setting.replace("_", "")
        is_plural = written == f"{meant}s" and not isinstance(value, str | tuple)
        is_near = written[0] == meant[0] and abs(len(written) - len(meant)) <= 1 and not is_plural
        if (
            is_near
            and difflib.SequenceMatcher(None, written, meant).ratio() >= _NEARLY
            and _fits(setting, value)
        ):
            raise TypeError(
                f"{name} = {value!r} looks like the setting {setting!r}, misspelt; "
                "if it is an attribute of your own, give it a name that differs more"
            )


_NEARLY = 0.85
"""A letter too many or too few; in longer names also two that are swapped, or another one."""


def _fits(setting: str, value: object) -> bool:
    try:
        _CHECKS[setting](setting, value)
    except (TypeError, ValueError):
        return False
    return True


def _seconds_or_none(text: str) -> float | None:
    return float(text) or None


_ENVIRONMENT: Mapping[str, tuple[str, Callable[[str], Any], str]] = {
    "ASYNCTESTKIT_ON_LEAK": ("on_leak", str, "fail, warn or ignore"),
    "ASYNCTESTKIT_SETTLE_TIME": ("settle_time", float, "a number of seconds, such as 1.5"),
    "ASYNCTESTKIT_GRACE_PERIOD": ("grace_period", float, "a number of seconds, such as 0.5"),
    "ASYNCTESTKIT_DEADLINE": (
        "deadline",
        _seconds_or_none,
        "a number of seconds, such as 120, or 0 for none",
    ),
    "ASYNCTESTKIT_BLOCKING_THRESHOLD": (
        "blocking_threshold",
        _seconds_or_none,
        "a number of seconds, such as 0.1, or 0 for none",
    ),
    "ASYNCTESTKIT_SEED": ("random_seed", int, "an integer"),
}


@functools.cache
def _reject_misspelt_variables() -> None:
    """Looks once at what the process was started with, as it is asked for every test."""
    for variable in os.environ:
        if variable.startswith(_PREFIX) and variable not in _ENVIRONMENT:
            known = [each.removeprefix(_PREFIX) for each in _ENVIRONMENT]
            nearest = difflib.get_close_matches(variable.removeprefix(_PREFIX), known, n=1, cutoff=_NEARLY)
            if nearest:  # others may be a project's own
                raise ValueError(
                    f"unknown environment variable {variable}; did you mean {_PREFIX}{nearest[0]}? "
                    f"There are: {', '.join(_ENVIRONMENT)}"
                )


_PREFIX = "ASYNCTESTKIT_"


def from_environment() -> dict[str, Any]:
    """The settings that the environment overrides for a whole run; ValueError for a malformed one."""
    _reject_misspelt_variables()
    overrides = {}
    for variable, (name, parse, expected) in _ENVIRONMENT.items():
        text = os.environ.get(variable)
        if text is None:
            continue
        try:
            value = parse(text.strip())
            _CHECKS[name](name, value)
        except ValueError:
            raise ValueError(f"environment variable {variable} is {text!r}, expected {expected}") from None
        overrides[name] = value
    return overrides


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
