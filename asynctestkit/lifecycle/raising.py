"""Raising failures that show the test's line to runners that print source, and none of our own frames.

unittest leaves out the frames of modules with `__unittest`, and prints the message alone. pytest does so as
well if any other frame is left (`_traceback_filter`, src/_pytest/unittest.py), and else shows all.
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
        # The line numbers of the code start at `first`.
        source = "\n" * (_line(error, file, name, first) - first) + "raise error from cause"
        code = compile(source, file, "exec").replace(co_name=name, co_firstlineno=first)
        exec(code, {"error": error, "cause": cause})
    try:
        raise error from cause
    finally:
        del error, cause  # or this frame, which their traceback holds, would hold them: a cycle


def _line(error: AssertionError, file: str, name: str, first: int) -> int:
    """The test's line that created the first leak, or the test's first line."""
    leaks = error.leaks if isinstance(error, LeakError) else ()
    places = (place for leak in leaks for place in leak.created_at[:1])
    return next((p.line for p in places if (p.file, p.function) == (file, name) and p.line >= first), first)
