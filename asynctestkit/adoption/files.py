"""The files that a run was asked for: each is written whole, and a failure of one stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..cpython.originals import os
from .baseline import Baseline, Entry
from .html_page import page_of
from .json_file import json_of
from .junit import junit_of
from .noted_results import NotedTest
from .record import Record
from .whole_file import write_whole

__all__ = ["Paths", "fault_of_folder", "write_files"]


class Paths(Protocol):
    """The paths of the files; None for one that was not asked for."""

    @property
    def json(self) -> str | None:
        """The path given by `--json`."""

    @property
    def html(self) -> str | None:
        """The path given by `--html`."""

    @property
    def junit(self) -> str | None:
        """The path given by `--junit`."""


def fault_of_folder(path: str) -> str | None:
    """Why a file cannot be written at this path, as far as that is known beforehand; else None."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        return f"{path} cannot be written: it is a folder"
    if not os.path.isdir(folder):
        return f"{path} cannot be written: there is no folder {folder}"
    return None


def write_files(
    record: Record,
    paths: Paths,
    to_write: Baseline | None,
    noted: Sequence[NotedTest] | None,
    unmet: Iterable[Entry],
) -> list[str]:
    """Writes the files; returns the errors. A run that was stopped removes nothing from a baseline."""
    writers: list[tuple[str, Callable[[str], None]]] = []
    if paths.json is not None:
        writers.append((paths.json, lambda path: write_whole(path, json_of(record, unmet))))
    if paths.html is not None:
        writers.append((paths.html, lambda path: write_whole(path, page_of(record))))
    if paths.junit is not None:
        writers.append((paths.junit, lambda path: write_whole(path, junit_of(record, noted or ()))))
    if to_write is not None:
        keeps_others = not record.is_complete
        writers.append((to_write.path, lambda _: to_write.write(record.rows, keeps_others=keeps_others)))
    faults: list[str] = []
    for path, write in writers:
        try:
            write(path)
        except OSError as error:
            faults.append(f"{path} cannot be written: {error.strerror}")
    return faults
