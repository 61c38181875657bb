"""Isolation of tests, in parallel and in any order: random numbers, ports, folders, environment."""

from __future__ import annotations

import os  # live: a helper does what the test would do itself
import random  # live: as above
import re
import socket  # live: as above
import tempfile
import unittest
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .cpython import interpreter
from .cpython.versions import add_note_to_failure, lock_file

__all__ = ["IsolationHelpers", "SeededRandom", "seed_of"]

__unittest = True


class IsolationHelpers(unittest.TestCase if TYPE_CHECKING else object):  # type: ignore[misc]  # a mixin
    """Ports, folders and environment variables of the test's own; its cleanups restore everything."""

    def unusedPort(self) -> int:
        """A port of this host that nothing is bound to, for TCP and UDP, on every interface.

        No other test, in any process, gets it until this one has ended. It lies below the range from which
        systems choose ports by themselves, so that no outgoing connection takes it.
        """
        folder = _lock_folder()
        for port in _ports():
            lock = lock_file(folder / str(port))
            if lock is None:
                continue
            if _is_free(port):
                self.addCleanup(os.close, lock)
                return port
            os.close(lock)
        raise self.failureException(f"no port from {_FIRST_PORT} to {_LAST_PORT} is unused")

    def makeTempDir(self) -> Path:
        """A new, empty folder, unique on this machine; removed with its contents when the test ends.

        If the current folder then lies in it, that is set back to what it was at the time of the call.
        """
        # The name of a generated test may have any characters, and be too long for a file name.
        name = re.sub(r"[^\w.-]", "_", self._testMethodName)[:_LONGEST_NAME]
        made = tempfile.TemporaryDirectory(prefix=f"{name}-{os.getpid()}-")
        self.addCleanup(made.cleanup)
        folder = Path(made.name).resolve()
        self.addCleanup(_leave, folder, _current_folder())
        return folder

    def setEnv(self, **variables: str | None) -> None:
        """Sets environment variables, or removes those given as None, until the test has ended."""
        for name, value in variables.items():
            if value is not None and not isinstance(value, str):
                raise TypeError(f"setEnv({name}={value!r}): expected a str, or None to remove the variable")
        for name, value in variables.items():
            self.addCleanup(_set, name, os.environ.get(name))
            _set(name, value)


class SeededRandom:
    """Python's `random`, seeded until `restore`, or until all tests of the class have ended.

    Saving and restoring the state of `random` costs an eighth of a short test.
    """

    def __init__(self, seed: int, case: unittest.TestCase | None = None) -> None:
        self._seed = seed
        is_given_back = case is not None and _gives_back_after_class(case)
        self._before = None if is_given_back else random.getstate()
        random.seed(seed)

    def restore(self) -> None:
        """Restores the previous state of `random`, unless that is done after the class."""
        if self._before is not None:
            random.setstate(self._before)

    def add_seed_to(self, error: BaseException) -> None:
        """Adds the seed to a failure as a note, if `random` was used; a skip is no failure."""
        is_unused = random.getstate() == random.Random(self._seed).getstate()
        if is_unused or isinstance(error, unittest.SkipTest):
            return
        add_note_to_failure(
            error,
            f"random was used; before the set-up it was seeded with {self._seed}; "
            f"for the same numbers again: @hygiene(random_seed={self._seed}), "
            f"or ASYNCTESTKIT_SEED={self._seed} for the whole run",
        )


def _gives_back_after_class(case: unittest.TestCase) -> bool:
    """Has the suite that runs a case restore `random` after the class; returns False without a suite."""
    if not interpreter.is_run_by_suite(case):
        return False
    cls = type(case)
    if _IS_GIVEN_BACK not in vars(cls):
        setattr(cls, _IS_GIVEN_BACK, True)  # on the class, as what a module holds counts as the process's
        cls.addClassCleanup(_give_back, cls, random.getstate())
    return True


def _give_back(cls: type, before: tuple[object, ...]) -> None:
    delattr(cls, _IS_GIVEN_BACK)
    random.setstate(before)


_IS_GIVEN_BACK = "_hygieneGivesRandomBack"
"""Set on a class while a suite runs its tests."""


def seed_of(case: type, method: str) -> int:
    """The default seed of a test: derived from its name, so that it is the same in every run."""
    return zlib.crc32(f"{case.__qualname__}.{method}".encode())


_LONGEST_NAME = 40

# Linux chooses from 32768 on, other systems from 49152.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000


def _ports() -> Iterator[int]:
    """Each port once, in an order that differs between processes and does not depend on any seed."""
    ports = list(range(_FIRST_PORT, _LAST_PORT + 1))
    start = random.SystemRandom().randrange(len(ports))
    yield from ports[start:]
    yield from ports[:start]


def _lock_folder() -> Path:
    """A folder that all users of the machine share; the user's own if another has made that inaccessible."""
    shared = Path(tempfile.gettempdir(), "asynctestkit-ports")
    if not shared.exists():
        # Moved into place once it is open to all, so that no other process finds it before.
        new = tempfile.mkdtemp(prefix="asynctestkit-ports-")
        os.chmod(new, 0o1777)
        try:
            os.rename(new, shared)
        except OSError:  # another process was first
            os.rmdir(new)
    if os.access(shared, os.R_OK | os.W_OK | os.X_OK):
        return shared
    own = Path(f"{shared}-{os.getuid()}")
    own.mkdir(exist_ok=True)
    return own


def _current_folder() -> Path | None:
    """The current folder; None if it has been removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _leave(folder: Path, before: Path | None) -> None:
    """Changes back to the folder `before`, if the current one lies within `folder` or was removed."""
    current = _current_folder()
    if before is not None and (current is None or current.is_relative_to(folder)):
        os.chdir(before)


def _is_free(port: int) -> bool:
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind(("", port))
    except OSError:
        return False
    return True


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
