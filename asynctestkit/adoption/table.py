"""A record as text for a terminal: a table, a full report for each row of it, one total line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..leaks.report import render_entry
from .baseline import Baseline, Entry
from .record import Record, Row

__all__ = ["RULE", "render_record", "render_table", "render_unmet"]

RULE = "-" * 70
"""The rule that unittest prints."""


def render_record(record: Record, baseline: Baseline | None = None, unmet: Iterable[Entry] = ()) -> list[str]:
    """The lines of a record, the total last; with a baseline, new rows only, and entries without a match."""
    shown = [row for row in record.rows if row.is_new]
    lines: list[str] = []
    if shown:
        lines += render_table(shown)
        for number, row in enumerate(shown, 1):
            lines += ["", *render_entry(number, row.leak), f"   left by {_tests(row)}"]
        lines += ["", RULE]
    if baseline is not None:
        lines += render_unmet(unmet, baseline.path)
    return [*lines, record.summary()]


def render_table(rows: Sequence[Row]) -> list[str]:
    """A line for each row, under a heading, in columns."""
    heading = ("kind", "created at", "leaks", "tests", "one of the tests")
    cells = [(row.leak.kind, row.shown_place, f"{row.count:,}", f"{len(row.tests):,}", next(iter(row.tests)))
             for row in rows]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(heading, *cells, strict=True)]
    return [_line(each, widths) for each in (heading, *cells)]


def render_unmet(entries: Iterable[Entry], baseline: str) -> Iterator[str]:
    """A line for each entry of a baseline that nothing has matched."""
    for entry in entries:
        kind, file, function, name = entry.identity
        place = f" of {function} in {file}" if file else ""
        yield f"{baseline}: no longer matches anything: {kind} {name!r}{place}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    kind, place, leaks, tests, test = cells
    return "  ".join(
        [kind.ljust(widths[0]), place.ljust(widths[1]), leaks.rjust(widths[2]), tests.rjust(widths[3]), test]
    )


def _tests(row: Row) -> str:
    first = next(iter(row.tests))
    others = len(row.tests) - 1
    return first if not others else f"{first} and {others:,} other test" + ("s" if others > 1 else "")
