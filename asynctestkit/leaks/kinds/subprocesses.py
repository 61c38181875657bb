"""Child processes that are still running."""

from __future__ import annotations

import contextlib
import shlex
from typing import Any

from ...cpython import process_internals
from ...cpython.originals import asyncio, os, subprocess, time
from ...cpython.wall import wall_time
from ...stacks.places import resolve
from ..census.origins import is_of_the_library, origins
from ..detector import LeakDetector
from ..leak import Leak

__all__ = ["SubprocessLeaks", "is_running_child"]

_PATIENCE = 0.3
"""Wall seconds that a child gets to end after SIGTERM, and again after SIGKILL."""


class SubprocessLeaks(LeakDetector):
    """Child processes that are still running: asyncio's, and those of `subprocess.Popen`."""

    kind = "subprocess"
    types = (subprocess.Popen, process_internals.SUBPROCESS_TRANSPORT)
    may_outlive_tests = True

    def examine(self, obj: subprocess.Popen[Any] | asyncio.SubprocessTransport) -> Leak | None:
        child = obj if isinstance(obj, subprocess.Popen) else process_internals.popen_of(obj)
        waits = "process.wait()" if child is obj else "await process.wait()"
        origin = origins.of(child)
        if child is None or origin is None or origin.is_of_a_module:
            return None
        if (child is obj and is_of_the_library(origin)) or _has_ended(obj):
            return None
        return Leak(
            kind=self.kind,
            name=_command(child),
            description=f"still running, as process {child.pid}",
            phase=origin.site[0],
            created_at=resolve(origin.site),
            remedy=f"process.terminate(), if it does not end by itself; {waits}",
        )

    def is_ending(self, obj: subprocess.Popen[Any] | asyncio.SubprocessTransport) -> bool:
        """True while the child runs: any child may end by itself."""
        return self.examine(obj) is not None

    def release(self, obj: subprocess.Popen[Any] | asyncio.SubprocessTransport) -> None:
        """Terminates the child, or kills it. asyncio reaps its own children."""
        if isinstance(obj, subprocess.Popen):
            obj.terminate()
            if not _ends(obj):
                obj.kill()
                _ends(obj)
            for pipe in (obj.stdin, obj.stdout, obj.stderr):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):  # what was not written yet
                        pipe.close()
            return
        child = process_internals.popen_of(obj)
        if child is not None and not process_internals.has_ended(child.pid):
            child.terminate()
            until = wall_time() + _PATIENCE
            while not process_internals.has_ended(child.pid):
                if wall_time() > until:
                    child.kill()
                    break
                time.sleep(0.001)

    def is_gone(self, obj: subprocess.Popen[Any] | asyncio.SubprocessTransport) -> bool:
        """Whether asyncio has reaped the child, and its transport has lost its pipes."""
        if isinstance(obj, subprocess.Popen):
            return True
        if obj.get_returncode() is not None:
            obj.close()  # a grandchild may hold the pipes open; closing earlier would reap the child
        return process_internals.popen_of(obj) is None


def is_running_child(thing: object) -> bool:
    """Whether this is a Popen whose child runs: Python keeps a dropped one until the child has ended."""
    return isinstance(thing, subprocess.Popen) and not process_internals.has_ended(thing.pid)


def _has_ended(thing: subprocess.Popen[Any] | asyncio.SubprocessTransport) -> bool:
    """Reaps a plain child. asyncio reaps its own: polling those here would take their exit status away."""
    if isinstance(thing, subprocess.Popen):
        return thing.poll() is not None
    return thing.get_returncode() is not None


def _ends(child: subprocess.Popen[Any]) -> bool:
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        return False
    return True


def _command(child: subprocess.Popen[Any]) -> str:
    arguments = child.args
    if isinstance(arguments, list | tuple):
        return shlex.join(_text(each) for each in arguments)
    return _text(arguments)


def _text(argument: Any) -> str:
    return os.fsdecode(argument)
