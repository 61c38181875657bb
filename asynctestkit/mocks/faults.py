"""Where scripted calls can fail otherwise than scripted: in a run that explores what happens then.

What a loop has for `asynctestkit_faults` decides. Other loops do not have it, and then nothing happens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, Protocol

from ..cpython import loop_internals
from ..cpython.mock_internals import forget_call, mock_call_in
from ..stacks.code_owners import is_machinery

__all__ = ["LOST", "Errors", "FaultSource", "Raisable", "connection_lost", "explored_faults", "may_fail"]

__unittest = True

_ATTRIBUTE = "asynctestkit_faults"

Raisable = BaseException | type[BaseException]
Errors = Callable[[], Sequence[Raisable]]
"""Makes the errors that a call can fail with, the likeliest first."""

LOST = "the connection was lost, as the explored schedule demands"
"""What errors say that are not the test's own."""


def connection_lost() -> Sequence[Raisable]:
    """What anything asynchronous can fail with: it has a peer, as a rule, and that goes away."""
    return (ConnectionError(LOST),)


class FaultSource(Protocol):
    """Decides which calls fail."""

    def use(self, of: object, name: str, errors: Errors) -> BaseException | None:
        """One more call of what is called `name`, on an object of the mocks'; what it is to fail with."""

    def enter(self, context: object) -> None:
        """A context of the mocks' was entered."""

    def leave(self, context: object) -> None:
        """It is left."""


def explored_faults() -> FaultSource | None:
    """What decides in this run; None where no call fails."""
    faults: FaultSource | None = getattr(loop_internals.running_loop(), _ATTRIBUTE, None)
    return faults


def may_fail(of: object, name: str, errors: Errors, take_back: Callable[[], object] | None = None) -> None:
    """A scripted call that would succeed now: raises in its place where that is explored.

    Such a call is none to the mocks: their records do not have it, and `take_back` undoes what else it has
    changed, so that the next call gets what was scripted for this one.
    """
    faults = explored_faults()
    error = None if faults is None else faults.use(of, name, errors)
    if error is None:
        return
    for call in _mock_calls(sys._getframe(1)):
        forget_call(*call)
    if take_back is not None:
        take_back()
    raise error


def _mock_calls(frame: FrameType | None) -> Iterator[tuple[Any, tuple[Any, ...], dict[str, Any]]]:
    """The mocks that are being awaited between the user's line and this frame."""
    while frame is not None and frame.f_code is not loop_internals.RUN_CALLBACK:
        if not is_machinery(frame.f_code.co_filename) and frame.f_code.co_filename != "<string>":
            return
        call = mock_call_in(frame)
        if call is not None:
            yield call
        frame = frame.f_back
