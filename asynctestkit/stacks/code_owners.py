"""Whose code a file is: the user's, the standard library's, a package's, or that of the test machinery."""

from __future__ import annotations

import sysconfig
import unittest
from types import FrameType

from ..cpython.originals import asyncio, futures, os, threading

__all__ = [
    "CARRIERS",
    "CARRIER_FOLDERS",
    "OWN_FOLDER",
    "STANDARD_LIBRARY",
    "THREADING",
    "carries",
    "carrying",
    "innermost_user_frame",
    "is_installed",
    "is_machinery",
    "is_of_asyncio",
    "is_own",
    "library",
    "machinery",
    "runs_a_module",
]


class _Machinery(dict[str, bool]):
    """Whether a source file belongs to asyncio, unittest or this package: computed once for each file."""

    def __missing__(self, filename: str) -> bool:
        known = self[filename] = filename.startswith(_MACHINERY_FOLDERS)
        return known


# As the names of code's files begin: `sys.path` may have been given a folder such as "tests/..".
_MACHINERY_FOLDERS = tuple(
    os.path.dirname(file) + os.sep
    for file in (asyncio.__file__, unittest.__file__, os.path.dirname(__file__))
)
OWN_FOLDER = _MACHINERY_FOLDERS[-1]
CARRIER_FOLDERS = _MACHINERY_FOLDERS[1:]
THREADING = (threading.__file__, futures.thread.__file__)
machinery = _Machinery()


class _Library(dict[str, bool]):
    """Whether a source file is the standard library's, or the machinery's: computed once for each file.

    CPython's own tests and installed packages lie in the library's folder, but are not part of it.
    """

    def __missing__(self, filename: str) -> bool:
        is_other = filename.startswith(_NOT_LIBRARY) or is_installed(filename)
        is_within = filename.startswith((STANDARD_LIBRARY, "<frozen ")) and not is_other
        known = self[filename] = is_within or machinery[filename]
        return known


STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep
_NOT_LIBRARY = STANDARD_LIBRARY + "test" + os.sep
library = _Library()

# Frames further out than these functions of the machinery run the loop or the test, and created nothing.
_RUNNERS = ("_run", "run_forever", "run", "__call__")
_HOOKS = ("_callSetUp", "_callTestMethod", "_callTearDown", "_callCleanup")
CARRIERS = frozenset((*_RUNNERS, *_HOOKS))
_MOCKS = os.path.join(os.path.dirname(unittest.__file__), "mock.py")


class _Carrying(dict[str, bool]):
    """Whether functions of a source file that have such a name run the loop or the test."""

    def __missing__(self, filename: str) -> bool:
        known = self[filename] = machinery[filename] and filename != _MOCKS
        return known


carrying = _Carrying()


def is_machinery(filename: str) -> bool:
    """Whether this file is asyncio's, unittest's or this package's own."""
    return machinery[filename]


def is_installed(filename: str) -> bool:
    """Whether this file is of an installed package, not of the project itself."""
    return f"-packages{os.sep}" in filename


def carries(filename: str, function: str) -> bool:
    """Whether this function runs the loop or the test; a mock's `__call__`, called by the test, does not."""
    return function in CARRIERS and carrying[filename]


def runs_a_module(frame: FrameType | None) -> bool:
    """Whether `frame` runs for a module that is being executed or imported, since the test began."""
    while frame is not None:
        code = frame.f_code
        if carries(code.co_filename, code.co_name):
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
    return filename.startswith(OWN_FOLDER)


def innermost_user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame, from this one on, that is neither the standard library's nor the machinery's.

    If there is none of the user's, the frame that runs the callback or the test.
    """
    while frame is not None:
        code = frame.f_code
        if carries(code.co_filename, code.co_name) or not library[code.co_filename]:
            break
        frame = frame.f_back
    return frame
