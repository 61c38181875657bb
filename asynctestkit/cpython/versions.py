"""The differences between the supported versions of Python: every version test of the package, named."""

from __future__ import annotations

import importlib
import inspect
import sys
import unittest
from typing import TYPE_CHECKING, Any

from .originals import os

__all__ = [
    "HAS_RUNNER",
    "OBJECTS_OF_A_TEST",
    "ON_WINDOWS",
    "CancelRequest",
    "Note",
    "RunnerHooks",
    "add_note",
    "add_note_to_failure",
    "debugger_is_registered",
    "exception_group_type",
    "lock_file",
    "mark_coroutine_function",
    "uncancel",
]

HAS_RUNNER = sys.version_info >= (3, 11)
"""`asyncio.Runner` exists, tasks take a context, and IsolatedAsyncioTestCase is built on both."""

OBJECTS_OF_A_TEST = 60 if sys.version_info < (3, 11) else 49 if sys.version_info < (3, 14) else 56
"""The objects at the end of an empty test, with the dictionary of tasks, which is new after a collection."""

_Plain: Any = unittest.IsolatedAsyncioTestCase

ON_WINDOWS = sys.platform == "win32"
"""The default loop is the proactor's, and signals cannot be sent to a thread."""


def add_note(error: BaseException, note: str) -> None:
    """PEP 678's `add_note`. Before 3.11, which prints no notes, it is also the exception's cause.

    A Note then ends the chain that is printed; the exception's own message does not change.
    """
    if sys.version_info >= (3, 11):  # from 3.11
        error.add_note(note)
    else:  # before 3.11
        error.__notes__ = [*getattr(error, "__notes__", ()), note]
        chain: list[BaseException] = []
        before: BaseException | None = error
        while before is not None and before not in chain:  # it may lead back to itself
            chain.append(before)
            before = before.__cause__ or (None if before.__suppress_context__ else before.__context__)
        chain[-1].__cause__ = Note(note)


class Note(Exception):
    """Before 3.11: a note, which Python prints above its exception."""


def add_note_to_failure(error: BaseException, note: str) -> None:
    """As `add_note`, for an exception that has failed a test, and whose message is not compared any more.
    Before 3.11 the note is appended to a message that is the exception's only argument.
    """
    if sys.version_info < (3, 11) and error.args == (str(error),):  # before 3.11
        error.args = (f"{error}\n{note}",)
    else:  # from 3.11
        add_note(error, note)


def lock_file(path: os.PathLike[str]) -> int | None:
    """Locks a file, creating it if need be, until the returned descriptor is closed or the process ends.
    Returns None if another process has the lock or the file cannot be opened. A created file is writable for
    all users, so that each can lock it. On Windows, which has no such locks, every caller gets a descriptor.
    """
    try:
        descriptor = _open_for_everybody(path)
    except (PermissionError, FileExistsError):  # another user's, or created just now by another process
        return None
    if sys.platform != "win32":  # pragma: no branch  # the suite runs on Linux
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
    return descriptor


def _open_for_everybody(path: os.PathLike[str]) -> int:
    try:
        # Not with O_CREAT, which Linux refuses for another's file where all may write (protected_regular).
        return os.open(path, os.O_RDWR)
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if sys.platform != "win32":  # pragma: no branch  # the suite runs on Linux
            os.fchmod(descriptor, 0o666)  # whatever the umask
        return descriptor


def uncancel(task: Any) -> None:
    """Takes one cancellation request back; before 3.11 Python does not count them."""
    if sys.version_info >= (3, 11):  # from 3.11
        task.uncancel()


if sys.version_info >= (3, 11):  # from 3.11

    class CancelRequest:
        """The caller's requests to cancel a task, apart from those of others, counted as by asyncio.timeout.

        Created before the code that may have to be cancelled, and withdrawn in any case when that ends.
        """

        def __init__(self, task: Any) -> None:
            self.task = task
            self._before = task.cancelling()
            self.times = 0
            """How often `make` was called."""

        def make(self) -> None:
            """Cancels the task; called in the loop, while the task waits."""
            self.times += 1
            self.task.cancel()

        def withdraw(self, known: int = 0) -> bool:
            """Takes the requests back; returns whether others asked more than the `known` number of times."""
            for _ in range(self.times):
                self.task.uncancel()
            return bool(self.task.cancelling() > self._before + known)

else:  # before 3.11

    class CancelRequest:
        """The caller's requests to cancel a task, apart from those of others, on a Python that counts none.

        `cancel` is shadowed on the task itself, to see the requests of others. One that came before the first
        request of the caller counts only if the task has not been cancelled by then: otherwise it is over.
        """

        _being_cancelled: set[Any] = set()

        def __init__(self, task: Any) -> None:
            self.task = task
            self._was_cancelled = False
            self._others_requested = False
            self._cancel = task.cancel
            self.times = 0
            task.cancel = self._cancel_and_record

        def make(self) -> None:
            """Cancels the task; called in the loop, while the task waits."""
            self.times += 1
            self._being_cancelled.add(self.task)
            self.task.cancel()
            self._being_cancelled.discard(self.task)

        def withdraw(self, known: int = 0) -> bool:
            """Takes the requests back; returns whether others asked too, other than through this class."""
            if isinstance(self._cancel.__self__, CancelRequest):
                self.task.cancel = self._cancel  # of the request around this one
            else:
                del self.task.cancel
            return self._others_requested if self.times else self._was_cancelled

        def _cancel_and_record(self, msg: Any = None) -> bool:
            accepted = bool(self._cancel(msg=msg))
            if self.task not in self._being_cancelled:
                self._others_requested = self._was_cancelled = True
                if not self.times:
                    # After the step that cancels the task.
                    self.task.get_loop().call_soon(self._discard_earlier_requests)
            return accepted

        def _discard_earlier_requests(self) -> None:
            if not self.times:
                self._others_requested = False


def exception_group_type() -> type[BaseException] | None:
    """`BaseExceptionGroup`; before 3.11 that of the `exceptiongroup` backport, or None without it."""
    if sys.version_info >= (3, 11):  # from 3.11
        return BaseExceptionGroup  # noqa: F821  # ruff reads this as 3.10
    else:  # before 3.11
        try:
            return importlib.import_module("exceptiongroup").BaseExceptionGroup
        except ModuleNotFoundError:
            return None


def debugger_is_registered() -> bool:
    """Whether a debugger has announced itself to `sys.monitoring` (PEP 669), which exists from 3.12."""
    if sys.version_info >= (3, 12):  # from 3.12
        return sys.monitoring.get_tool(sys.monitoring.DEBUGGER_ID) is not None
    return False  # before 3.12


def mark_coroutine_function(function: Any) -> Any:
    """Makes `inspect.iscoroutinefunction` True for a plain function; not possible before 3.12."""
    if sys.version_info >= (3, 12):  # from 3.12
        return inspect.markcoroutinefunction(function)
    return function  # before 3.12


if sys.version_info >= (3, 11) and not TYPE_CHECKING:  # from 3.11

    class RunnerHooks:
        """IsolatedAsyncioTestCase has the hooks already."""

else:  # before 3.11

    class RunnerHooks(unittest.IsolatedAsyncioTestCase if TYPE_CHECKING else object):  # type: ignore[misc]  # a mixin
        """Gives 3.10's IsolatedAsyncioTestCase the hooks of 3.11: `_setupAsyncioRunner` and `_asyncioRunner`.

        For a class that overrides `_setupAsyncioLoop`, nothing changes.
        """

        _asyncioTestLoop: Any
        _asyncioRunner: Any = None
        _asyncioTestContext: Any = None

        def _setupAsyncioRunner(self) -> None: ...

        def _tearDownAsyncioRunner(self) -> None: ...

        def _setupAsyncioLoop(self) -> None:
            inherited: Any = super()._setupAsyncioLoop
            if inherited.__func__ is not _Plain._setupAsyncioLoop:
                inherited()
                return
            self._setupAsyncioRunner()

        def _tearDownAsyncioLoop(self) -> None:
            if self._asyncioRunner is None and self._asyncioTestLoop is not None:
                super()._tearDownAsyncioLoop()
            self._tearDownAsyncioRunner()
            self._asyncioTestLoop = None

        def _callAsync(self, func: Any, /, *args: Any, **kwargs: Any) -> Any:
            if self._asyncioRunner is None:
                return super()._callAsync(func, *args, **kwargs)
            return self._asyncioRunner.run(func(*args, **kwargs))

        def _callMaybeAsync(self, func: Any, /, *args: Any, **kwargs: Any) -> Any:
            if self._asyncioRunner is None:
                return super()._callMaybeAsync(func, *args, **kwargs)
            result = func(*args, **kwargs)
            return self._asyncioRunner.run(result) if inspect.isawaitable(result) else result
