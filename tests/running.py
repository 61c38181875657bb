"""Runs one test of an inner test case within a test, and keeps all of its results."""

import contextlib
import gc
import io
import unittest
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from warnings import WarningMessage

from asynctestkit import Leak, LeakError, LeakWarning
from asynctestkit.leaks.census.heap import heap

__all__ = ["Outcome", "Overheard", "collect_older_garbage", "overhearing", "run_case"]


@dataclass
class Overheard:
    """What was reported while a block ran."""

    warnings: list[WarningMessage] = field(default_factory=list)
    """All of them, whatever the filters of the run."""
    output: str = ""
    """The output on stdout and stderr, with log records that no handler takes."""


@dataclass
class Outcome(Overheard):
    """The result of one test. Exceptions are kept without tracebacks, which would keep its objects alive."""

    errors: list[BaseException] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    expected_failures: list[BaseException] = field(default_factory=list)
    is_unexpected_success: bool = False
    skipped: list[str] = field(default_factory=list)
    """The reasons."""
    report: str = ""
    """What unittest prints about errors and failures."""

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """The leaks of every LeakError among the failures."""
        return tuple(leak for error in self.failures if isinstance(error, LeakError) for leak in error.leaks)

    @property
    def leak_warnings(self) -> list[str]:
        """The texts of the LeakWarnings."""
        return [str(each.message) for each in self.warnings if issubclass(each.category, LeakWarning)]

    @property
    def complaints(self) -> list[object]:
        """Everything but success, warnings included; not the output, as debug mode logs on a busy machine."""
        said = [*self.errors, *self.failures, *self.expected_failures, *self.skipped]
        said += [f"{each.category.__name__}: {each.message}" for each in self.warnings]
        return [*said, "unexpected success"] if self.is_unexpected_success else said


@contextlib.contextmanager
def overhearing(heard: Overheard) -> Iterator[None]:
    """Records what is reported in the block."""
    collect_older_garbage()
    printed = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as heard.warnings,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        warnings.simplefilter("always")
        yield
    heard.output = printed.getvalue()
    with ignoring_reports():
        for each in heard.warnings:
            each.source = None  # or the objects of the warnings would live on; now they are destroyed


@contextlib.contextmanager
def ignoring_reports() -> Iterator[None]:
    """Ignores what is warned of and printed in the block."""
    ignored = io.StringIO()
    with (
        warnings.catch_warnings(record=True),
        contextlib.redirect_stdout(ignored),
        contextlib.redirect_stderr(ignored),
    ):
        yield


def collect_older_garbage() -> None:
    """Collects what earlier tests have left if that is due, so that it is not reported in the next one."""
    with ignoring_reports():
        if not heap.is_frozen():
            heap.collect_if_due()


def run_case(cls: type[unittest.TestCase], name: str = "test") -> Outcome:
    """Runs that test in this process. What it leaves is destroyed when this returns."""
    outcome = Outcome()
    with overhearing(outcome):
        cls(name).run(_Result(outcome))
        # After a clean test nothing could, and what is told as a leak is ended; to collect takes long.
        messages = (*outcome.failures, *(each.message for each in outcome.warnings))
        if outcome.errors or not all(isinstance(each, (LeakError, LeakWarning)) for each in messages):
            gc.collect()
    return outcome


class _Result(unittest.TestResult):
    """Keeps the exceptions, where unittest keeps their texts."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self._outcome = outcome

    def addError(self, test, err):
        super().addError(test, err)
        self._keep(self._outcome.errors, err, self.errors)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._keep(self._outcome.failures, err, self.failures)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            is_failure = issubclass(err[0], test.failureException)
            texts = self.failures if is_failure else self.errors
            self._keep(self._outcome.failures if is_failure else self._outcome.errors, err, texts)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._outcome.expected_failures.append(err[1].with_traceback(None))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._outcome.is_unexpected_success = True

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._outcome.skipped.append(reason)

    def _keep(self, kept: list[BaseException], err, texts: list[tuple[object, str]]) -> None:
        kept.append(err[1].with_traceback(None))
        self._outcome.report += texts[-1][1]
