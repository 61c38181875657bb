"""Leaks and records of runs, as values."""

from asynctestkit import Leak, Place
from asynctestkit.adoption.record import Record, nothing_is_known

FOLDER = "/project"


def leak(kind="task", name="bg:feed", file="/project/shop/feed.py", line=9, function="connect", **fields):
    """A leak that was created at this line; without a file its place is unknown."""
    places = (Place("/project/test_feed.py", 18, "test_feed"), Place(file, line, function)) if file else ()
    given = {"description": "still pending", "phase": "test", "remedy": "await it", **fields}
    return Leak(kind, name, created_at=places, **given)


def record(*reported, tests_run=10, is_known=nothing_is_known):
    """The record of a run in which these tests left these leaks: pairs of an id and a leak."""
    made = Record(FOLDER, is_known)
    made.tests_run = tests_run
    for test, each in reported:
        made.add(test, [each])
    return made
