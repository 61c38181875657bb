"""The detectors of one test, asked together."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from ...cpython.originals import asyncio
from ..census.interest import may_want_what_is_over
from ..census.per_type import PerType, is_any_of
from ..census.thread_watch import ThreadWatch
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["Detectors", "Panel"]

__unittest = True

_T = TypeVar("_T")
_Registry = Callable[[asyncio.AbstractEventLoop], Iterable[Any]]


class Detectors:
    """The detectors of one test: those whose code has to see it begin at once, the others once needed."""

    def __init__(self, kinds: Iterable[type[LeakDetector]]) -> None:
        self._kinds = kinds = tuple(kinds)
        roles = self._roles = _roles_of(self._kinds)
        self.types = roles.types
        """The types of object on the heap that the detectors are shown."""
        self._made = made = {number: kind() for number, kind in roles.at_once}
        self.registries: Iterable[_Registry] = roles.static_registries
        """The registries whose contents they are shown."""
        if made:
            registering: list[Any] = [made.get(number, kinds[number]) for number in roles.registering]
            self.registries = [each.registered for each in registering]

    @functools.cached_property
    def all(self) -> list[LeakDetector]:
        """All of them, in their order."""
        made = self._made
        return [made[number] if number in made else kind() for number, kind in enumerate(self._kinds)]

    def have_to_be_asked(self) -> bool:
        """Whether only the detectors can tell that nothing was left, as some are the user's own."""
        return self._roles.have_to_be_asked

    def preparing(self) -> list[LeakDetector]:
        """Those that are shown all objects before each is judged."""
        return [self.all[number] for number in self._roles.preparing]

    def watching(self) -> list[LeakDetector]:
        """Those that know of objects that may end by themselves."""
        return [self.all[number] for number in self._roles.watching]


class Panel:
    """Asks all detectors about an object. `errors` gets the exceptions that user-defined detectors raise."""

    def __init__(self, detectors: Detectors, errors: list[Exception]) -> None:
        self.errors = errors
        self._detectors = detectors.all
        self._interested = PerType(functools.partial(_interested_in, self._detectors))
        self._preparing = detectors.preparing()
        self._watching = detectors.watching()
        self.watched = PerType(functools.partial(_are_interested, self._watching, self._interested))
        """Whether objects of a type may end by themselves, as far as a detector knows."""

    def has(self, kind: type[LeakDetector]) -> bool:
        """Whether there is a detector of that class."""
        return any(isinstance(detector, kind) for detector in self._detectors)

    def ask(self, method: Callable[[Any], _T], question: object) -> _T | None:
        """What a detector's method returns; None if it raises, as the sweep has to go on."""
        try:
            return method(question)
        except Exception as error:
            self.errors.append(error)
            return None

    def prepare(self, objects: list[Any]) -> None:
        """Shows the detectors all living objects, before each is judged."""
        for detector in self._preparing:
            own = PerType(functools.partial(_are_interested, [detector], self._interested)).select(objects)
            if own:
                self.ask(detector.prepare, own)

    def judge(self, obj: object) -> tuple[LeakDetector | None, Leak | None]:
        """The first detector that considers an object a leak, and that leak."""
        for detector in self._interested(type(obj)):
            answer: object = self.ask(detector.examine, obj)
            if isinstance(answer, Leak):
                return detector, answer
            if answer is not None:
                what = f"{type(detector).__name__}.examine returned {self.ask(repr, answer)}"
                self.errors.append(TypeError(f"{what}, expected a Leak or None"))
        return None, None

    def forget_threads(self) -> None:
        """Has the detectors drop what they saw of threads, before asking again whether anything may end."""
        for detector in self._watching:
            if isinstance(detector, ThreadWatch):
                detector.forget_threads()

    def is_ending(self, obj: object) -> bool:
        """Whether a detector expects that an object may end by itself."""
        interested = self._interested(type(obj))
        return any(self.ask(d.is_ending, obj) for d in self._watching if d in interested)


def _interested_in(detectors: list[LeakDetector], kind: type) -> tuple[LeakDetector, ...]:
    return tuple(each for each in detectors if is_any_of(kind, each.types))


def _are_interested(
    asked: list[LeakDetector], interested: Callable[[type], tuple[LeakDetector, ...]], kind: type
) -> bool:
    """Whether any of the detectors asked about is among those that are interested in a type."""
    return any(detector in interested(kind) for detector in asked)


class _Roles(NamedTuple):
    """What follows from the classes of detectors alone, for all tests that have the same.

    The types that some detectors want from the heap; the numbers of those that override a hook. `at_once` are
    those that are made when the test begins, by number: users' with an `__init__`, and those of registries,
    unless the registry is a static method.
    """

    types: tuple[type, ...]
    registering: tuple[int, ...]
    preparing: tuple[int, ...]
    watching: tuple[int, ...]
    static_registries: tuple[_Registry, ...]
    at_once: tuple[tuple[int, type[LeakDetector]], ...]
    have_to_be_asked: bool


@functools.lru_cache(maxsize=32)
def _roles_of(kinds: tuple[type[LeakDetector], ...]) -> _Roles:
    numbered = tuple(enumerate(kinds))
    registering = tuple(n for n, each in numbered if each.registered is not LeakDetector.registered)
    preparing = tuple(n for n, each in numbered if each.prepare is not LeakDetector.prepare)
    watching = tuple(n for n, each in numbered if each.is_ending is not LeakDetector.is_ending)
    types = tuple(wanted for n, each in numbered if n not in registering for wanted in each.types)
    static = tuple(n for n in registering if _is_static(kinds[n], "registered"))
    at_once = tuple(
        (n, each)
        for n, each in numbered
        if (n in registering and n not in static) or (_is_users(each) and _runs_code_when_made(each))
    )
    registries: tuple[Any, ...] = tuple(kinds[n].registered for n in static)
    asked = _have_to_be_asked(kinds)
    return _Roles(types, registering, preparing, watching, registries, at_once, asked)


def _is_static(kind: type, method: str) -> bool:
    return isinstance(inspect.getattr_static(kind, method), staticmethod)


def _runs_code_when_made(kind: type[LeakDetector]) -> bool:
    return kind.__init__ is not object.__init__ or kind.__new__ is not object.__new__


def _have_to_be_asked(kinds: tuple[type[LeakDetector], ...]) -> bool:
    """Whether a user's detector is shown objects that are over, or reads a registry of its own.

    That is the user's code, which needs the sweep's deadline, and may change the registry that it reads.
    """
    users = [each for each in kinds if _is_users(each)]
    if any(_is_users(each.registered) for each in users):
        return True
    return may_want_what_is_over(tuple(wanted for each in users for wanted in each.types))


def _is_users(thing: type[LeakDetector] | Callable[..., Any]) -> bool:
    return not str(thing.__module__).startswith(_OWN)


_OWN = __name__.partition(".")[0] + "."
