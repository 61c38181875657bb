"""A plug-in for pytest: what the asyncio tests of a suite leave behind, and a fixture, `no_leaks`.

    pytest -p asynctestkit.pytest_plugin --hygiene=report

guards every IsolatedAsyncioTestCase that pytest runs, as `python -m asynctestkit` does, and reports the leaks
in the summary, also those of all processes of pytest-xdist. With `--hygiene=fail` a test fails for its leaks.
Tests that are async functions, of pytest-asyncio or anyio, are guarded if they use the fixture.

It is never loaded by itself. Nothing here is imported from pytest before pytest calls it.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import unittest
from collections.abc import Iterator
from typing import Any

from .adoption.auditing import auditing, settings_of_run
from .adoption.baseline import Baseline, BaselineError
from .adoption.files import fault_of_folder
from .adoption.function_tests import guarded_function
from .adoption.record import Record, nothing_is_known
from .adoption.table import render_record
from .cpython.originals import os
from .settings import Settings, from_environment

__all__ = ["pytest_addoption", "pytest_configure"]

_OUTPUT = "asynctestkit"
_STOPPED = (2, 3)
"""pytest's exit statuses after Ctrl-C, and after an error of its own."""


def pytest_addoption(parser: Any) -> None:
    """Adds the options; called by pytest."""
    group = parser.getgroup("hygiene", "what asyncio tests leave behind (asynctestkit)")
    group.addoption(
        "--hygiene", choices=("report", "fail"), help="report what tests leave behind, or fail them for it"
    )
    group.addoption("--hygiene-baseline", metavar="FILE", help="accept what is in it, and fail on any other")
    group.addoption("--hygiene-write-baseline", metavar="FILE", help="record the leaks that are there")


def pytest_configure(config: Any) -> None:
    """Registers the audit and the fixture; called by pytest."""
    pytest = importlib.import_module("pytest")
    chosen = config.getoption("hygiene")
    names = ("hygiene_baseline", "hygiene_write_baseline")
    known, to_write = (config.getoption(name) for name in names)
    if chosen is None and (known or to_write):
        raise pytest.UsageError("a baseline needs --hygiene=report or --hygiene=fail")
    if to_write and (fault := fault_of_folder(to_write)) is not None:
        raise pytest.UsageError(fault)
    charges = chosen != "report"
    try:
        given = {name: value for name, value in from_environment().items() if name != "on_leak"}
        settings = settings_of_run(given, charges=charges)
        baseline = Baseline.read(known) if known else None
        written = Baseline.to_write(to_write) if to_write else None
    except (BaselineError, ValueError) as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(_fixtures(settings, observes=not charges))
    if chosen is None:
        return
    record = Record(os.getcwd(), baseline.accepts if baseline is not None else nothing_is_known)
    parts: list[object] = []
    if hasattr(config, "workerinput"):
        parts.append(_WorkersReport(record))
    else:
        parts.append(_Report(record, baseline, written))
        if config.pluginmanager.hasplugin("xdist"):
            parts.append(_Collector(record))
    # The last one registered is called first: the audit ends before it is reported.
    for part in (*parts, _Auditor(record, settings, charges)):
        config.pluginmanager.register(part)


def _fixtures(settings: Settings, *, observes: bool) -> object:
    """A plug-in with the one fixture."""
    pytest = importlib.import_module("pytest")

    def no_leaks(_: object, request: Any) -> Iterator[None]:
        """Guards an async test function: it fails for what it leaves behind."""
        item, function = request.node, request.function
        if not inspect.iscoroutinefunction(function) or isinstance(request.instance, unittest.TestCase):
            pytest.fail(
                f"no_leaks guards async test functions, which {item.name} is not; "
                "test cases are guarded by --hygiene, or by HygieneMixin",
                pytrace=False,
            )
        before = item.obj
        item.obj = guarded_function(item.nodeid, before, settings, observes=observes)
        yield
        item.obj = before

    return type("Fixtures", (), {"no_leaks": pytest.fixture(no_leaks)})()


class _Auditor:
    """Audits the tests, in every process that runs tests."""

    def __init__(self, record: Record, settings: Settings, charges: bool) -> None:
        self._record = record
        self._settings = settings
        self._charges = charges
        self._audit = contextlib.ExitStack()

    def pytest_collection_finish(self, session: Any) -> None:
        """Begins the audit, once all classes are imported."""
        self._audit.enter_context(auditing(self._record, self._settings, charges=self._charges))

    def pytest_runtest_setup(self, item: Any) -> None:
        self._record.tests_run += 1

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        was_stopped = session.shouldfail or session.shouldstop or exitstatus in _STOPPED
        self._record.is_complete &= not was_stopped
        self._audit.close()


class _WorkersReport:
    """In a worker process of pytest-xdist: sends the record to the main process."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def pytest_sessionfinish(self, session: Any) -> None:
        session.config.workeroutput[_OUTPUT] = json.dumps(self._record.to_values())


class _Collector:
    """In the main process of pytest-xdist: merges the records of the workers."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Called when a worker has ended, possibly with an error and without its record."""
        output = getattr(node, "workeroutput", {})
        if _OUTPUT in output:
            self._record.merge(json.loads(output[_OUTPUT]))
        else:
            self._record.is_complete = False


class _Report:
    """Reports the record, in the process that pytest was started in."""

    def __init__(self, record: Record, baseline: Baseline | None, written: Baseline | None) -> None:
        self._record = record
        self._baseline = baseline
        self._written = written
        self._faults: list[str] = []

    def pytest_sessionfinish(self, session: Any) -> None:
        record = self._record
        if self._written is not None:
            try:
                self._written.write(record.rows, keeps_others=not record.is_complete)
            except OSError as error:
                self._faults.append(f"{self._written.path} cannot be written: {error.strerror}")
        is_worse = self._baseline is not None and any(row.is_new for row in record.rows)
        if (is_worse or self._faults) and not session.exitstatus:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        baseline = self._baseline
        unmet = baseline.unmet() if baseline is not None and self._record.is_complete else []
        terminalreporter.section("left behind")
        for line in (*self._faults, *render_record(self._record, baseline, unmet)):
            terminalreporter.write_line(line)
