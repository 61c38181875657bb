"""Exemptions: which leaks are tolerated, and why."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from .detector import LeakDetector
from .leak import Leak

__all__ = ["Allowance", "apply", "names_of_threads"]


@dataclasses.dataclass(frozen=True)
class Allowance:
    """Tolerates the leaks of one kind whose name, and whose coroutine's qualified name, match.

    Both are `fnmatch` patterns; None matches everything. `reason` is for the next reader and must not be
    empty. A kind that is neither built in nor of one of the project's own detectors raises ValueError if it
    looks like a misspelled one.

    >>> Allowance("tasks", name="metrics:*", reason="flushed at exit")
    Traceback (most recent call last):
    ValueError: unknown kind of leak 'tasks'; did you mean 'task'?
    """

    kind: str
    name: str | None = dataclasses.field(default=None, kw_only=True)
    coroutine: str | None = dataclasses.field(default=None, kw_only=True)
    reason: str = dataclasses.field(kw_only=True)

    def __post_init__(self) -> None:
        for field in ("kind", "reason"):
            value = getattr(self, field)
            if not isinstance(value, str):
                raise TypeError(f"{field} is {value!r}, expected a string")
            if not value.strip():
                raise ValueError(f"{field} is empty; an allowance says what it allows, and why")
        for field in ("name", "coroutine"):
            value = getattr(self, field)
            if not isinstance(value, str | None):
                raise TypeError(f"{field} is {value!r}, expected a pattern such as 'bg:*', or None")
        _check_kind(self.kind)

    def __str__(self) -> str:
        patterns = [
            f"{f}={getattr(self, f)!r}" for f in ("name", "coroutine") if getattr(self, f) is not None
        ]
        return f"allow_leaks({', '.join([repr(self.kind), *patterns])})"

    def matches(self, leak: Leak) -> bool:
        """Whether this leak is tolerated."""
        return (
            leak.kind == self.kind
            and (self.name is None or fnmatchcase(leak.name, self.name))
            and (self.coroutine is None or fnmatchcase(leak.coroutine, self.coroutine))
        )


def apply(allowances: Iterable[Allowance], leak: Leak, used: set[Allowance]) -> bool:
    """Whether one of the allowances tolerates the leak; those that do are added to `used`."""
    matching = {allowance for allowance in allowances if allowance.matches(leak)}
    used |= matching
    return bool(matching)


def names_of_threads(allowances: Iterable[Allowance]) -> tuple[str, ...]:
    """The patterns of the allowances that name threads."""
    found: tuple[str, ...] = ()
    for each in allowances:
        if each.kind == "thread" and each.name:
            found += (each.name,)
    return found


def _check_kind(kind: str) -> None:
    importlib.import_module(
        _KINDS
    )  # built-in kinds exist once they are loaded, and nothing else may need them
    known = list(_kinds_below(LeakDetector))
    if any(kind == each for each, _ in known):
        return
    # Only built-in kinds: the detector that is meant may be defined later than one with a similar kind.
    built_in = [each for each, is_built_in in known if is_built_in]
    nearest = difflib.get_close_matches(kind.lower(), built_in, n=1, cutoff=0.7)
    if nearest:
        raise ValueError(f"unknown kind of leak {kind!r}; did you mean {nearest[0]!r}?")


def _kinds_below(detector: type[LeakDetector]) -> Iterator[tuple[str, bool]]:
    """The kinds of all detectors that derive from one, and whether they are built in.

    Classes whose definition was rejected are left out.
    """
    for each in detector.__subclasses__():
        kind = getattr(each, "kind", None)
        if isinstance(kind, str):
            yield kind, each.__module__.startswith(f"{_KINDS}.")
        yield from _kinds_below(each)


_KINDS = f"{__package__}.kinds"
