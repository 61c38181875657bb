"""The scripted calls of a run, and which of them the schedule makes fail."""

from __future__ import annotations

import sys
import weakref
from collections import Counter
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..cpython import loop_internals, task_internals
from ..mocks.calls import calling_line
from ..mocks.faults import Errors, Raisable
from ..stacks.await_chain import AwaitChain
from ..stacks.code_owners import library
from .deviations import Fault, Schedule, StepKey
from .held import HeldContexts
from .records import Applied
from .steps import StepQueue

__all__ = ["Faults", "Raised"]


class Raised(NamedTuple):
    """An injected exception."""

    error: BaseException
    through: frozenset[CodeType]
    """The user's functions on the stack of its task when it was raised."""


class Faults(HeldContexts):
    """Records the scripted calls of a run, and makes those fail that the schedule names.

    Of several mocks with the same name, the second to be called is "name#2", its method "name#2.method".
    """

    def __init__(self, schedule: Schedule, steps: StepQueue) -> None:
        super().__init__()
        self.possible: list[Fault] = []
        """All faults that could have been injected into the calls made."""
        self.raised: list[Raised] = []
        self._faults = {(each.call, each.use): each for each in schedule if isinstance(each, Fault)}
        self._steps = steps
        self._names: dict[tuple[int, str], tuple[weakref.ref[Any], str]] = {}
        self._given: Counter[str] = Counter()
        self._uses: Counter[str] = Counter()

    def use(self, of: object, name: str, errors: Errors, method: str = "") -> BaseException | None:
        """Records a call of `name`, or of a method of it, on an object behind a mock.

        Returns the error to fail with, or None.
        """
        if not self._steps.is_watching:
            return None
        call = self._call(of, name) + (f".{method}" if method else "")
        self._uses[call] += 1
        use = self._uses[call]
        ways = {_class_name(each): each for each in errors()}
        first = next(iter(ways))
        self.possible += [Fault(call, use, "" if each == first else each) for each in ways]
        fault = self._faults.get((call, use))
        way = None if fault is None else ways.get(fault.error or first)
        if fault is None or way is None:
            return None
        error = way() if isinstance(way, type) else way.with_traceback(None)
        line = calling_line()
        chain = AwaitChain(() if line is None else (line,), "")
        self._steps.applied.append(Applied(fault, chain, type(error).__name__, self._step()))
        self.raised.append(Raised(error, _codes(sys._getframe(1))))
        return error

    def _call(self, of: object, name: str) -> str:
        known = self._names.get((id(of), name))
        if known is not None and known[0]() is of:
            return known[1]
        self._given[name] += 1
        call = name if self._given[name] == 1 else f"{name}#{self._given[name]}"
        self._names[id(of), name] = weakref.ref(of), call
        return call

    def _step(self) -> StepKey | None:
        task = task_internals.current_task()
        walker = self._steps.walker(task) if task is not None else None
        return None if walker is None else (walker.name, walker.taken)


def _class_name(error: Raisable) -> str:
    return (error if isinstance(error, type) else type(error)).__name__


def _codes(frame: FrameType | None) -> frozenset[CodeType]:
    codes = set()
    while frame is not None and frame.f_code is not loop_internals.RUN_CALLBACK:
        if not library[frame.f_code.co_filename]:
            codes.add(frame.f_code)
        frame = frame.f_back
    return frozenset(codes)
