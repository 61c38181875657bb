"""Activity outside of the loop that could still wake it: threads, other processes, signals."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from types import ModuleType

from ...cpython import executor_internals, interpreter, process_internals
from ...cpython.definitions import names_in
from ...cpython.originals import os, signal, threading
from .busy_threads import busy_threads, is_alone
from .linux import child_numbers, thread_count

__all__ = [
    "has_alarm",
    "has_children",
    "has_users_signal_handler",
    "may_have_unseen_threads",
    "what_is_at_work",
]


def what_is_at_work(spared: Sequence[str] = ()) -> list[str]:
    """What may wake the loop, in words; threads whose names match `spared` do not count."""
    found = [f"thread {each.name!r}" if each.name else "a thread" for each in busy_threads(spared)]
    found = sorted(dict.fromkeys(found))
    found += ["a child process"] * has_children()
    found += ["an alarm that is set"] * has_alarm()
    return found


def may_have_unseen_threads() -> bool:
    """Whether there may be threads that cannot be listed, such as those of a library in C or Rust.

    They may call into Python at any time. Linux shows the threads of a process. Elsewhere, a compiled module
    that is not of the standard library may have started some.
    """
    if is_alone() or thread_count() is not None:
        return False
    return any(_is_foreign_code(module) for module in tuple(sys.modules.values()))


def _is_foreign_code(module: ModuleType) -> bool:
    spec = names_in(module).get("__spec__")
    if type(spec) is not ModuleSpec or not isinstance(spec.loader, ExtensionFileLoader):
        return False
    return spec.name.partition(".")[0] not in sys.stdlib_module_names


def has_children() -> bool:
    """Whether there are processes that this one has started: running, or ended and not yet waited for.

    Helper processes of `multiprocessing`, and those of a pool without a job, do not count if the system can
    list the children.
    """
    started = process_internals.started_by_multiprocessing()
    is_parent = _has_direct_children()
    if not started and not is_parent:
        return False
    spared = process_internals.helpers_of_multiprocessing()
    for thread in threading.enumerate():
        if executor_internals.is_jobless_manager(thread):
            spared |= executor_internals.managed_processes(thread)
    if not started <= spared:
        return True
    children = child_numbers() if spared else set()
    return is_parent and not (children and children <= spared)


def _has_direct_children() -> bool:
    if not hasattr(os, "waitid"):  # pragma: no cover  # Windows, and macOS before 3.13
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def has_alarm() -> bool:
    """Whether a timer is set that will send the process a signal, except pytest-timeout's."""
    if not hasattr(signal, "getitimer"):  # Windows
        return False
    is_set = signal.getitimer(signal.ITIMER_REAL)[0] > 0
    return is_set and not _is_of_pytest_timeout(interpreter.signal_handler(signal.SIGALRM))


def has_users_signal_handler() -> bool:
    """Whether a handler is installed that is written in Python, and is neither unittest's nor ours."""
    handlers = (interpreter.signal_handler(number) for number in _SIGNALS)
    return any(callable(handler) and not _is_installed_for_tests(handler) for handler in handlers)


def _is_installed_for_tests(handler: object) -> bool:
    """Exempt: Python's default handler for SIGINT, and the handlers that test runners install."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    module = getattr(handler, "__module__", None) or type(handler).__module__
    is_runners = module in ("_signal", "signal", "unittest.signals") or _is_of_pytest_timeout(handler)
    return is_runners or str(module).startswith(_OWN)


def _is_of_pytest_timeout(function: object) -> bool:
    return getattr(function, "__module__", None) == "pytest_timeout"


_SIGNALS = sorted(map(int, signal.valid_signals()))
_OWN = __name__.partition(".")[0] + "."
