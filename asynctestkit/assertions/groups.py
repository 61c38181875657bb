"""Assertions about exception groups."""

from __future__ import annotations

import re
import unittest
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ..cpython.versions import exception_group_type
from ..leaks.kinds.exceptions import one_line
from .failing import Failing
from .group_trees import Expected, compare, expected_lines, leaves, matches

__all__ = ["GroupAssertions", "RaisesGroup"]

__unittest = True


class GroupAssertions(Failing):
    """Assertions about exception groups, as `asyncio.TaskGroup` raises them."""

    def assertRaisesGroup(
        self,
        *expected: Any,
        match: str | re.Pattern[str] | None = None,
        flatten: bool = False,
        msg: Any = None,
    ) -> RaisesGroup:
        """`with`: the block has to raise an exception group with exactly these members, in any order.

        A member is expected by its type, a nested group by a tuple of its members. `match` is searched in the
        group's message; `flatten` treats the members of nested groups as the group's own. The group is then
        the `exception` of the context manager. A bare exception is no group, and fails; KeyboardInterrupt,
        CancelledError and the like, skips and failed assertions pass through. On 3.10 it needs the backport,
        `exceptiongroup`, and raises RuntimeError without it.
        """
        group_type = exception_group_type()
        if group_type is None:
            raise RuntimeError(
                "assertRaisesGroup needs exception groups: Python 3.11, or `pip install exceptiongroup`"
            )
        _check(expected, flatten)
        passing = (unittest.SkipTest, self.failureException)
        return RaisesGroup(
            expected, match, flatten, group_type, passing, lambda text: self._failure(msg, text)
        )


class RaisesGroup:
    """The context manager of `assertRaisesGroup`; `failure` makes an exception from a text."""

    exception: Any = None
    """The group, without its traceback; None until the block has raised it."""

    def __init__(
        self,
        expected: Expected,
        match: str | re.Pattern[str] | None,
        flatten: bool,
        group_type: type[BaseException],
        passing: tuple[type[BaseException], ...],
        failure: Callable[[str], AssertionError],
    ) -> None:
        self._expected = expected
        self._match = match
        self._flatten = flatten
        self._group_type = group_type
        self._passing = passing
        self._failure = failure

    def __enter__(self) -> RaisesGroup:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> bool:
        if isinstance(error, self._group_type):
            self._judge(error)
            self.exception = error.with_traceback(None)
            return True
        if error is None:
            what, remedy = "no exception group was raised", "check that the code under test runs, and fails"
        elif isinstance(error, Exception) and not isinstance(error, self._passing):
            what = f"{one_line(error)} was raised on its own, not in a group"
            remedy = "use assertRaises for it"
        else:
            return False
        lines = [what, "expected:", *expected_lines(self._expected), f"remedy: {remedy}"]
        raise self._failure("\n".join(lines)) from error

    def _judge(self, group: Any) -> None:
        members = list(leaves(group, self._group_type)) if self._flatten else group.exceptions
        lines = []
        if not matches(self._expected, members, self._group_type):
            wanted, found = compare(self._expected, group, members, self._group_type)
            lines += ["the exception group is not the expected one"]
            lines += ["expected:", *wanted, "raised:", *found]
            lines += ["remedy: expect what is raised, or find out where the other exceptions come from"]
        elif self._match is not None and not re.search(self._match, group.message):
            pattern = getattr(self._match, "pattern", self._match)
            lines += [f"the exception group's message is not matched by {pattern!r}: {group.message!r}"]
            lines += ["remedy: change the pattern, or find out what raises this group"]
        if lines:
            raise self._failure("\n".join(lines)) from group


def _check(expected: Any, flatten: bool) -> None:
    if not expected:
        raise TypeError("a group has members: assertRaisesGroup takes at least one exception type")
    for each in expected:
        if isinstance(each, tuple) and flatten:
            raise TypeError("with flatten=True there are no groups within: give their members themselves")
        if isinstance(each, tuple):
            _check(each, flatten)
        elif not (isinstance(each, type) and issubclass(each, BaseException)):
            raise TypeError(f"assertRaisesGroup takes exception types, and tuples of them, not {each!r}")
