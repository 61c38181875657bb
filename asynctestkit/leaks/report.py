"""Renders leaks as text, from values only: no loop and no task is touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..stacks.await_chain import first_names
from ..stacks.rendering import render_chain, render_places
from .leak import Leak

__all__ = ["MOST_LINES", "phase_in_words", "render", "render_entry", "render_failure", "render_list"]

_MOST_ENTRIES = 20
_MOST_IN_A_LINE = 3
MOST_LINES = 95
"""The most lines of a report; a longer one would not be read."""


def render(subject: str, leaks: Sequence[Leak]) -> str:
    """The report on everything that `subject`, a test or a block, left behind."""
    many = "thing" if len(leaks) == 1 else "things"
    return "\n".join([f"{subject} left {len(leaks)} {many} behind:", *render_list(leaks)])


def render_failure(leaks: Sequence[Leak]) -> str:
    """The report for the failure of a test, which names the test above it; so the leaks come first."""
    groups = _grouped(leaks)
    rest = sum(map(len, groups[_MOST_IN_A_LINE:]))
    shown = ", ".join(map(_who, groups[:_MOST_IN_A_LINE])) + (f" and {rest} more" if rest else "")
    return "\n".join([f"left behind: {shown}", *render_list(leaks)])


def render_list(leaks: Sequence[Leak]) -> list[str]:
    """The entries of a report, an empty line before each."""
    groups = _grouped(leaks)
    lines: list[str] = []
    shown = 0
    for group in groups[:_MOST_ENTRIES]:
        entry = ["", *_entry(shown + 1, group)]
        if shown and len(lines) + len(entry) > MOST_LINES:
            break
        lines += entry
        shown += 1
    rest = sum(map(len, groups[shown:]))
    if rest:
        lines += ["", f"… and {rest} more"]
    return lines


def render_entry(number: int, leak: Leak) -> list[str]:
    """One numbered entry of a report."""
    return list(_entry(number, [leak]))


def phase_in_words(phase: str) -> str:
    """The name of a phase as used in a sentence."""
    return _PHASES.get(phase, phase)


def _grouped(leaks: Sequence[Leak]) -> list[list[Leak]]:
    """Leaks grouped by creation site, in the order of the first of each; by name if the site is unknown.

    A leak with another remedy, such as a stubborn task, is a group of its own.
    """
    groups: dict[tuple[object, ...], list[Leak]] = {}
    for leak in leaks:
        distinct = leak.created_at or (leak.name, leak.description)
        groups.setdefault((leak.kind, leak.phase, distinct, leak.remedy), []).append(leak)
    return list(groups.values())


def _entry(number: int, group: list[Leak]) -> Iterable[str]:
    first = group[0]
    others = "" if len({leak.description for leak in group}) == 1 else " (and others)"
    yield f"{number}. {_who(group)}, {first.description}{others}"
    if first.phase:
        where = render_places(first.created_at, "     ", outermost=1)
        yield f"   created in {phase_in_words(first.phase)}" + (":" if where else "")
        yield from where
    if first.waiting_at or first.waits_on:
        which = "" if len({(leak.waiting_at, leak.waits_on) for leak in group}) == 1 else "the first of them "
        yield f"   {which}{_STANDING.get(first.kind, 'stands at')}:"
        yield from render_chain(first.waiting_at, first.waits_on, "     ")
    if first.remedy:
        yield f"   remedy: {first.remedy}"


def _who(group: Sequence[Leak]) -> str:
    kind = group[0].kind
    if len(group) == 1:
        return f"{kind} {group[0].name!r}"
    return f"{len(group)} {_plural(kind)} ({first_names([leak.name for leak in group])})"


def _plural(kind: str) -> str:
    if kind == "unclosed":
        return kind
    return f"{kind}es" if kind.endswith(("s", "x", "ch", "sh")) else f"{kind}s"


_STANDING = {"exception": "raised at", "callback": "raised at"}
_PHASES = {"setUp": "set-up", "test": "the test", "tearDown": "tear-down", "cleanup": "a cleanup"}
