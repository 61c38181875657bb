"""A failure of ours shows the line of the test to runners that show source, and none of our own frames.

unittest leaves out the frames of code that calls itself `__unittest`, and prints the message alone. pytest
does so as well if any other frame is left (`_traceback_filter`, src/_pytest/unittest.py), and else shows all.
"""

from __future__ import annotations

import os  # live: pytest says there what it runs
from typing import NoReturn

from ..exceptions import LeakError
from .guarded import Guarded

__all__ = ["fail"]

__unittest = True


def fail(guard: Guarded, error: AssertionError, cause: BaseException | None = None) -> NoReturn:
    """Raises the failure of a test, or of a block, which has a frame of the user's anyway."""
    if "PYTEST_CURRENT_TEST" in os.environ and guard.code.is_of_test:
        file, first = guard.source
        name = guard.subject.partition("[")[0].rpartition(".")[2].rpartition("::")[2]
        # The lines of code count from its first.
        source = "\n" * (_line(error, file, name, first) - first) + "raise error from cause"
        code = compile(source, file, "exec").replace(co_name=name, co_firstlineno=first)
        exec(code, {"error": error, "cause": cause})
    try:
        raise error from cause
    finally:
        del error, cause  # or this frame, which they show, would have them in turn: a cycle


def _line(error: AssertionError, file: str, name: str, first: int) -> int:
    """The line of the test that made the first leak, or its first."""
    leaks = error.leaks if isinstance(error, LeakError) else ()
    places = (place for leak in leaks for place in leak.created_at[:1])
    return next((p.line for p in places if (p.file, p.function) == (file, name) and p.line >= first), first)
