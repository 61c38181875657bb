"""Places in source code: where something was created, and where code stands."""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..cpython import loop_internals, task_internals
from ..cpython.originals import asyncio, os
from .code_owners import CARRIERS, STANDARD_LIBRARY, carries, carrying, is_installed, library, machinery

__all__ = [
    "CreationSite",
    "Place",
    "capture",
    "capture_in_task",
    "creation_site",
    "creators",
    "inherit",
    "package_call_in",
    "resolve",
    "user_places",
]


class Place(NamedTuple):
    """One line of source code: absolute file name, line number from 1, name of the function."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{_shortened(self.file)}:{self.line} in {self.function}"


CreationSite = list[Any]
"""The phase, then code and offset of each line that led to the creation, innermost first: a cheap record."""


_CREATE_TASK = asyncio.create_task.__code__


def capture(frame: FrameType | None, phase: str) -> CreationSite:
    """The site at which `frame` creates something, in as few steps as possible, as it runs for every task.

    All lines are kept, up to where the loop runs the code or unittest the test: the outermost is the test's.

    Keeps code objects and offsets, not frames (which pin the user's objects) and not line numbers (which
    cost 30 times as much as the rest): `resolve` computes those, for the few sites that are reported. A flat
    list: a pair for each line would double the cost in memory and in the garbage collector's time.
    """
    site: CreationSite = [phase]
    if frame is not None and frame.f_code is _CREATE_TASK:
        frame = frame.f_back
    while frame is not None:
        code = frame.f_code
        if code.co_name in CARRIERS and carrying[code.co_filename]:  # `carries`, without a call
            break
        site.append(code)
        site.append(frame.f_lasti)
        frame = frame.f_back
    return site


def inherit(site: CreationSite, before: CreationSite) -> None:
    """Adds to a site the test's line that the creating task, with the site `before`, goes back to.

    So that line is passed on through any number of tasks.
    """
    while len(before) > 1 and machinery[before[-2].co_filename]:
        del before[-2:]  # nobody's line; deleted, as this task may create thousands
    if len(before) > 1:
        site += before[-2:]


def capture_in_task(frame: FrameType | None, phase: str) -> CreationSite:
    """As `capture`, with the line that the running task goes back to; for objects created less often."""
    site = capture(frame, phase)
    if loop_internals.running_loop() is not None:
        before = creation_site(task_internals.current_task())
        if before is not None:
            inherit(site, before)
    return site


def creation_site(thing: object) -> CreationSite | None:
    """Where a task, timer, server or transport was created, if that was recorded on it."""
    site = getattr(thing, "_asynctestkit_site", None)
    return site if isinstance(site, list) else None  # a user's class may have every attribute


def resolve(site: CreationSite) -> tuple[Place, ...]:
    """The user's places of a site, outermost first, so that the last one is the creating line."""
    codes, offsets = site[1::2], site[2::2]
    key = (*map(id, codes), *offsets)
    known = _resolved.get(key)
    if known is None:
        pairs = zip(codes, offsets, strict=True)
        places = creators((code.co_filename, _line_at(code, offset), code.co_name) for code, offset in pairs)
        if len(_resolved) >= _MOST_RESOLVED:
            _resolved.clear()
        known = _resolved[key] = (codes, places)
    return known[1]


_resolved: dict[tuple[int, ...], tuple[list[CodeType], tuple[Place, ...]]] = {}
"""By the ids of code objects, which are kept alive: hashing one costs as much as finding a line in it."""
_MOST_RESOLVED = 256


def creators(innermost_first: Iterable[tuple[str, int, str]]) -> tuple[Place, ...]:
    """The user's own places among the lines of a stack that created something, outermost first.

    Places in the standard library and in installed packages only if none is the user's own.
    """
    places = user_places(innermost_first)
    return tuple(p for p in places if not (library[p.file] or is_installed(p.file))) or places


def package_call_in(site: CreationSite) -> str:
    """What the user called if an installed package created the object: "httpx.AsyncClient", "httpx.get()".

    "" if the user's own code created it.
    """
    creator: CodeType | None = None
    for code in site[1::2]:
        if not library[code.co_filename]:
            if not is_installed(code.co_filename):
                break
            creator = code
    if creator is None:
        return ""
    package = creator.co_filename.rpartition(f"-packages{os.sep}")[2].partition(os.sep)[0].removesuffix(".py")
    owner, _, function = task_internals.qualified_name(creator).rpartition(".")
    owner = owner.partition(".<locals>")[0]
    return f"{package}.{owner}" if owner else f"{package}.{function}()"


def user_places(innermost_first: Iterable[tuple[str, int, str]]) -> tuple[Place, ...]:
    """The user's places among the lines of a stack (file, line, function), reversed: outermost first."""
    places: list[Place] = []
    for file, line, function in innermost_first:
        if not machinery[file]:
            places.append(Place(file, line, function))
        elif carries(file, function):
            break
    return tuple(reversed(places))


def _line_at(code: CodeType, offset: int) -> int:
    for start, end, line in code.co_lines():
        if start <= offset < end and line is not None:
            return line
    return code.co_firstlineno


def _shortened(file: str) -> str:
    """The path for a reader: relative to the current folder or to the standard library, if it lies there."""
    for folder in (os.getcwd() + os.sep, STANDARD_LIBRARY):
        if file.startswith(folder):
            return file[len(folder) :]
    return file
