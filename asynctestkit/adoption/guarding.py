"""Makes the unmodified test classes of a run hygienic, wherever they are defined, and undoes that.

The hooks are inserted into the bases of every class that derives from IsolatedAsyncioTestCase directly, in
front of it: as if the suite had been written with HygieneMixin there. So ids, class fixtures, `load_tests`,
`super()` and existing instances stay as they were, classes of libraries are covered however a module has
imported the name, and classes with other bases, such as Django's async tests, are left alone.

Rejected: a derived class for each, as `setUpClass` would then set attributes on that and not on the class
that tests name, and its methods would hide the suite's own; replacing the name in `unittest`, as modules
imported before have the class; changing the class itself, as its methods call `super()`.
"""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator
from typing import Any

from ..case import HygieneHooks
from ..cpython import changes
from ..lifecycle.decorators import overrides_of
from ..settings import ClockName, Settings

__all__ = ["guard_all"]

__unittest = True

_CHANGE = "hooks in the bases of a suite's test cases"


class _RunHooks(HygieneHooks):
    """The hooks with the settings of a run, whatever attributes the suite's classes have."""

    _hygieneOfRun: Settings

    def _hygieneChosen(self) -> Settings:
        overrides = overrides_of(getattr(self, self._testMethodName))
        if not overrides:
            return self._hygieneOfRun
        return Settings(**{**vars(self._hygieneOfRun), **overrides})

    def _hygieneChosenClock(self) -> ClockName:
        return self._hygieneChosen().clock


def guard_all(settings: Settings, *, observes: bool) -> tuple[list[str], Callable[[], None]]:
    """Guards every class that exists now with these settings.

    Returns the names of the classes for which that is not possible, and the undo function. With `observes`
    outcomes do not change.
    """
    hooks: type = type("RunHooks", (_RunHooks,), {"_hygieneOfRun": settings, "_hygieneObserves": observes})
    before = [(case, case.__bases__) for case in _plain_cases()]
    refused = _set_bases([(case, tuple(_with_hooks(bases, hooks))) for case, bases in before])

    def take_back() -> None:
        changes.forget(_CHANGE)
        _set_bases(before)

    changes.note(_CHANGE, take_back)
    return [f"{case.__module__}.{case.__qualname__}" for case in refused], take_back


def _set_bases(wanted: list[tuple[Any, tuple[type, ...]]]) -> list[Any]:
    """Gives classes these bases, in any order in which that is possible; returns those that refuse."""
    while True:
        refused = [(case, bases) for case, bases in wanted if not _has_set_bases(case, bases)]
        if len(refused) == len(wanted):
            return [case for case, _ in refused]
        wanted = refused


def _has_set_bases(case: Any, bases: tuple[type, ...]) -> bool:
    try:
        case.__bases__ = bases
    except Exception:  # of a metaclass; or others have to change before, as together they have no `__mro__`
        return False
    return True


def _plain_cases() -> Iterator[Any]:
    for case in unittest.IsolatedAsyncioTestCase.__subclasses__():
        if not issubclass(case, HygieneHooks):
            yield case


def _with_hooks(bases: tuple[type, ...], hooks: type) -> Iterator[type]:
    for base in bases:
        if base is unittest.IsolatedAsyncioTestCase:
            yield hooks
        yield base
