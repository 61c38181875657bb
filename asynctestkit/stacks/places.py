"""Places in source code: where something was created, where something stands."""

from __future__ import annotations

import sysconfig
import traceback
import unittest
from collections.abc import Iterable
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

from ..cpython import task_internals
from ..cpython.originals import asyncio, futures, os, threading

__all__ = [
    "CreationSite",
    "Place",
    "below_the_library",
    "capture",
    "capture_in_task",
    "creation_site",
    "creators",
    "hide_machinery",
    "inherit",
    "is_installed",
    "is_machinery",
    "is_of_asyncio",
    "is_own",
    "maker_in",
    "places_of_stack",
    "render_stack",
    "resolve",
    "runs_a_module",
    "stack_of",
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
"""The phase, then code and offset of each line that led to a creation, innermost first: a cheap record."""


class _Machinery(dict[str, bool]):
    """Whether a source file belongs to what carries a test, and not to the test: computed once a file."""

    def __missing__(self, filename: str) -> bool:
        known = self[filename] = filename.startswith(_MACHINERY_FOLDERS)
        return known


_MACHINERY_FOLDERS = tuple(
    os.path.dirname(os.path.abspath(file)) + os.sep
    for file in (asyncio.__file__, unittest.__file__, os.path.dirname(os.path.abspath(__file__)))
)
_OWN_FOLDER = _MACHINERY_FOLDERS[-1]
_CARRIER_FOLDERS = _MACHINERY_FOLDERS[1:]
_THREADING = (threading.__file__, futures.thread.__file__)
_machinery = _Machinery()


class _Library(dict[str, bool]):
    """Whether a source file is the standard library's, or of the machinery: computed once a file.

    CPython's own tests and installed packages lie in the library's folder and are none of it.
    """

    def __missing__(self, filename: str) -> bool:
        is_other = filename.startswith(_NOT_LIBRARY) or is_installed(filename)
        is_within = filename.startswith((_STANDARD_LIBRARY, "<frozen ")) and not is_other
        known = self[filename] = is_within or _machinery[filename]
        return known


_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep
_NOT_LIBRARY = _STANDARD_LIBRARY + "test" + os.sep
_library = _Library()

_CREATE_TASK = asyncio.create_task.__code__
# Below these functions of the machinery lie the frames that run the loop or the test, not those that created.
_RUNNERS = ("_run", "run_forever", "run", "__call__")
_HOOKS = ("_callSetUp", "_callTestMethod", "_callTearDown", "_callCleanup")
_CARRIERS = frozenset((*_RUNNERS, *_HOOKS))
_MOCKS = os.path.join(os.path.dirname(unittest.__file__), "mock.py")


def is_machinery(filename: str) -> bool:
    """Whether this file is asyncio's, unittest's or this package's own."""
    return _machinery[filename]


def is_installed(filename: str) -> bool:
    """Whether this file is of a package that was installed, and is none of the project's own."""
    return f"-packages{os.sep}" in filename


def _carries(filename: str, function: str) -> bool:
    """Whether this function runs the loop or the test; a mock, which the test calls, is called so, too."""
    return function in _CARRIERS and _machinery[filename] and filename != _MOCKS


def runs_a_module(frame: FrameType | None) -> bool:
    """Whether `frame` is at work for a module that is being run, or imported, since the test has begun."""
    while frame is not None:
        code = frame.f_code
        if _carries(code.co_filename, code.co_name):
            return False
        if code.co_name == "<module>" or code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def is_of_asyncio(filename: str) -> bool:
    """Whether this file is asyncio's."""
    return filename.startswith(_MACHINERY_FOLDERS[0])


def is_own(filename: str) -> bool:
    """Whether this file is this package's own."""
    return filename.startswith(_OWN_FOLDER)


def capture(frame: FrameType | None, phase: str) -> CreationSite:
    """The site at which `frame` creates something, in the fewest steps that will do: it runs for every task.

    All lines are kept, up to where the loop runs the code or unittest the test: the outermost is the test's.

    Keeps code objects and offsets, not frames (which pin the user's objects) and not line numbers (which
    cost 30 times as much as the rest): `resolve` computes those, for the few sites that are reported. A flat
    list: one pair a line costs as much again in memory, and in the garbage collector's time.
    """
    site: CreationSite = [phase]
    if frame is not None and frame.f_code is _CREATE_TASK:
        frame = frame.f_back
    while frame is not None:
        code = frame.f_code
        if code.co_name in _CARRIERS and _carries(code.co_filename, code.co_name):
            break
        site.append(code)
        site.append(frame.f_lasti)
        frame = frame.f_back
    return site


def inherit(site: CreationSite, creator: object) -> None:
    """Adds to a site the line of the test's that the creating task goes back to, through whatever tasks."""
    before = creation_site(creator) or ()
    end = len(before)
    while end > 1 and _machinery[before[end - 2].co_filename]:
        end -= 2
    if end > 1:
        site += before[end - 2 : end]


def capture_in_task(frame: FrameType | None, phase: str) -> CreationSite:
    """As `capture`, with the line that the running task goes back to; for what is made less often."""
    site = capture(frame, phase)
    if task_internals.running_loop() is not None:
        inherit(site, task_internals.current_task())
    return site


def creation_site(thing: object) -> CreationSite | None:
    """Where a task, timer, server or transport was created, if that was noted on it."""
    site = getattr(thing, "_asynctestkit_site", None)
    return site if isinstance(site, list) else None  # a class of the user's may answer to every name


def below_the_library(frame: FrameType | None) -> FrameType | None:
    """The innermost frame, from this one on, that is neither the standard library's nor of the machinery.

    The frame that runs the callback or the test, where there is none of the user's.
    """
    while frame is not None:
        code = frame.f_code
        if _carries(code.co_filename, code.co_name) or not _library[code.co_filename]:
            break
        frame = frame.f_back
    return frame


def resolve(site: CreationSite) -> tuple[Place, ...]:
    """The user's places of a site, outermost first, so that the last one is the line that created."""
    pairs = zip(site[1::2], site[2::2], strict=True)
    return creators((code.co_filename, _line_at(code, offset), code.co_name) for code, offset in pairs)


def creators(innermost_first: Iterable[tuple[str, int, str]]) -> tuple[Place, ...]:
    """The user's own places among the lines of a stack that created something, outermost first.

    Those of the standard library and of installed packages only where none is the user's own.
    """
    places = user_places(innermost_first)
    return tuple(p for p in places if not (_library[p.file] or is_installed(p.file))) or places


def maker_in(site: CreationSite) -> str:
    """What the user called where an installed package made the thing: "httpx.AsyncClient", "httpx.get()".

    "" where the user's own code made it.
    """
    maker: CodeType | None = None
    for code in site[1::2]:
        if not _library[code.co_filename]:
            if not is_installed(code.co_filename):
                break
            maker = code
    if maker is None:
        return ""
    package = maker.co_filename.rpartition(f"-packages{os.sep}")[2].partition(os.sep)[0].removesuffix(".py")
    owner, _, function = task_internals.qualified_name(maker).rpartition(".")
    owner = owner.partition(".<locals>")[0]
    return f"{package}.{owner}" if owner else f"{package}.{function}()"


def user_places(innermost_first: Iterable[tuple[str, int, str]]) -> tuple[Place, ...]:
    """The user's places among the lines of a stack (file, line, function), turned round: outermost first."""
    places: list[Place] = []
    for file, line, function in innermost_first:
        if not _machinery[file]:
            places.append(Place(file, line, function))
        elif _carries(file, function):
            break
    return tuple(reversed(places))


def hide_machinery(trace: TracebackType | None) -> None:
    """Takes out of a traceback, its first entry apart, what is not the user's affair, in place.

    That is the machinery before the first line of the user's, and below that line the frames of this
    package with what they call. Without a line of the user's nothing is hidden.
    """
    kept, inner = trace, trace.tb_next if trace is not None else None
    hides = True
    while kept is not None and inner is not None:
        file = inner.tb_frame.f_code.co_filename
        hides = (hides or file.startswith(_OWN_FOLDER)) and _machinery[file]
        if not hides:
            kept.tb_next = inner
            kept = inner
        inner = inner.tb_next
    if kept is not None and kept is not trace:
        kept.tb_next = None


def stack_of(innermost: FrameType | None) -> list[Place]:
    """The stack of a thread, outermost first, taken so quickly that the thread itself cannot go on meanwhile.

    To read the source, as `render_stack` does, lets other threads run.
    """
    stack: list[Place] = []
    while innermost is not None:
        code = innermost.f_code
        stack.append(Place(code.co_filename, innermost.f_lineno, code.co_name))
        innermost = innermost.f_back
    return stack[::-1]


def places_of_stack(innermost: FrameType | None) -> tuple[Place, ...]:
    """Where a thread stands, without what every thread runs in, outermost first; nowhere without a frame."""
    lines: list[tuple[str, int, str]] = []
    while innermost is not None:
        code = innermost.f_code
        if code.co_filename not in _THREADING or not lines:
            lines.append((code.co_filename, innermost.f_lineno, code.co_name))
        innermost = innermost.f_back
    return user_places(lines)


def render_stack(stack: list[Place], *, to_users_line: bool = False) -> str:
    """A stack as Python prints one, from the first line that is the user's to the innermost.

    Or to the last that is neither the library's nor of the machinery. asyncio may stand in between: the
    user's code can run a loop of its own.
    """
    carriers = [
        index
        for index, place in enumerate(stack)
        if place.file.startswith(_CARRIER_FOLDERS) and _carries(place.file, place.function)
    ]
    if carriers:
        stack = stack[carriers[-1] + 1 :]
    users = (i for i, e in enumerate(stack) if not _machinery[e.file] and e.file not in _THREADING)
    stack = stack[next(users, 0) :]
    while len(stack) > 1 and stack[-1].file.startswith(_CARRIER_FOLDERS):
        del stack[-1]  # a mock, or this package, at work for the line before
    if to_users_line:
        last = max((i for i, each in enumerate(stack) if not _library[each.file]), default=len(stack))
        stack = stack[: last + 1]
    left_out = len(stack) - _OUTERMOST - _INNERMOST
    if left_out <= 1:
        return _formatted(stack)
    return f"{_formatted(stack[:_OUTERMOST])}  … {left_out} more …\n{_formatted(stack[-_INNERMOST:])}"


def _formatted(stack: list[Place]) -> str:
    return "".join(traceback.format_list([traceback.FrameSummary(*place) for place in stack]))


_OUTERMOST, _INNERMOST = 2, 8
"""Places of a stack that are shown if there are more."""


def _line_at(code: CodeType, offset: int) -> int:
    for start, end, line in code.co_lines():
        if start <= offset < end and line is not None:
            return line
    return code.co_firstlineno


def _shortened(file: str) -> str:
    """The path as a reader wants it: below the current folder or the standard library without their names."""
    for folder in (os.getcwd() + os.sep, _STANDARD_LIBRARY):
        if file.startswith(folder):
            return file[len(folder) :]
    return file
