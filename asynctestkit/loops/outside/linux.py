"""What Linux shows of this process: its children, its threads, and what those are doing; see proc(5)."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ...cpython.originals import os, time

__all__ = [
    "child_numbers",
    "has_started_before",
    "seconds_since_boot",
    "thread_count",
    "thread_numbers",
    "waiting_for_others",
]

_TASKS = "/proc/self/task"
_MOST_LISTINGS = 10
_CHUNK_SIZE = 1024
_FUTEX = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "ppc64le": 221, "s390x": 238}.get(
    os.uname().machine if hasattr(os, "uname") else ""
)
"""The number of the system call by which a thread waits for another: futex(2)."""
_PRIVATE, _COMMANDS = 0x80, 0x7F
_WAIT_BITSET = 9
"""The command by which glibc waits for a semaphore or a condition, so Python for each of its locks.

Its mutexes use FUTEX_WAIT instead: a thread that computes waits for the interpreter's at times, when it
hands over the GIL, and goes on by itself. musl has FUTEX_WAIT for all of them: no thread is waiting there.
"""


def thread_count() -> int | None:
    """How many threads there are, including those that Python does not know; None if that is not known."""
    try:
        return os.stat(_TASKS).st_nlink - 2  # "." and ".."
    except OSError:  # no Linux
        return None


def thread_numbers() -> set[int] | None:
    """The threads' numbers, as of `threading.get_native_id()`; None if they are not known.

    A listing misses threads that live on while others end (`proc_task_readdir`, fs/proc/base.c in Linux): it
    counts once the next one is the same, and has as many as there are. If others keep ending, those of all
    listings count.
    """
    found: set[int] = set()
    before: set[int] = set()
    for _ in range(_MOST_LISTINGS):
        try:
            listed = set(map(int, os.listdir(_TASKS)))
        except OSError:  # no Linux
            return None
        if listed == before and len(listed) == thread_count():
            return listed
        before = listed
        found |= listed
    return found


def seconds_since_boot() -> float:
    """The time now, on the clock by which threads start; 0.0 on other systems."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else 0.0


def has_started_before(number: int, moment: float) -> bool:
    """Whether a thread is certain to have started before a moment of `seconds_since_boot`.

    The system counts in ticks of some 10 ms, and some sandboxes do not count at all: that is not certain.
    """
    try:
        fields = _read(f"{_TASKS}/{number}/stat").rpartition(b") ")[2].split()
    except OSError:  # it has ended, or this is no Linux
        return False
    ticks = int(fields[_STARTED]) if len(fields) > _STARTED else 0
    return bool(ticks) and (ticks + 1) / os.sysconf("SC_CLK_TCK") < moment


_STARTED = 19
"""`starttime` of proc(5), the 22nd field, counted from the one after the name."""


def child_numbers() -> set[int]:
    """The identifiers of the processes that this one has started, and not yet waited for.

    Empty if they are not known, as when a thread ends meanwhile, and its list with it.
    """
    try:
        lists = [_read(f"{_TASKS}/{thread}/children") for thread in os.listdir(_TASKS)]
    except OSError:
        return set()
    return {int(number) for listed in lists for number in listed.split()}


def waiting_for_others(numbers: Collection[int]) -> set[int]:
    """The threads among these that wait, without a timeout, for what only another thread here can do.

    That is a lock, an event, a condition, a queue: until another thread acts, they cannot do anything. There
    was a moment at which all of them waited: a thread counts only if it has not run between two inspections,
    each of which covered all of them.
    """
    before = {number: _look_at(number) for number in numbers}
    waiting = {number for number, look in before.items() if look.is_waiting}
    return {number for number in waiting if _look_at(number) == before[number]}


class _Look(NamedTuple):
    """What a thread is doing."""

    call: bytes
    """The system call that it is in, with its arguments."""
    state: bytes
    """S if it sleeps. A thread that was woken and has no processor yet is still in its call."""
    run: bytes
    """How long it has run so far, and how often: read last, so that the other values are not newer."""

    @property
    def is_waiting(self) -> bool:
        """Whether it is in `futex(address, operation, value, timeout, …)`, within this process, for ever."""
        words = self.call.split()
        if self.state != b"S" or len(words) < 5 or words[0] != str(_FUTEX).encode():
            return False
        operation, timeout = int(words[2], 16), int(words[4], 16)
        return bool(operation & _PRIVATE) and operation & _COMMANDS == _WAIT_BITSET and not timeout


def _look_at(number: int) -> _Look:
    """What a thread is doing; all values are empty if it has ended."""
    try:
        call = _read(f"{_TASKS}/{number}/syscall")
        state = _read(f"{_TASKS}/{number}/stat").rpartition(b") ")[2][:1]
        return _Look(call, state, _read(f"{_TASKS}/{number}/schedstat"))
    except OSError:
        return _Look(b"", b"", b"")


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        parts = [os.read(descriptor, _CHUNK_SIZE)]
        while len(parts[-1]) == _CHUNK_SIZE:
            parts.append(os.read(descriptor, _CHUNK_SIZE))
    finally:
        os.close(descriptor)
    return b"".join(parts)
