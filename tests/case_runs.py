"""Runs test classes as unittest does, in this process and in others, and keeps what a user sees."""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import inspect
import io
import logging
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import asynctestkit
from asynctestkit.loops.outside import busy_threads, linux
from tests.running import collect_older_garbage

ROOT = Path(__file__).resolve().parents[1]
PACKAGE_FOLDER = os.path.dirname(asynctestkit.__file__) + os.sep

HARD_CAP = 120.0
"""Wall seconds after which a test that hangs ends this process, with every thread's stack on stderr."""


@contextlib.contextmanager
def hard_cap(seconds: float = HARD_CAP) -> Iterator[None]:
    """For tests of hangs. Not a signal: the code under test may swallow what a handler raises."""
    numbers, count = linux.thread_numbers, linux.thread_count
    before = numbers()
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)
    own = numbers() - before  # the thread of faulthandler, which wakes no loop
    try:
        with (
            mock.patch.object(busy_threads, "thread_numbers", lambda: numbers() - own),
            mock.patch.object(busy_threads, "thread_count", lambda: count() - len(own)),
        ):
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@dataclasses.dataclass(frozen=True)
class Run:
    """The result of a run. An outcome is its kind, the test's method, and what unittest prints about it."""

    outcomes: list[tuple[str, str, str]]
    warned: list[str]
    logged: str
    stderr: str

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.outcomes]

    @property
    def leak_warnings(self) -> list[str]:
        return [text for text in self.warned if text.startswith("LeakWarning: ")]

    def text(self, method: str = "test") -> str:
        """What is printed about a test; all its entries, if there are several."""
        return "\n".join(text for _, name, text in self.outcomes if name == method)


class _Result(unittest.TextTestResult):
    """Records every call that reports an outcome, in the order in which unittest makes them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.outcomes: list[tuple[str, str, str]] = []

    def note(self, kind: str, test: unittest.TestCase, text: str = "") -> None:
        self.outcomes.append((kind, getattr(test, "_testMethodName", str(test)), text))

    def addSuccess(self, test):
        self.note("ok", test)

    def addFailure(self, test, err):
        self.note("FAIL", test, self._exc_info_to_string(err, test))

    def addError(self, test, err):
        self.note("ERROR", test, self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self.note("skip", test, reason)

    def addExpectedFailure(self, test, err):
        self.note("expected failure", test, self._exc_info_to_string(err, test))

    def addUnexpectedSuccess(self, test):
        self.note("unexpected success", test)

    def addSubTest(self, test, subtest, err):
        text = "" if err is None else self._exc_info_to_string(err, test)
        self.note(f"subtest {'ok' if err is None else 'failed'}", test, text)


def run(*cases: type[unittest.TestCase] | unittest.TestCase, action: str = "always") -> Run:
    """Runs classes or instances one after the other. `action` is for warnings: "error" is `-W error`."""
    load = unittest.TestLoader().loadTestsFromTestCase
    suite = unittest.TestSuite(load(case) if isinstance(case, type) else case for case in cases)
    log, errors = io.StringIO(), io.StringIO()
    collect_older_garbage()
    with warnings.catch_warnings(record=True) as caught, logs_to(log), contextlib.redirect_stderr(errors):
        runner = unittest.TextTestRunner(io.StringIO(), resultclass=_Result, warnings=action)
        outcomes = runner.run(suite).outcomes
    warned = [f"{each.category.__name__}: {each.message}" for each in caught]
    return Run(outcomes, warned, log.getvalue(), errors.getvalue())


def run_body(
    body: Callable[..., Any],
    base: type = asynctestkit.HygienicAsyncTestCase,
    *,
    action: str = "always",
    **members: Any,
) -> Run:
    """Runs a class with this one test, and these settings and hooks."""
    return run(type("Case", (base,), {"test": body, **members}), action=action)


@contextlib.contextmanager
def logs_to(stream: io.StringIO) -> Iterator[None]:
    logger, handler = logging.getLogger("asyncio"), logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def lines_of(function: Callable[..., Any], text: str) -> list[int]:
    """The numbers of the lines in a function's source that hold `text`."""
    lines, first = inspect.getsourcelines(function)
    return [number for number, line in enumerate(lines, first) if text in line]


@contextlib.contextmanager
def module_of(source: str) -> Iterator[Path]:
    """A temporary folder that contains `test_it.py`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_it.py").write_text(textwrap.dedent(source), "utf-8")
        yield Path(folder)


def environment(**variables: str) -> dict[str, str]:
    """Our environment, without variables that change reports, and with the package on the path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ASYNCTESTKIT_", "PYTHONWARN"))}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def run_module(
    source: str,
    *arguments: str,
    module: str = "unittest",
    python: tuple[str, ...] = (),
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """`python -m unittest test_it` with these arguments, in a process that lives for HARD_CAP at most."""
    with module_of(source) as folder:
        return subprocess.run(
            [sys.executable, *python, "-m", module, *(arguments or ("test_it",))],
            cwd=folder,
            env=environment(**variables),
            capture_output=True,
            text=True,
            timeout=HARD_CAP,
        )
