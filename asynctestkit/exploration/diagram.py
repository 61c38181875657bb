"""The steps of tasks in the order in which they ran, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..cpython.originals import os
from ..stacks.await_chain import AwaitChain
from ..stacks.code_owners import is_installed, is_machinery, is_own
from ..stacks.places import Place
from .deviations import Cancel, Deviation, Fault, Hold, StepKey
from .records import Applied, Taken

__all__ = ["diagram", "innermost", "ordinal", "sentence", "step_of"]

_WIDEST = 108
_MOST_ROWS, _AROUND, _AT_AN_END = 40, 6, 4


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, …"""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def innermost(chain: AwaitChain) -> Place | None:
    """The innermost line of the user's code; failing that, of an installed package, or of all code."""
    users = [place for place in chain.places if not is_machinery(place.file)]
    own = [place for place in users if not is_installed(place.file)]
    lines = own or users or list(chain.places)
    return lines[-1] if lines else None


def step_of(key: StepKey, mains: Iterable[str]) -> str:
    """A step in words, such as "the 2nd step of task 'a'"."""
    task, step = key
    return f"the {ordinal(step)} step of {_who(task, mains)}"


def sentence(applied: Applied, mains: Iterable[str]) -> str:
    """A deviation from asyncio's own order that was applied, in words."""
    deviation = applied.deviation
    place = innermost(applied.chain)
    at = f", at {place}" if place is not None else ""
    if isinstance(deviation, Fault):
        by = f", in {_who(applied.key[0], mains)}" if applied.key is not None else ""
        return f"the {ordinal(deviation.use)} call of {deviation.call} failed with {applied.error}{by}{at}"
    who = _who(deviation.task, mains)
    if isinstance(deviation, Hold):
        until = f", until {step_of(deviation.until, mains)} was taken" if deviation.until is not None else ""
        return f"{who} was slow before its {ordinal(deviation.step)} step{at}{until}"
    if deviation.asleep:
        return f"{who} was cancelled as it began to wait, after its {ordinal(deviation.step)} step{at}"
    return f"{who} was cancelled as it was about to take its {ordinal(deviation.step)} step{at}"


def diagram(
    taken: Sequence[Taken], schedule: Sequence[Deviation], applied: Iterable[Applied] = ()
) -> list[str]:
    """A line for each step: its time, and in its task's column from where to where; deviations are marked.

    If the columns would be too wide, the tasks' names become a column of their own. `applied` says which
    calls failed.
    """
    marks = {(each.task, each.step): each for each in schedule if not isinstance(each, Fault)}
    faults = {each.key for each in applied if each.key is not None}
    cells = [(each.key[0], _cell(each, marks, each.key in faults)) for each in taken]
    columns = {name: len(name) for name, _ in cells}
    for name, cell in cells:
        columns[name] = max(columns[name], len(cell))
    if sum(columns.values()) + 2 * len(columns) > _WIDEST:
        width = max(map(len, columns))
        head, rows = f"{'task':<{width}}  from → to", [f"{name:<{width}}  {cell}" for name, cell in cells]
    else:
        head, rows = (
            _row({name: name for name in columns}, columns),
            [_row({n: c}, columns) for n, c in cells],
        )
    lines, before = [f"{'seconds':>9}  {head}".rstrip()], -1
    for place in sorted(_shown(taken, {*marks, *faults})):
        if place != before + 1:
            lines.append(f"{'':>9}  … {place - before - 1} more …")
        lines.append(f"{taken[place].at:>9.3f}  {rows[place]}".rstrip())
        before = place
    return lines


def _row(cells: dict[str, str], columns: dict[str, int]) -> str:
    return "  ".join(f"{cells.get(name, ''):<{width}}" for name, width in columns.items())


def _shown(taken: Sequence[Taken], marks: set[StepKey]) -> set[int]:
    """The indices of the steps shown: all, or those at both ends and around marked ones."""
    last = len(taken)
    if last <= _MOST_ROWS:
        return set(range(last))
    shown = {*range(_AT_AN_END), *range(last - _AT_AN_END, last)}
    for place, each in enumerate(taken):
        if each.key in marks:
            shown |= set(range(max(0, place - _AROUND), min(last, place + 2)))
    return shown


def _cell(step: Taken, marks: Mapping[StepKey, Hold | Cancel], is_faulty: bool) -> str:
    before: Place | None = innermost(step.before)
    if step.key[1] == 1 or before is None or is_own(before.file):
        before = None  # the task had not begun
    if isinstance(step.after, AwaitChain):
        waits_on = step.after.waits_on.partition(", pending")[0].partition(" that nobody")[0]
        gone = _short(innermost(step.after), before) + (f" {waits_on}" if waits_on else "")
    else:
        gone = step.after
    deviation = marks.get(step.key)
    slow = "SLOW " if isinstance(deviation, Hold) else ""
    if isinstance(deviation, Cancel):
        slow, gone = ("", f"{gone} CANCELLED") if deviation.asleep else ("CANCELLED ", gone)
    fault = "FAULT → " if is_faulty else ""
    return f"{slow}{'start' if before is None else _short(before)} → {fault}{gone}"


def _short(place: Place | None, before: Place | None = None) -> str:
    """A place without its folder, and without its file if that of `before` is the same."""
    if place is None:
        return "?"
    if before is not None and before.file == place.file:
        return f":{place.line}"
    return f"{os.path.basename(place.file)}:{place.line}"


def _who(task: str, mains: Iterable[str]) -> str:
    return f"the test's own task ({task})" if task in mains else f"task {task!r}"
