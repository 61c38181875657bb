"""Comparing exception groups with expected ones: which member matches which, and both as trees.

A group is expected as a tuple of exception types, and of further tuples for nested groups. Members match in
any order, and one exception may fit several expectations: `(Exception, ValueError)` against a ValueError and
a KeyError. So members are paired as in a bipartite graph, by augmenting paths (Kuhn), and not greedily.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..leaks.kinds.exceptions import one_line, raised_at

__all__ = ["Expected", "compare", "expected_lines", "leaves", "matches"]

Expected = tuple[Any, ...]
"""Exception types and nested tuples of them."""

_MISSING = "  ← missing"
_EXTRA = "  ← not expected"


@dataclass
class _Node:
    text: str
    mark: str = ""
    children: list[_Node] = field(default_factory=list)

    def lines(self, first: str = "  ", rest: str = "  ") -> Iterator[str]:
        yield f"{first}{self.text}{self.mark}"
        for number, child in enumerate(self.children, 1):
            is_last = number == len(self.children)
            yield from child.lines(rest + ("└─ " if is_last else "├─ "), rest + ("   " if is_last else "│  "))


def matches(expected: Expected, members: Sequence[Any], group_type: type[BaseException]) -> bool:
    """Whether each expectation is met by a member of its own, and no member is left."""
    return len(expected) == len(members) == len(_pairs(expected, members, group_type))


def compare(
    expected: Expected, group: Any, members: Sequence[BaseException], group_type: type[BaseException]
) -> tuple[list[str], list[str]]:
    """The lines of two trees, with marks: of the expected group, and of the actual one with these members."""
    wanted, found = _compare(expected, group, members, group_type)
    return list(wanted.lines()), list(found.lines())


def expected_lines(expected: Expected) -> list[str]:
    """The lines of the tree of the expected group."""
    return list(_expected_node(expected).lines())


def leaves(group: Any, group_type: type[BaseException]) -> Iterator[BaseException]:
    """The exceptions of a group and of the groups within it, in order."""
    for member in group.exceptions:
        if isinstance(member, group_type):
            yield from leaves(member, group_type)
        else:
            yield member


def _fits(expected: Any, error: Any, group_type: type[BaseException]) -> bool:
    is_group = isinstance(error, group_type)
    if isinstance(expected, tuple):
        members = error.exceptions if is_group else ()
        return is_group and matches(expected, members, group_type)
    # A group is expected as a tuple, or by name: `Exception` alone is not meant for it.
    return isinstance(error, expected) and (not is_group or issubclass(expected, group_type))


def _pairs(
    expected: Expected, members: Sequence[BaseException], group_type: type[BaseException]
) -> dict[int, int]:
    """A largest possible pairing: index of a member to the index of the expectation that it meets."""
    fitting = [
        [index for index, member in enumerate(members) if _fits(wanted, member, group_type)]
        for wanted in expected
    ]
    taken: dict[int, int] = {}

    def place(wanted: int, tried: set[int]) -> bool:
        for index in fitting[wanted]:
            if index not in tried:
                tried.add(index)
                if index not in taken or place(taken[index], tried):
                    taken[index] = wanted
                    return True
        return False

    for wanted in range(len(expected)):
        place(wanted, set())
    return taken


def _compare(
    expected: Expected, group: Any, members: Sequence[Any], group_type: type[BaseException]
) -> tuple[_Node, _Node]:
    pairs = _pairs(expected, members, group_type)
    wanted = [_expected_node(each) for each in expected]
    found = [_actual_node(each, group_type) for each in members]
    missing = [index for index in range(len(expected)) if index not in pairs.values()]
    extra = [index for index in range(len(members)) if index not in pairs]
    # For a missing group and an actual one that fits nothing, show the differences within.
    groups = [index for index in extra if isinstance(members[index], group_type)]
    for index in [each for each in missing if isinstance(expected[each], tuple)]:
        if groups:
            actual = groups.pop(0)
            inner = members[actual]
            wanted[index], found[actual] = _compare(expected[index], inner, inner.exceptions, group_type)
            missing.remove(index)
            extra.remove(actual)
    for index in missing:
        wanted[index].mark = _MISSING
    for index in extra:
        found[index].mark = _EXTRA
    return _Node(_expected_node(expected).text, children=wanted), _Node(_title(group), children=found)


def _expected_node(expected: Any) -> _Node:
    if isinstance(expected, tuple):
        return _Node(f"a group of {len(expected)}", children=[_expected_node(each) for each in expected])
    return _Node(expected.__qualname__)


def _actual_node(error: Any, group_type: type[BaseException]) -> _Node:
    is_group = isinstance(error, group_type)
    if is_group:
        members = [_actual_node(each, group_type) for each in error.exceptions]
        return _Node(_title(error), children=members)
    places = raised_at(error)
    return _Node(one_line(error).partition("\n")[0] + (f"  ({places[-1]})" if places else ""))


def _title(group: Any) -> str:
    return f"{type(group).__name__}: {group.message}"
