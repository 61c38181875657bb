"""The exceptions and warnings that a user of the package can meet.

    AssertionError
      ├── LeakError             a test left something behind
      ├── DeadlineError         a phase of a test, or a guarded block, exceeded its deadline
      ├── BlockedLoopError      a callback held the loop for longer than `blocking_threshold`
      ├── DeadlockError         nothing could ever wake a phase of a test any more
      ├── RunawayError          a phase of a test drove the virtual clock past its limit, or spun for ever
      ├── StaleAllowanceError   an `@allow_leaks` on a test matched nothing
      ├── UnnamedTaskError      a test that requires names started a task without one
      └── ScriptError           a mock was used otherwise than scripted
            ├── MissingTargetError  `patchAsync` found no such name; an AttributeError, too
            └── NotAsyncError       … or nothing to await there; a TypeError, too
    UserWarning
      └── LeakWarning           a leak that must not change the outcome of its test

All failures derive from AssertionError, so that unittest counts them as FAIL, not as ERROR.
"""

from __future__ import annotations

from .leaks.leak import Leak

__all__ = [
    "BlockedLoopError",
    "DeadlineError",
    "DeadlockError",
    "LeakError",
    "LeakWarning",
    "MissingTargetError",
    "NotAsyncError",
    "RunawayError",
    "ScriptError",
    "StaleAllowanceError",
    "UnnamedTaskError",
]


class LeakError(AssertionError):
    """A test left something behind.

    The message is the report; `leaks` are the same leaks as frozen values, in the order of the report. They
    hold text only, no task, frame or exception of the test.
    """

    def __init__(self, message: str, leaks: tuple[Leak, ...] = ()) -> None:
        super().__init__(message)
        self.leaks = leaks


class DeadlineError(AssertionError):
    """A phase of a test exceeded its `deadline`, in wall seconds, and was cancelled or interrupted.

    If the code under test then ended with an exception of its own, that is the `__cause__`.
    """


class BlockedLoopError(AssertionError):
    """A callback held the loop for more than `blocking_threshold` wall seconds.

    The message has the stack that was taken meanwhile, and how much of the time was spent on computing.
    """


class DeadlockError(AssertionError):
    """Nothing could ever wake a phase of a test any more, on either clock: it was cancelled.

    No callback was ready, no timer set, no descriptor watched, no thread or child at work, and no signal
    handler of the user's installed.
    """


class RunawayError(AssertionError):
    """A phase of a test made no progress on the virtual clock, and was cancelled.

    Either `clock.limit` was reached, or tasks kept the loop turning while no time passed.
    """


class StaleAllowanceError(AssertionError):
    """An `@allow_leaks` on a test method matched no leak: the exemption has outlived its reason."""


class UnnamedTaskError(AssertionError):
    """With `require_task_names`: tasks were started that only have the name that asyncio gave them."""


class ScriptError(AssertionError):
    """A mock was used otherwise than scripted: an unknown route, a call too many, a patch of no effect."""


class MissingTargetError(ScriptError, AttributeError):
    """There is no attribute of that name to patch."""


class NotAsyncError(ScriptError, TypeError):
    """The attribute to be patched is not a coroutine function."""


class LeakWarning(UserWarning):
    """A leak that fails no test: `on_leak = "warn"`, or the test had already failed or skipped itself."""
