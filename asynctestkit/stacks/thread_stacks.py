"""Stacks of threads, and tracebacks, without frames that do not concern the user."""

from __future__ import annotations

import traceback
from types import FrameType, TracebackType

from .code_owners import CARRIER_FOLDERS, OWN_FOLDER, THREADING, carries, library, machinery
from .places import Place, user_places

__all__ = ["hide_machinery", "places_of_stack", "render_stack", "stack_of"]


def hide_machinery(trace: TracebackType | None) -> None:
    """Removes from a traceback, except its first entry, the frames that do not concern the user, in place.

    Those are the machinery before the user's first line, and after that line the frames of this package
    with what they call. Without a line of the user's nothing is hidden.
    """
    kept, inner = trace, trace.tb_next if trace is not None else None
    hides = True
    while kept is not None and inner is not None:
        file = inner.tb_frame.f_code.co_filename
        hides = (hides or file.startswith(OWN_FOLDER)) and machinery[file]
        if not hides:
            kept.tb_next = inner
            kept = inner
        inner = inner.tb_next
    if kept is not None and kept is not trace:
        kept.tb_next = None


def stack_of(innermost: FrameType | None) -> list[Place]:
    """The stack of a thread, outermost first, taken so quickly that the thread cannot go on meanwhile.

    Reading the source, as `render_stack` does, would let other threads run.
    """
    stack: list[Place] = []
    while innermost is not None:
        code = innermost.f_code
        stack.append(Place(code.co_filename, innermost.f_lineno, code.co_name))
        innermost = innermost.f_back
    return stack[::-1]


def places_of_stack(innermost: FrameType | None) -> tuple[Place, ...]:
    """Where a thread stands, outermost first, without threading's own frames; empty without a frame."""
    lines: list[tuple[str, int, str]] = []
    while innermost is not None:
        code = innermost.f_code
        if code.co_filename not in THREADING or not lines:
            lines.append((code.co_filename, innermost.f_lineno, code.co_name))
        innermost = innermost.f_back
    return user_places(lines)


def render_stack(stack: list[Place], *, to_users_line: bool = False) -> str:
    """A stack as Python prints one, from the user's first line to the innermost line.

    With `to_users_line`, to the last line that is neither the library's nor the machinery's. asyncio's lines
    may be in between: the user's code can run a loop of its own.
    """
    carriers = [
        index
        for index, place in enumerate(stack)
        if place.file.startswith(CARRIER_FOLDERS) and carries(place.file, place.function)
    ]
    if carriers:
        stack = stack[carriers[-1] + 1 :]
    users = (i for i, e in enumerate(stack) if not machinery[e.file] and e.file not in THREADING)
    stack = stack[next(users, 0) :]
    while len(stack) > 1 and stack[-1].file.startswith(CARRIER_FOLDERS):
        del stack[-1]  # a mock, or this package, called by the line before
    if to_users_line:
        last = max((i for i, each in enumerate(stack) if not library[each.file]), default=len(stack))
        stack = stack[: last + 1]
    left_out = len(stack) - _OUTERMOST - _INNERMOST
    if left_out <= 1:
        return _formatted(stack)
    return f"{_formatted(stack[:_OUTERMOST])}  … {left_out} more …\n{_formatted(stack[-_INNERMOST:])}"


def _formatted(stack: list[Place]) -> str:
    return "".join(traceback.format_list([traceback.FrameSummary(*place) for place in stack]))


_OUTERMOST, _INNERMOST = 2, 8
"""How many places of a longer stack are shown."""
