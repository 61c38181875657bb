"""The checks of settings' values, and of names that are no settings.

All raise TypeError or ValueError with the value, what was expected and the nearest valid name or value.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from numbers import Real

from ..leaks.allowances import Allowance
from ..leaks.detector import LeakDetector

__all__ = ["LEAST_SIMILARITY", "NAMES", "check", "check_value", "reject_misspelt"]

LEAST_SIMILARITY = 0.85
"""The ratio of names that differ by an added or missing letter, or, if long, by a swap or another letter."""


def check(overrides: Mapping[str, object]) -> None:
    """Raises for the first setting that does not exist or cannot have that value."""
    for name, value in overrides.items():
        if name not in _CHECKS:
            nearest = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.0)
            raise TypeError(
                f"unknown setting {name!r}; did you mean {nearest[0]!r}? The settings are: {', '.join(NAMES)}"
            )
        check_value(name, value)


def check_value(name: str, value: object) -> None:
    """Raises for a value that the setting of that name cannot have."""
    _CHECKS[name](name, value)


def reject_misspelt(name: str, value: object) -> None:
    """Raises TypeError for a class attribute whose name and value show that it is a misspelt setting.

    Other attributes are the suite's own: constants, numbered names, plurals, and values that the setting
    could not have.
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
            and difflib.SequenceMatcher(None, written, meant).ratio() >= LEAST_SIMILARITY
            and _fits(setting, value)
        ):
            raise TypeError(
                f"{name} = {value!r} looks like the setting {setting!r}, misspelt; "
                "if it is an attribute of your own, give it a less similar name"
            )


def _fits(setting: str, value: object) -> bool:
    try:
        check_value(setting, value)
    except (TypeError, ValueError):
        return False
    return True


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
        if detector.examine is LeakDetector.examine:
            raise TypeError(
                f"{name} holds {detector!r}, which cannot decide what is a leak: expected a class with "
                "def examine(self, obj)"
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
        raise ValueError(f"{name} is {value!r}, expected more than 0 seconds; for no limit, say None")


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
