"""The ratchet: a file of the known leaks, by which a run can tell the new ones.

JSON, sorted, one entry a line, so that a version control system shows which were added and removed:

    {"version": 1, "leaks": [
    {"kind": "task", "file": "shop/feed.py", "function": "connect", "name": "bg:feed-*", "reason": "…"},
    …
    ]}

An entry matches every leak of that kind that was created in that function of that file and whose name
matches the `fnmatch` pattern. It holds no count and no line number, as equal runs differ in both.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from fnmatch import fnmatchcase

from ..cpython.originals import os
from ..leaks.allowances import Allowance
from .identity import FIELDS, Identity
from .record import Row
from .whole_file import write_whole

__all__ = ["Baseline", "BaselineError", "Entry"]

_VERSION = 1
_REASON = "there when the baseline was written"


class BaselineError(Exception):
    """A baseline that cannot be read. The message names the file, and the line or entry at fault."""


@dataclasses.dataclass(frozen=True, order=True)
class Entry:
    """One known leak, and why it may stay."""

    identity: Identity
    reason: str = _REASON

    @property
    def allowance(self) -> Allowance:
        """The same leak as an allowance for the suite's code, which applies to any place."""
        return Allowance(self.identity.kind, name=self.identity.name, reason=self.reason)

    def matches(self, row: Row) -> bool:
        """Whether the entry accepts the leaks of this row."""
        return self.identity[:3] == row.identity[:3] and (
            self.identity.name == row.identity.name or fnmatchcase(row.leak.name, self.identity.name)
        )


class Baseline:
    """The known leaks of a suite, and which of them a run has met."""

    def __init__(self, path: str, entries: Iterable[Entry] = ()) -> None:
        self.path = path
        self.entries = sorted(entries)
        self._met: set[Entry] = set()

    @classmethod
    def read(cls, path: str) -> Baseline:
        """Reads a file; BaselineError if it is no baseline."""
        try:
            with open(path, encoding="utf-8") as file:
                values = json.load(file)
        except OSError as error:
            raise BaselineError(f"baseline {path} cannot be read: {error.strerror}") from None
        except ValueError as error:  # also what is no UTF-8
            raise BaselineError(f"baseline {path} is not JSON: {error}") from None
        if not isinstance(values, dict) or not isinstance(values.get("leaks"), list):
            raise BaselineError(f'baseline {path} has no list of "leaks": not written by --write-baseline')
        if values.get("version") != _VERSION:
            raise BaselineError(
                f"baseline {path} is of version {values.get('version')!r}, and this asynctestkit reads "
                f"version {_VERSION}"
            )
        return cls(path, [_entry(path, number, each) for number, each in enumerate(values["leaks"], 1)])

    @classmethod
    def to_write(cls, path: str) -> Baseline:
        """The current contents of a file to be written; BaselineError if that is no baseline."""
        return cls.read(path) if os.path.lexists(path) else cls(path)

    def accepts(self, row: Row) -> bool:
        """Whether the leaks of this row are known."""
        matching = self._matching(row)
        self._met.update(matching)
        return bool(matching)

    def unmet(self) -> list[Entry]:
        """The entries that no leak has matched."""
        return [entry for entry in self.entries if entry not in self._met]

    def _matching(self, row: Row) -> list[Entry]:
        return [entry for entry in self.entries if entry.matches(row)]

    def write(self, rows: Iterable[Row], *, keeps_others: bool) -> None:
        """Writes the file; OSError if that fails."""
        write_whole(self.path, self.text(rows, keeps_others=keeps_others))

    def text(self, rows: Iterable[Row], *, keeps_others: bool) -> str:
        """The file's text for these rows, with existing reasons. With `keeps_others` no entry is dropped."""
        found: dict[Identity, Entry] = {}
        for row in rows:
            for entry in self._matching(row) or [Entry(row.identity)]:
                found[entry.identity] = entry
        if keeps_others:
            found |= {entry.identity: entry for entry in self.entries}
        lines = [
            json.dumps({**entry.identity.values(), "reason": entry.reason}, ensure_ascii=False)
            for entry in sorted(found.values())
        ]
        body = "".join(f"\n{line}," for line in lines).removesuffix(",")
        return f'{{"version": {_VERSION}, "leaks": [{body}\n]}}\n'


def _entry(path: str, number: int, values: object) -> Entry:
    where = f"baseline {path}, entry {number}"
    if not isinstance(values, dict):
        raise BaselineError(f"{where} is {values!r}, expected an object")
    names = (*FIELDS, "reason")
    for name in names:
        if not isinstance(values.get(name), str):
            raise BaselineError(f"{where}: {name!r} is {values.get(name)!r}, expected a string")
    entry = Entry(Identity(*(values[name] for name in names[:-1])), values["reason"])
    try:
        _ = entry.allowance
    except ValueError as error:
        raise BaselineError(f"{where}: {error}") from None
    return entry
