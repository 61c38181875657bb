"""`--junit FILE`: the outcome of each test, and each place of a leak as a test of its own, for CI servers.

A place is a failure if the run fails for it, as it is not in the baseline; else it counts as skipped, so that
a server shows it and does not turn red.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from ..leaks.report import render_entry
from .noted_results import NotedTest
from .record import Record

__all__ = ["junit_of"]

_ELEMENTS = {"failure": "failure", "error": "error", "skipped": "skipped"}
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_of(record: Record, tests: Iterable[NotedTest]) -> str:
    """The text of the file."""
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", name="unittest")
    seconds = 0.0
    for test in tests:
        seconds += test.seconds
        case = _case(suite, test.case, test.method, f"{test.seconds:.3f}")
        if test.outcome in _ELEMENTS:
            _add(case, _ELEMENTS[test.outcome], test.text.strip().rpartition("\n")[2], test.text)
    suite.set("time", f"{seconds:.3f}")
    places = ElementTree.SubElement(suites, "testsuite", name="asynctestkit", time="0")
    for row in record.rows:
        case = _case(places, f"leaks.{row.leak.kind}", f"{row.identity.name} at {row.shown_place}", "0")
        kind = "failure" if record.is_judged and row.is_new else "skipped"
        lines = [*render_entry(1, row.leak), *(f"   left by {test}" for test in row.tests)]
        _add(case, kind, f"{row.count} left by {len(row.tests)} of the tests", "\n".join(lines))
    for each in (suite, places):
        each.set("tests", str(len(each)))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            each.set(attribute, str(len(each.findall(f"testcase/{tag}"))))
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'


def _case(suite: ElementTree.Element, owner: str, name: str, seconds: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=_allowed(owner), name=_allowed(name), time=seconds
    )


def _add(case: ElementTree.Element, tag: str, message: str, text: str) -> None:
    element = ElementTree.SubElement(case, tag, message=_allowed(message))
    if tag != "skipped" or text != message:
        element.text = _allowed(text)


def _allowed(text: str) -> str:
    """The text without characters that XML forbids, such as the escape codes of a terminal."""
    return _NO_XML.sub("", text)
