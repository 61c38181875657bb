"""Leaks to text: touches values only, no loop and no task."""

from __future__ import annotations

import linecache
import shutil
from collections.abc import Iterable, Iterator, Sequence

from ..await_chain import first_names
from ..loops.blocking import Block
from ..loops.task_names import UnnamedTask
from ..places import Place
from .leak import Leak

__all__ = [
    "render",
    "render_blocks",
    "render_chain",
    "render_entry",
    "render_failure",
    "render_list",
    "render_unnamed",
]

_MOST_ENTRIES = 20
_MOST_BLOCKS = 5
_MOST_IN_A_LINE = 3
_MOST_LINES = 95
_MOST_AT_AN_END = 4
_NARROWEST = 60


def render(subject: str, leaks: Sequence[Leak]) -> str:
    """The report on everything that `subject`, a test or a block, has left behind."""
    many = "thing" if len(leaks) == 1 else "things"
    return "\n".join([f"{subject} left {len(leaks)} {many} behind:", *render_list(leaks)])


def render_failure(leaks: Sequence[Leak]) -> str:
    """The same for the failure of a test, whose name stands above it: what leaked comes first."""
    groups = _grouped(leaks)
    rest = sum(map(len, groups[_MOST_IN_A_LINE:]))
    shown = ", ".join(map(_who, groups[:_MOST_IN_A_LINE])) + (f" and {rest} more" if rest else "")
    return "\n".join([f"left behind: {shown}", *render_list(leaks)])


def render_unnamed(subject: str, tasks: Iterable[UnnamedTask]) -> str:
    """The report on the tasks that `subject` has started without naming them."""
    entries = [
        Leak(
            kind="task",
            name=task.name,
            description=f"running {task.coroutine}()",
            phase=task.phase,
            created_at=task.created_at,
            remedy="asyncio.create_task(…, name='…'), so that reports can tell it from others",
        )
        for task in tasks
    ]
    many = "a task" if len(entries) == 1 else f"{len(entries)} tasks"
    heading = f"{subject} requires task names, and started {many} without:"
    return "\n".join([heading, *render_list(entries)])


def render_blocks(subject: str, threshold: float, blocks: Sequence[Block]) -> str:
    """The report on the callbacks that have held the loop for longer than they may."""
    many = "once" if len(blocks) == 1 else f"{len(blocks)} times"
    lines = [f"{subject} blocked its loop {many} (blocking_threshold = {threshold:g}):"]
    shown = 0
    for block in blocks[:_MOST_BLOCKS]:
        stack = block.stack.rstrip().splitlines()
        if shown and len(lines) + len(stack) + 2 > _MOST_LINES:
            break
        lines += [
            "",
            f"for {block.seconds:.3f} s of wall time in {_PHASES.get(block.phase, block.phase)}, "
            f"{block.computing:.3f} s of it computing, here:",
            *stack,
        ]
        shown += 1
    if len(blocks) > shown:
        lines += ["", f"… and {len(blocks) - shown} more"]
    waits = any(block.computing < block.seconds / 2 for block in blocks)
    remedy = "await what waits (asyncio.sleep, streams, …)" if waits else "cut it in steps"
    return "\n".join([*lines, "", f"remedy: {remedy}, or hand it to a thread: await asyncio.to_thread(…)"])


def render_list(leaks: Sequence[Leak]) -> list[str]:
    """The entries of a report, an empty line before each."""
    groups = _grouped(leaks)
    lines: list[str] = []
    shown = 0
    for group in groups[:_MOST_ENTRIES]:
        entry = ["", *_entry(shown + 1, group)]
        if shown and len(lines) + len(entry) > _MOST_LINES:
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


def render_chain(places: Iterable[Place], waits_on: str, indent: str) -> list[str]:
    """An await chain, a line each, and what stands at its end; a long one without its middle."""
    lines = _listed(list(places), indent, outermost=_MOST_AT_AN_END)
    return [*lines, f"{indent}which waits on {waits_on}"] if waits_on else lines


def _listed(places: Sequence[Place], indent: str, *, outermost: int) -> list[str]:
    """Places with their source lines; of many so many of the outermost, and some of the innermost."""
    left_out = len(places) - outermost - _MOST_AT_AN_END
    if left_out <= 1:
        return [line for place in places for line in _shown(place, indent)]
    return [
        *(line for place in places[:outermost] for line in _shown(place, indent)),
        f"{indent}… {left_out} more …",
        *(line for place in places[-_MOST_AT_AN_END:] for line in _shown(place, indent)),
    ]


def _shown(place: Place, indent: str) -> Iterator[str]:
    """A place, and its source line where that can be read, cut to the width of the terminal."""
    yield f"{indent}{place}"
    source = linecache.getline(place.file, place.line).strip()
    if source:
        line = f"{indent}  {source}"
        width = max(shutil.get_terminal_size().columns, _NARROWEST)
        yield line if len(line) <= width else f"{line[: width - 1]}…"


def _grouped(leaks: Sequence[Leak]) -> list[list[Leak]]:
    """Those created at one site together, in the order of the first of each; where unknown, of one name.

    One that calls for another remedy, such as a stubborn task, stands apart.
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
        where = _listed(first.created_at, "     ", outermost=1)
        yield f"   created in {_PHASES.get(first.phase, first.phase)}" + (":" if where else "")
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
    return f"{len(group)} {kind}s ({first_names([leak.name for leak in group])})"


_STANDING = {"exception": "raised at", "callback": "raised at"}
_PHASES = {"setUp": "set-up", "test": "the test", "tearDown": "tear-down", "cleanup": "a cleanup"}
