"""How a schedule deviates from asyncio's own order, as values, and as text to replay."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

__all__ = [
    "STEPS_AFTER",
    "Cancel",
    "Deviation",
    "Fault",
    "Hold",
    "Schedule",
    "StepKey",
    "schedule_from",
    "text_of",
]

STEPS_AFTER = 30_000
"""The most steps that a task may take to clean up after it was cancelled."""

StepKey = tuple[str, int]
"""A step of a task: the task's name and the number of the step, from 1."""


@dataclasses.dataclass(frozen=True)
class Hold:
    """A task is slow: that step waits until nothing else can run, or until the step `until` was taken."""

    task: str
    step: int
    until: StepKey | None = None

    def __str__(self) -> str:
        then = f">{_key_text(*self.until)}" if self.until is not None else ""
        return f"hold:{_key_text(self.task, self.step)}{then}"


@dataclasses.dataclass(frozen=True)
class Cancel:
    """A task is cancelled when that step is about to run; with `asleep`, when it waits right after it."""

    task: str
    step: int
    asleep: bool = False

    def __str__(self) -> str:
        return f"cancel:{_key_text(self.task, self.step)}{'+' if self.asleep else ''}"


@dataclasses.dataclass(frozen=True)
class Fault:
    """A scripted call fails at its `use`-th use; `error`: the class of the error, "" for the likeliest."""

    call: str
    use: int
    error: str = ""

    def __str__(self) -> str:
        return f"fault:{_key_text(self.call, self.use)}{'=' if self.error else ''}{self.error}"


Deviation = Hold | Cancel | Fault
Schedule = tuple[Deviation, ...]
"""The deviations of a schedule; empty for asyncio's own order."""

_SAFE = "/:#.()[]<=;*~"
_FAULT = re.compile(r"fault:([^,@>]+)@([1-9]\d*)(?:=(\w+))?")
_ONE = re.compile(r"(hold|cancel):([^,@>]+)@([1-9]\d*)(\+?)(?:>([^,@>]+)@([1-9]\d*))?")


def text_of(schedule: Iterable[Deviation]) -> str:
    """A schedule in one line; `schedule_from` reads it."""
    return ",".join(map(str, schedule))


def schedule_from(text: str) -> Schedule:
    """Reads a schedule; raises ValueError if the text is not one."""
    if not isinstance(text, str):
        raise TypeError(f"a schedule is a str such as 'hold:saver@2', not {text!r}")
    return tuple(_read(each.strip(), text) for each in text.split(",") if each.strip())


def _read(one: str, text: str) -> Deviation:
    parts = _FAULT.fullmatch(one)
    if parts is not None:
        return Fault(unquote(parts[1]), int(parts[2]), parts[3] or "")
    parts = _ONE.fullmatch(one)
    if parts is not None:
        kind, task, step, asleep, other, other_step = parts.groups()
        if kind == "hold" and not asleep:
            until = (unquote(other), int(other_step)) if other else None
            return Hold(unquote(task), int(step), until)
        if kind == "cancel" and not other:
            return Cancel(unquote(task), int(step), bool(asleep))
    raise ValueError(
        f"{one!r} in the schedule {text!r} is none of hold:TASK@STEP, hold:TASK@STEP>TASK@STEP, "
        "cancel:TASK@STEP, cancel:TASK@STEP+, fault:CALL@USE, fault:CALL@USE=ERROR"
    )


def _key_text(task: str, step: int) -> str:
    return f"{quote(task, _SAFE)}@{step}"
