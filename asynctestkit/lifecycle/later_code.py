"""Code of a suite's that runs after the sweep, and may use the loop there."""

from __future__ import annotations

import functools
import operator
from typing import Any

from ..cpython.definitions import module_of, mro_of, namespace_of
from ..cpython.versions import HAS_RUNNER

__all__ = ["has_later_code", "runs_later_code"]

_HOOKS = (
    "doCleanups",
    "_callCleanup",
    "_tearDownAsyncioRunner",
    *(() if HAS_RUNNER else ("_tearDownAsyncioLoop",)),
)
_hooks_of: Any = operator.attrgetter(*_HOOKS)
_own_hooks = functools.cache(_hooks_of)


def runs_later_code(cls: type, own: type) -> bool:
    """Whether a class, or one between it and our class `own`, overrides what runs after the sweep."""
    return bool(_hooks_of(cls) != _own_hooks(own))


def has_later_code(cls: type) -> bool:
    """As `runs_later_code`, wherever in the order of inheritance that class is; takes longer."""
    return any(map(_overrides, mro_of(cls)))


def _overrides(cls: type) -> bool:
    is_own = module_of(cls).partition(".")[0] in ("unittest", __name__.partition(".")[0])
    return not is_own and not namespace_of(cls).keys().isdisjoint(_HOOKS)
