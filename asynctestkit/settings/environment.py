"""The settings that environment variables override for a whole run."""

from __future__ import annotations

import difflib
import functools
import os  # live: the environment that a test has patched is the one it wants
from collections.abc import Callable, Mapping
from typing import Any

from ..cpython.environ_internals import raw_values
from .values import LEAST_SIMILARITY, check_value

__all__ = ["from_environment", "settings_in_environment"]

_PREFIX = "ASYNCTESTKIT_"


def settings_in_environment() -> tuple[object, ...]:
    """What the environment holds for each setting, None if nothing: the same objects until it changes."""
    return raw_values(os.environ, _NAMES_OF_SETTINGS)


def from_environment() -> Mapping[str, Any]:
    """The settings that the environment overrides, with their values; ValueError for a malformed one."""
    _reject_misspelt_variables()
    overrides = {}
    for variable, (name, parse, expected) in _ENVIRONMENT.items():
        text = os.environ.get(variable)
        if text is None:
            continue
        try:
            value = parse(text.strip())
            check_value(name, value)
        except ValueError:
            raise ValueError(f"environment variable {variable} is {text!r}, expected {expected}") from None
        overrides[name] = value
    return overrides


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


_NAMES_OF_SETTINGS = tuple(_ENVIRONMENT)
_VARIABLES = (*_ENVIRONMENT, "ASYNCTESTKIT_EXPLORE", "ASYNCTESTKIT_SCHEDULE")
"""The last two are no settings, but control how tests are explored."""


@functools.cache
def _reject_misspelt_variables() -> None:
    """Checks the environment once, as it is called for every test."""
    for variable in os.environ:
        if variable.startswith(_PREFIX) and variable not in _VARIABLES:
            known = [each.removeprefix(_PREFIX) for each in _VARIABLES]
            nearest = difflib.get_close_matches(
                variable.removeprefix(_PREFIX), known, n=1, cutoff=LEAST_SIMILARITY
            )
            if nearest:  # others may be a project's own
                raise ValueError(
                    f"unknown environment variable {variable}; did you mean {_PREFIX}{nearest[0]}? "
                    f"The variables are: {', '.join(_VARIABLES)}"
                )
