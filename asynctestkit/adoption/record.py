"""The record of one run: what leaked, where, how often and in which tests, as values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from ..leaks.leak import Leak
from ..stacks.places import Place
from .identity import Identity, identity_of, place_of, shown_path

__all__ = ["Record", "Row", "nothing_is_known"]

_Key = tuple[Identity, int]


@dataclasses.dataclass
class Row:
    """All leaks of one identity that were created at one line."""

    identity: Identity
    place: Place | None
    """The line, with its path as the record shows it; None if it is unknown."""
    leak: Leak
    """The first of them, which is reported in full."""
    count: int = 0
    tests: dict[str, int] = dataclasses.field(default_factory=dict)
    """The ids of the tests that left it, in the order of the run, each with how many it left."""
    is_new: bool = True
    """Whether no baseline has accepted it."""

    @property
    def shown_place(self) -> str:
        """The line and its function in words."""
        place = self.place
        return f"{place.file}:{place.line} in {place.function}" if place is not None else "an unknown place"


def nothing_is_known(row: Row) -> bool:
    """The check for a run without a baseline: every leak is new."""
    return False


class Record:
    """The leaks of a run, or of one process of it; paths are shown relative to `folder`.

    It grows with the number of leaky tests, and not with that of clean ones. `is_known` returns for each row
    whether a baseline accepts it.
    """

    def __init__(self, folder: str, is_known: Callable[[Row], bool] = nothing_is_known) -> None:
        self.folder = folder
        self._is_known = is_known
        self.tests_run = 0
        self.is_complete = True
        """Whether the run was completed; otherwise there may be leaks that it has not found."""
        self._rows: dict[_Key, Row] = {}

    def add(self, test: str, leaks: Iterable[Leak]) -> list[Row]:
        """Records the leaks of a test; returns the row of each."""
        return [self._add(test, leak) for leak in leaks]

    def _add(self, test: str, leak: Leak, count: int = 1) -> Row:
        place = place_of(leak)
        if place is not None:
            place = Place(shown_path(place.file, self.folder), place.line, place.function)
        identity = identity_of(leak, self.folder)
        key = (identity, place.line if place is not None else 0)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Row(identity, place, leak)
            row.is_new = not self._is_known(row)
        row.count += count
        row.tests[test] = row.tests.get(test, 0) + count
        return row

    @property
    def rows(self) -> list[Row]:
        """The rows, worst first: new ones first, then those that most tests have left."""
        return sorted(
            self._rows.values(), key=lambda row: (not row.is_new, -len(row.tests), -row.count, row.identity)
        )

    @property
    def leaky_tests(self) -> int:
        """How many tests have left anything."""
        return len({test for row in self._rows.values() for test in row.tests})

    @property
    def leaks(self) -> int:
        """How many leaks there were."""
        return sum(row.count for row in self._rows.values())

    @property
    def is_judged(self) -> bool:
        """Whether there is a baseline."""
        return self._is_known is not nothing_is_known

    def summary(self) -> str:
        """One line: "5,012 tests, 37 leaky (52 leaks at 9 places, 2 of them new)"."""
        tests = _counted(self.tests_run, "test")
        if not self._rows:
            return f"{tests}, none leaky"
        places = _counted(len(self._rows), "place")
        new = sum(row.is_new for row in self._rows.values())
        of_them = f", {new:,} of them new" if self.is_judged else ""
        return f"{tests}, {self.leaky_tests:,} leaky ({_counted(self.leaks, 'leak')} at {places}{of_them})"

    def to_values(self) -> dict[str, Any]:
        """The whole record as JSON values, for another process."""
        rows = [{"leak": dataclasses.asdict(row.leak), "tests": row.tests} for row in self._rows.values()]
        return {"tests_run": self.tests_run, "is_complete": self.is_complete, "rows": rows}

    def merge(self, values: dict[str, Any]) -> None:
        """Adds what another process of the same run has recorded; the opposite of `to_values`."""
        self.tests_run += values["tests_run"]
        self.is_complete &= values["is_complete"]
        for row in values["rows"]:
            given = dict(row["leak"])
            for field in ("created_at", "waiting_at"):
                given[field] = tuple(Place(*place) for place in given[field])
            for test, count in row["tests"].items():
                self._add(test, Leak(**given), count)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
