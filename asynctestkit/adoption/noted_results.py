"""The outcome of each test of a run, for the files that list every test."""

from __future__ import annotations

import dataclasses
import unittest
from typing import Any

from ..cpython.originals import time

__all__ = ["NotedTest", "noting"]

__unittest = True


@dataclasses.dataclass
class NotedTest:
    """One test and its outcome."""

    id: str
    seconds: float = 0.0
    outcome: str = "passed"
    """"passed", "failure", "error" or "skipped"; an expected failure counts as passed."""
    text: str = ""
    """What unittest prints about it, or the reason to skip it."""

    @property
    def case(self) -> str:
        """The class, with its module."""
        return self.id.rpartition(".")[0]

    @property
    def method(self) -> str:
        """The test's own name."""
        return self.id.rpartition(".")[2]


def noting(base: type[unittest.TextTestResult], noted: list[NotedTest]) -> type[unittest.TextTestResult]:
    """A result class that does what `base` does, and records every test."""

    class NotingResult(base):  # type: ignore[valid-type, misc]  # a class that is a parameter
        _began = 0.0
        _current: NotedTest | None = None

        def startTest(self, test: unittest.TestCase) -> None:
            super().startTest(test)
            self._current = NotedTest(test.id())
            noted.append(self._current)
            self._began = time.monotonic()

        def stopTest(self, test: unittest.TestCase) -> None:
            if self._current is not None:
                self._current.seconds = time.monotonic() - self._began
                self._current = None
            super().stopTest(test)

        def _note(self, test: Any, outcome: str, text: str) -> None:
            current = self._current
            if current is None:  # a class or module fixture
                current = NotedTest(test.id())
                noted.append(current)
            current.outcome = outcome
            current.text = f"{current.text}\n{text}" if current.text else text

        def addError(self, test: Any, err: Any) -> None:
            super().addError(test, err)
            self._note(test, "error", self.errors[-1][1])

        def addFailure(self, test: Any, err: Any) -> None:
            super().addFailure(test, err)
            self._note(test, "failure", self.failures[-1][1])

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
            super().addSubTest(test, subtest, err)
            if err is not None:
                is_failure = issubclass(err[0], test.failureException)
                entries = self.failures if is_failure else self.errors
                self._note(test, "failure" if is_failure else "error", f"{subtest}\n{entries[-1][1]}")

        def addSkip(self, test: Any, reason: str) -> None:
            super().addSkip(test, reason)
            self._note(test, "skipped", reason)

        def addUnexpectedSuccess(self, test: Any) -> None:
            super().addUnexpectedSuccess(test)
            self._note(test, "failure", "unexpected success")

    return NotingResult
