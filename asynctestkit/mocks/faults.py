"""Fault injection: in an explored run, a scripted call may fail instead of doing what was scripted.

The attribute `asynctestkit_faults` of the running loop decides which calls fail; on other loops none do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, Protocol

from ..cpython import loop_internals
from ..cpython.mock_internals import forget_call, mock_call_in
from ..stacks.code_owners import is_machinery

__all__ = [
    "LOST",
    "Errors",
    "FaultSource",
    "Raisable",
    "connection_lost",
    "explored_faults",
    "injected_error",
    "may_fail",
]

__unittest = True

_ATTRIBUTE = "asynctestkit_faults"

Raisable = BaseException | type[BaseException]
Errors = Callable[[], Sequence[Raisable]]
"""A function that makes the errors a call can fail with, the likeliest first."""

LOST = "the connection was lost, as the explored schedule demands"
"""The message of errors that the test has not scripted itself."""


def connection_lost() -> Sequence[Raisable]:
    """The default errors of an asynchronous call: it usually has a peer, whose connection can be lost."""
    return (ConnectionError(LOST),)


class FaultSource(Protocol):
    """Decides which calls fail."""

    def use(self, of: object, name: str, errors: Errors, method: str = "") -> BaseException | None:
        """Registers a call of `name`, or of a method of it, on an object behind a mock.

        Returns the error to fail with, or None.
        """

    def enter(self, context: object) -> None:
        """Registers that a context of a mock was entered."""

    def leave(self, context: object) -> None:
        """Registers that it was left."""


def explored_faults() -> FaultSource | None:
    """The fault source of this run; None if no call fails."""
    faults: FaultSource | None = getattr(loop_internals.running_loop(), _ATTRIBUTE, None)
    return faults


def injected_error(of: object, name: str, errors: Errors, method: str = "") -> BaseException | None:
    """Called by a scripted call that is about to succeed; the error to raise instead, or None."""
    faults = explored_faults()
    return None if faults is None else faults.use(of, name, errors, method)


def may_fail(of: object, name: str, errors: Errors, take_back: Callable[[], object] | None = None) -> None:
    """Called by a scripted call that is about to succeed; raises if the explored run makes it fail.

    The mocks then count the call as not made: it is removed from their records, and `take_back` undoes what
    else it changed, so that the next call gets what was scripted for this one.
    """
    error = injected_error(of, name, errors)
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
