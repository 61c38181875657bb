"""An assertion about cancellation: wherever code is cancelled, it ends so, and leaves nothing behind."""

from __future__ import annotations

import dataclasses
import random  # live: what the code under test draws from
import sys
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from ..assertions.failing import Failing, close
from ..assertions.wording import LET_THROUGH, shown
from ..cpython.originals import asyncio
from ..cpython.step_internals import id_of_test
from ..cpython.versions import add_note_to_failure
from ..exceptions import DeadlockError, RunawayError
from ..leaks.kinds.exceptions import one_line
from ..mocks.leftovers import not_given_back
from ..stacks.code_owners import innermost_user_frame
from ..stacks.rendering import render_chain
from .cancel_runs import MAIN, CancelRuns, RunResult, cancellations_of
from .deviations import STEPS_AFTER, Cancel
from .names import require_a_match
from .records import Applied

__all__ = ["CancelAssertions"]

__unittest = True

_MOST_RUNS, _MOST_RUNS_OF_ENDLESS = 1000, 100
_ANOTHER_LOOP = ("different event loop", "different loop")
_UNSET = "that nobody has set"
_BREAK = "\n"
_IN_MAKE_CORO = "create in make_coro what belongs to a loop: each run has a fresh one"


class CancelAssertions(Failing):
    """An assertion that a coroutine can be cancelled wherever it waits."""

    _asynctestkit_made: Sequence[Any] = ()

    async def assertCancelSafe(
        self,
        make_coro: Callable[[], Awaitable[Any]],
        *,
        check: Callable[[], Any] | None = None,
        swallow: bool = False,
        tasks: str | None = None,
        max_runs: int | None = None,
        msg: Any = None,
    ) -> None:
        """Runs what `make_coro()` returns repeatedly, cancelled at another place each time; fails at a fault.

        It is cancelled once before its first step, and at each place where it waits in two ways: when it
        begins to wait, and when it is about to continue, so that the result it waited for would be lost.
        Each run has a fresh loop on virtual time, and ends with a sweep; the test's own loop stands still
        meanwhile. Create in `make_coro` what belongs to a loop.

        A fault is: CancelledError does not come out (with `swallow`, it may return instead), something is
        left behind, a lock or mock is not given back, or `check()`, plain or async, raises after a run.
        `tasks` is a pattern for the names of tasks that it starts and that are cancelled as well, one at a
        time. At most `max_runs` runs, by default 1000, and 100 for code that never ends by itself.
        """
        if max_runs is not None:
            _check_runs(max_runs)
        if tasks is not None and not isinstance(tasks, str):
            raise TypeError(f"tasks must be a pattern for names, such as 'client-*', not {tasks!r}")
        if check is not None and not callable(check):
            close(check)
            raise TypeError(
                f"check must be a function, plain or async, that is called after each run, not {check!r}"
            )
        runs = self._cancelRuns(make_coro, check)
        before = random.getstate()
        try:
            await self._cancelEverywhere(runs, swallow, tasks, max_runs, msg)
        finally:
            random.setstate(before)

    async def _cancelEverywhere(
        self, runs: CancelRuns, swallow: bool, tasks: str | None, max_runs: int | None, msg: object
    ) -> None:
        first = await self._run(runs, Cancel(MAIN, max_runs or _MOST_RUNS, asleep=True))
        self._judgeFirst(first, msg)
        most = _MOST_RUNS_OF_ENDLESS if first.applied else _MOST_RUNS
        usual = set(first.held)
        require_a_match(tasks, {task for task, _ in first.trace} - {MAIN}, "no task that it starts")
        wanted = cancellations_of(first, lambda name: name == MAIN or fnmatchcase(name, tasks or MAIN))
        for number, cancellation in enumerate(islice(wanted, (max_runs or most) - 1), 2):
            ran = await self._run(runs, cancellation)
            if not ran.made and ran.error is not None:
                raise ran.error
            faults = self._faults(ran, usual, swallow, cancellation)
            if faults:
                text = "\n".join([*_headline(cancellation, ran.applied, number), *faults])
                is_in_text = isinstance(ran.error, (CancelledError, DeadlockError, RunawayError))
                self._failWith(msg, text, ran.check_error or (None if is_in_text else ran.error))

    async def _run(self, runs: CancelRuns, cancellation: Cancel) -> RunResult:
        made = self._asynctestkit_made
        try:
            ran = runs.run((cancellation,))
        finally:
            self._asynctestkit_made = made  # mocks made in a run are judged by that run
        await asyncio.sleep(0)  # lets the deadline and Ctrl-C act
        return ran

    def _judgeFirst(self, ran: RunResult, msg: object) -> None:
        """Fails if something goes wrong without a cancellation: that is no fault of cancelling."""
        is_cancelled = bool(ran.applied) or ran.was_stuck
        error = ran.error if not is_cancelled else None
        if error is not None:
            if _is_of_another_loop(error):
                add_note_to_failure(error, f"remedy: {_IN_MAKE_CORO}")
            raise error
        wrong = ran.check_error or ran.left
        if wrong is not None and not is_cancelled:
            what = "check() failed" if ran.check_error is not None else "something was left behind"
            self._failWith(
                msg,
                f"{what} after a run that was not cancelled at all:\n{_indented(wrong)}",
                ran.check_error,
            )

    def _cancelRuns(
        self, make_coro: Callable[[], Awaitable[Any]], check: Callable[[], Any] | None
    ) -> CancelRuns:
        if not callable(make_coro):
            close(make_coro)
            raise TypeError(
                f"assertCancelSafe takes a function that makes a coroutine, not {make_coro!r}: "
                "assertCancelSafe(lambda: fetch(…))"
            )
        caller = innermost_user_frame(sys._getframe(2))
        code = caller.f_code if caller is not None else make_coro.__code__
        settings = self._hygieneSettings()
        guard = getattr(self, "_hygieneGuard", None)
        settings = dataclasses.replace(
            settings,
            on_leak="fail",
            clock="virtual",
            # The test's own deadline ends a run as well.
            deadline=settings.deadline if guard is None else None,
        )
        where = (id_of_test(self), (code.co_filename, code.co_firstlineno))
        return CancelRuns(make_coro, check, settings, where, self._notGivenBack)

    def _faults(self, ran: RunResult, usual: set[str], swallow: bool, cancellation: Cancel) -> list[str]:
        """The faults of a run, each with its remedy."""
        if not ran.applied and (ran.was_stuck or ran.returned):
            return []  # it waited for ever anyway, or ended before the place
        is_stuck = isinstance(ran.error, (DeadlockError, RunawayError))
        faults = _of_ending(ran, swallow) if cancellation.task == MAIN or is_stuck else []
        faults += _of_held([line for line in ran.held if line not in usual])
        if ran.check_error is not None:
            faults.append(f"and afterwards check() raised {one_line(ran.check_error).partition(_BREAK)[0]}")
        if ran.left is not None:
            faults += ["and afterwards:", _indented(ran.left)]
        return faults

    def _notGivenBack(self) -> list[str]:
        """The lines of the test's mocks on contexts not left and responses not released."""
        return not_given_back(self._asynctestkit_made)


def _check_runs(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"max_runs must be a number of runs, not {value!r}")
    if value < 1:
        raise ValueError(f"max_runs must be 1 or more, not {value!r}")


def _headline(deviation: Cancel, applied: list[Applied], number: int) -> list[str]:
    whose = "it" if deviation.task == MAIN else f"its task {deviation.task!r}"
    if deviation.asleep:
        when = f"as {whose} began to wait, for the {_ordinal(deviation.step)} time"
    elif deviation.step == 1:
        when = f"before the first step of {whose}" if whose != "it" else "before its first step"
    else:
        wait = _ordinal(deviation.step - 1)
        when = f"as {whose} was about to go on after its {wait} wait, with the result there"
    if not applied:
        return [f"not the same in each run: run {number} was to be cancelled {when}, but did not get there"]
    places, waits_on = applied[0].chain
    has_result = not deviation.asleep and waits_on.endswith(_UNSET)
    lines = render_chain(places, "" if has_result else waits_on, "  ")
    return [f"not safe to cancel: in run {number} it was cancelled {when}" + (":" if lines else ""), *lines]


def _of_ending(ran: RunResult, swallow: bool) -> list[str]:
    """The faults in how the coroutine ended when it was cancelled."""
    if ran.refused:
        said = f"and it went on, for {STEPS_AFTER:,} more steps, and was abandoned"
        return [said, f"remedy: {LET_THROUGH}"]
    if ran.returned:
        said = f"and it returned {shown(ran.value)}: it has swallowed the cancellation"
        return [] if swallow else [said, f"remedy: {LET_THROUGH}; if it is meant to return, say swallow=True"]
    if isinstance(ran.error, CancelledError):
        return []
    if isinstance(ran.error, (DeadlockError, RunawayError)):
        return ["and it did not end:", _indented(ran.error)]
    said = f"and it raised {one_line(ran.error or CancelledError())} instead of CancelledError"
    return [said, f"remedy: {_IN_MAKE_CORO if _is_of_another_loop(ran.error) else LET_THROUGH}"]


def _is_of_another_loop(error: BaseException | None) -> bool:
    return isinstance(error, RuntimeError | ValueError) and any(said in str(error) for said in _ANOTHER_LOOP)


def _of_held(held: Sequence[str]) -> list[str]:
    if not held:
        return []
    return [
        "and it did not release what it had acquired:",
        *(f"  {line}" for line in held),
        "remedy: release it in `finally`, or acquire it with `async with`",
    ]


def _indented(error: BaseException) -> str:
    """The indented message of a failure, without the name of the test, which is printed above it."""
    text = str(error) if isinstance(error, AssertionError) else ""
    head, _, rest = text.partition(": ")
    if "\n" not in head and "." in head and " " not in head:
        text = rest
    return "\n".join(f"  {line}" if line else "" for line in (text or one_line(error)).splitlines())


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
