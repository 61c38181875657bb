"""Settings: default < class attribute < `@hygiene` on the method < environment, validated when set."""

from .environment import from_environment
from .settings import ClockName, OnLeak, Overrides, Settings, settings_from, settings_of
from .values import NAMES, check, reject_misspelt

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
