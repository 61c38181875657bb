"""Leaks to text: touches values only, no loop and no task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..await_chain import first_names
from ..loops.blocking import Block
from ..loops.task_names import UnnamedTask
from ..places import Place
from .leak import Leak

__all__ = ["render", "render_blocks", "render_chain", "render_list", "render_unnamed"]

_MOST_ENTRIES = 20
_MOST_BLOCKS = 5
_MOST_AT_AN_END = 10


def render(subject: str, leaks: Sequence[Leak]) -> str:
    """The report on everything that `subject`, a test or a block, has left behind."""
    many = "thing" if len(leaks) == 1 else "things"
    return "\n".join([f"{subject} left {len(leaks)} {many} behind:", *render_list(leaks)])


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
    for block in blocks[:_MOST_BLOCKS]:
        lines += [
            "",
            f"for {block.seconds:.3f} s of wall time in {_PHASES.get(block.phase, block.phase)}, "
            f"{block.computing:.3f} s of it computing, here:",
            block.stack.rstrip(),
        ]
    if len(blocks) > _MOST_BLOCKS:
        lines += ["", f"… and {len(blocks) - _MOST_BLOCKS} more"]
    waits = any(block.computing < block.seconds / 2 for block in blocks)
    remedy = "await what waits (asyncio.sleep, streams, …)" if waits else "cut it in steps"
    return "\n".join([*lines, "", f"remedy: {remedy}, or hand it to a thread: await asyncio.to_thread(…)"])


def render_list(leaks: Sequence[Leak]) -> list[str]:
    """The entries of a report, an empty line before each."""
    groups = _grouped(leaks)
    lines: list[str] = []
    for number, group in enumerate(groups[:_MOST_ENTRIES], 1):
        lines += ["", *_entry(number, group)]
    rest = sum(map(len, groups[_MOST_ENTRIES:]))
    if rest:
        lines += ["", f"… and {rest} more"]
    return lines


def render_chain(places: Iterable[Place], waits_on: str, indent: str) -> list[str]:
    """An await chain, a line each, and what stands at its end; a long one without its middle."""
    lines = [f"{indent}{place}" for place in places]
    left_out = len(lines) - 2 * _MOST_AT_AN_END
    if left_out > 1:
        lines[_MOST_AT_AN_END:-_MOST_AT_AN_END] = [f"{indent}… {left_out} more …"]
    return [*lines, f"{indent}which waits on {waits_on}"] if waits_on else lines


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
    if len(group) == 1:
        yield f"{number}. {first.kind} {first.name!r}, {first.description}"
    else:
        shown = first_names([leak.name for leak in group])
        others = "" if len({leak.description for leak in group}) == 1 else " (and others)"
        yield f"{number}. {len(group)} {first.kind}s ({shown}), {first.description}{others}"
    if first.phase:
        where = [f"     {place}" for place in first.created_at]
        yield f"   created in {_PHASES.get(first.phase, first.phase)}" + (":" if where else "")
        yield from where
    if first.waiting_at or first.waits_on:
        which = "" if len({(leak.waiting_at, leak.waits_on) for leak in group}) == 1 else "the first of them "
        yield f"   {which}{_STANDING.get(first.kind, 'stands at')}:"
        yield from render_chain(first.waiting_at, first.waits_on, "     ")
    if first.remedy:
        yield f"   remedy: {first.remedy}"


_STANDING = {"exception": "raised at", "callback": "raised at"}
_PHASES = {"setUp": "set-up", "test": "the test", "tearDown": "tear-down", "cleanup": "a cleanup"}
