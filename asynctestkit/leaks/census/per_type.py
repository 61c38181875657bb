"""What is known of each type of object, by the type's id: a metaclass may forbid to hash or compare it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from ...cpython.definitions import mro_of

__all__ = ["PerType", "is_any_of"]

_T = TypeVar("_T")


class PerType(Generic[_T]):
    """The answers of a function, computed once for each type. Keeps the types alive, and their ids theirs."""

    def __init__(self, answer: Callable[[type], _T]) -> None:
        self._answer = answer
        self.known: dict[int, tuple[type, _T]] = {}
        """The answers so far, each with its type, by the type's id."""

    def __call__(self, kind: type) -> _T:
        known = self.known.get(id(kind))
        if known is None:
            known = self.known[id(kind)] = (kind, self._answer(kind))
        return known[1]

    def select(self, objects: Iterable[Any]) -> list[Any]:
        """The objects for whose types the answer is true."""
        found = list(objects)
        kinds = list(map(type, found))
        ids = list(map(id, kinds))
        answers = {number: self(kind) for number, kind in dict(zip(ids, kinds, strict=True)).items()}
        return list(itertools.compress(found, map(answers.__getitem__, ids)))


def is_any_of(kind: type, wanted: tuple[type, ...]) -> bool:
    """As `issubclass`, also where that raises: an abstract base class hashes what it is asked about."""
    try:
        return issubclass(kind, wanted)
    except Exception:
        return not {*map(id, mro_of(kind))}.isdisjoint(map(id, wanted))
