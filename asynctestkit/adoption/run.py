"""One audited run, from its arguments to its exit status."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Sequence
from typing import Any

from ..cpython.originals import os
from .auditing import auditing, settings_of_run
from .baseline import Baseline, BaselineError
from .files import write_files
from .github import annotate
from .noted_results import NotedTest, noting
from .options import PROGRAM, Options, OptionsError, help_text, parse
from .record import Record, nothing_is_known
from .table import RULE, render_record

__all__ = ["WRONG_USE", "main"]

__unittest = True

_DOUBLE_RULE = "=" * 70
WRONG_USE = 2
"""The exit status if an option, a baseline or a file to be written is at fault."""


def main(arguments: Sequence[str]) -> int:
    """Runs the suite and reports; returns the exit status of the process."""
    try:
        options = parse(arguments)
        baseline = Baseline.read(options.baseline) if options.baseline is not None else None
        to_write = Baseline.to_write(options.write_baseline) if options.write_baseline is not None else None
    except (OptionsError, BaselineError) as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
        return WRONG_USE
    if options.wants_help:
        print(help_text())
        return 0
    return _Run(options, baseline, to_write).main()


class _Run:
    def __init__(self, options: Options, baseline: Baseline | None, to_write: Baseline | None) -> None:
        self.options = options
        self.noted: list[NotedTest] | None = [] if options.junit is not None else None
        self.record = Record(os.getcwd(), baseline.accepts if baseline is not None else nothing_is_known)
        self.record.is_complete = False
        self._baseline = baseline
        self._to_write = to_write
        self._stream = sys.stderr
        self._process = os.getpid()

    def main(self) -> int:
        """Runs and reports; after Ctrl-C, what has been run is reported as well."""
        try:
            status = self._run_unittest()
        except BaseException:
            self._report()
            raise
        return self._report() or status

    def _run_unittest(self) -> int:
        """Runs the suite; returns unittest's exit status."""
        sys.argv[:] = [PROGRAM, *self.options.arguments]
        runner = type("AuditRunner", (_Runner,), {"audited": self})
        try:
            unittest.main(module=None, argv=sys.argv, testRunner=runner)
        except SystemExit as ended:
            if isinstance(ended.code, int):
                return int(ended.code)  # it may be a bool
            raise
        raise AssertionError("unittest.main ends with SystemExit")  # pragma: no cover  # for the type checker

    def _report(self) -> int:
        """Prints and writes everything; returns the resulting exit status, 0 for no fault."""
        if os.getpid() != self._process:  # a test has forked, and its child gets here
            return 0
        record, baseline, stream = self.record, self._baseline, self._stream
        unmet = baseline.unmet() if baseline is not None and record.is_complete else []
        heading = [_DOUBLE_RULE, "LEFT BEHIND", RULE] if record.rows else [_DOUBLE_RULE]
        stream.write("\n".join([*heading, *render_record(record, baseline, unmet), ""]))
        annotate(record)
        faults = write_files(record, self.options, self._to_write, self.noted, unmet)
        for fault in faults:
            stream.write(f"{PROGRAM}: error: {fault}\n")
        stream.flush()
        if faults:
            return WRONG_USE
        is_worse = baseline is not None and any(row.is_new for row in record.rows)
        return int(is_worse or (self.options.strict_baseline and bool(unmet)))


class _Runner(unittest.TextTestRunner):
    """unittest's own runner, with its run under audit."""

    audited: _Run

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.audited.noted is not None:
            self.resultclass = noting(self.resultclass, self.audited.noted)  # type: ignore[arg-type]  # typeshed has a callable

    def _makeResult(self) -> Any:
        self._result: Any = super()._makeResult()
        return self._result

    def run(self, test: Any) -> Any:
        options, record = self.audited.options, self.audited.record
        charges = options.on_leak == "fail"
        settings = settings_of_run(options.settings, charges=charges)
        with auditing(record, settings, charges=charges) as refused:
            for case in refused:
                self.stream.write(
                    f"{PROGRAM}: {case} cannot be guarded: its metaclass sets a method resolution order\n"
                )
            try:
                result = super().run(test)
                record.is_complete = not result.shouldStop
            finally:
                record.tests_run = self._result.testsRun
        return result
