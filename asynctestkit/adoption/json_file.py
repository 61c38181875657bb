"""`--json FILE`: everything that an audit has found, for programs.

version         1; raised when a field is removed or changes its meaning
python          the version of Python, such as "3.13.1"
complete        false if the run was stopped: by Ctrl-C, `-f`, or a test that ended the process
tests           how many tests were run
leaky_tests     how many of them left anything behind
leaks           how many leaks there were in total
places          one object for each kind, line and pattern of names, the worst first:
  kind            "task", "transport", … as in `Leak`
  name            the pattern of the names, as in `Allowance` and a baseline
  file            the file of the user's line that created it, relative to the folder of the run, or ""
  line            the number of that line, from 1; 0 if unknown
  function        the function of that line; "" if unknown
  new             whether no baseline has accepted it
  leaks           how many there were
  tests           an object: the id of each test that left it, and how many it left
  example         the first of them, field by field as `Leak` documents it; places are arrays of file,
                  line and function
  report          the same as text
unmet           the entries of the baseline that matched nothing: kind, file, function, name, reason
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable

from ..leaks.report import render_entry
from .baseline import Entry
from .record import Record

__all__ = ["VERSION", "json_of"]

VERSION = 1


def json_of(record: Record, unmet: Iterable[Entry] = ()) -> str:
    """The text of the file."""
    values = {
        "version": VERSION,
        "python": sys.version.partition(" ")[0],
        "complete": record.is_complete,
        "tests": record.tests_run,
        "leaky_tests": record.leaky_tests,
        "leaks": record.leaks,
        "places": [
            {
                "kind": row.leak.kind,
                "name": row.identity.name,
                "file": row.identity.file,
                "line": row.place.line if row.place is not None else 0,
                "function": row.identity.function,
                "new": row.is_new,
                "leaks": row.count,
                "tests": row.tests,
                "example": dataclasses.asdict(row.leak),
                "report": "\n".join(render_entry(1, row.leak)),
            }
            for row in record.rows
        ],
        "unmet": [{**entry.identity.values(), "reason": entry.reason} for entry in unmet],
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"
