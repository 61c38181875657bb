"""Which exceptions are the program's legitimate answer to a call that the schedule made to fail."""

from __future__ import annotations

import re
from asyncio import CancelledError
from collections.abc import Collection
from types import TracebackType

from ..cpython import step_internals
from ..exceptions import LeakError, ScriptError
from ..leaks.kinds.exceptions import one_line
from ..stacks.code_owners import is_machinery, library
from .faults import Raised

__all__ = ["is_answer", "is_answer_left_behind"]


def is_answer(error: BaseException, raised: Collection[Raised]) -> bool:
    """Whether an exception that came out of the test is only an answer to the failed calls.

    Answers are: the injected exception itself; one raised `from` it; one that a `raise` in the user's code
    raised while handling it, or in a function that made the call, unless it is an assertion; and a
    ScriptError, as nothing was scripted for the calls that followed. An assertion is one only if it came out
    of a `with` such as `assertRaises`, which the injected exception met by accident. An error in the handler
    (AttributeError, a lock that is not held) is no answer.
    """
    return bool(raised) and _is_answer(error, raised, frozenset())


def _is_answer(error: BaseException, raised: Collection[Raised], above: frozenset[int]) -> bool:
    """The same; `above`: the ids of exceptions on the way here, as `raise error from error` is a cycle."""
    above |= {id(error)}
    if members := _members(error):
        return all(id(each) in above or _is_answer(each, raised, above) for each in members)
    if isinstance(error, ScriptError | CancelledError) or any(error is each.error for each in raised):
        return True
    cause, context = error.__cause__, error.__context__
    if cause is not None and id(cause) not in above:
        return _is_answer(cause, raised, above)
    is_handling = context is not None and id(context) not in above and _is_answer(context, raised, above)
    last = _innermost(error)
    if isinstance(error, AssertionError):
        return is_handling and type(error) is AssertionError and _came_out_of_a_context(error)
    if (
        last is None
        or not step_internals.is_raised_by_statement(last)
        or library[last.tb_frame.f_code.co_filename]
    ):
        return False
    return is_handling or any(last.tb_frame.f_code in each.through for each in raised)


def _members(error: BaseException) -> tuple[BaseException, ...]:
    """The members of an exception group; `exceptions` of other classes can be anything."""
    members = getattr(error, "exceptions", ())
    is_group = isinstance(members, tuple) and all(isinstance(each, BaseException) for each in members)
    return members if is_group else ()


def is_answer_left_behind(error: BaseException, raised: Collection[Raised]) -> bool:
    """Whether all leaks are such exceptions that were never retrieved, of tasks or callbacks.

    A leak has only text, so any exception class of a module outside builtins and asyncio counts as an answer.
    """
    if not isinstance(error, LeakError):
        return False
    texts = [one_line(each.error) for each in raised]
    return all(
        leak.kind in ("exception", "callback")
        and (any(text in leak.description for text in texts) or _OWN_CLASS.search(leak.description))
        for leak in error.leaks
    )


_OWN_CLASS = re.compile(r": (?!asyncio\.)\w+(\.\w+)+(:|$)")


def _innermost(error: BaseException) -> TracebackType | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _came_out_of_a_context(error: BaseException) -> bool:
    """Whether a context manager of unittest's or of this package's raised it at the end of its block."""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_name in ("__exit__", "__aexit__") and is_machinery(code.co_filename):
            return True
        trace = trace.tb_next
    return False
