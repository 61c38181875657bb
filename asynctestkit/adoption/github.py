"""Annotations and the summary of a step, if GitHub Actions runs the suite.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os  # live: the variables are the run's, and not a test's
import sys

from ..leaks.report import render_entry
from .record import Record, Row

__all__ = ["annotate", "annotation", "summary_page"]

_MOST = 10
"""GitHub shows no more annotations for a step."""


def annotate(record: Record) -> None:
    """Under Actions, prints a warning for each of the worst places, and appends the table to the summary."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    new = [row for row in record.rows if row.is_new]
    folder = _within_the_repository(record.folder)
    for row in new[:_MOST]:
        print(annotation(row, folder))
    sys.stdout.flush()
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with open(summary, "a", encoding="utf-8") as file:
            file.write(summary_page(record))


def annotation(row: Row, folder: str = "") -> str:
    """The command that annotates a line with a leak; `folder` is where the run was started."""
    values = {"title": f"{row.leak.kind} left behind by {len(row.tests)} of the tests"}
    if row.place is not None:
        values = {"file": folder + row.place.file, "line": str(row.place.line), **values}
    options = ",".join(f"{name}={_escaped_value(value)}" for name, value in values.items())
    text = "\n".join([*render_entry(1, row.leak), f"   left by {next(iter(row.tests))}"])
    return f"::warning {options}::{_escaped(text.removeprefix('1. '))}"


def summary_page(record: Record) -> str:
    """The table, as the Markdown that GitHub shows."""
    lines = [f"### Left behind: {record.summary()}", ""]
    if record.rows:
        lines += [
            "| kind | created at | leaks | tests | one of the tests | new |",
            "|---|---|--:|--:|---|---|",
        ]
    for row in record.rows:
        cells = (
            row.leak.kind,
            row.shown_place,
            f"{row.count:,}",
            f"{len(row.tests):,}",
            next(iter(row.tests)),
            "new" if row.is_new else "known",
        )
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*lines, "", ""])


def _within_the_repository(folder: str) -> str:
    """The prefix that makes a path relative to the root of the repository, as GitHub expects it."""
    root = os.environ.get("GITHUB_WORKSPACE", "")
    return f"{folder[len(root) + 1 :]}/" if root and folder.startswith(f"{root}/") else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_value(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
