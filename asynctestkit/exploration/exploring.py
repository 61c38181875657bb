"""Explores the schedules of one test, and makes the calls that report it to unittest's result."""

from __future__ import annotations

import sys
import unittest
import warnings
from typing import Any

from ..cpython.originals import gc
from ..cpython.step_internals import id_of_test
from ..cpython.versions import add_note, add_note_to_failure
from ..cpython.wall import wall_time
from ..exceptions import DeadlineError, LeakWarning
from .deviations import Schedule, text_of
from .diagram import diagram, sentence
from .lives import Life, RunOne, Script, live
from .plan import Plan
from .records import difference_of
from .search import Attempt, Search
from .shrinking import shrunk
from .unreleased import unreleased_report

__all__ = ["Calls", "Exploration"]

__unittest = True

Calls = list[tuple[str, tuple[Any, ...]]]

_PROGRESS_AFTER, _PROGRESS_EVERY = 2.0, 0.5
_LEAST_LIMIT, _TIMES = 24 * 3600.0, 1000
"""A run counts as runaway after the larger: these virtual seconds, or this multiple of the unchanged run."""
_RUNS_OF_GARBAGE = 500
"""Runs between collections of reference cycles: a run leaves some ten kilobytes in them."""
_MOST_SHRINKING = 300
"""The most runs to shorten a schedule; it may also take a quarter of the search's seconds."""


class Exploration:
    """The exploration of one test, which has not run yet; `run` runs an instance like unittest."""

    def __init__(self, case: unittest.TestCase, run: RunOne, plan: Plan) -> None:
        self._case, self._run, self._plan = case, run, plan
        self._runs = self._faulty_runs = 0
        self._search: Search | None = None
        self._usual: Life | None = None
        self._uncontrolled: set[str] = set()
        self._limit: float | None = None
        self._began = self._progress_at = wall_time()
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()

    def calls(self) -> Calls:
        """Explores; returns the calls that report the outcome to the result of the test."""
        was_enabled = gc.isenabled()
        gc.disable()  # runs are alike only if garbage is collected at the same moments: by sweeps
        try:
            schedule = self._plan.schedule
            return self._explored() if schedule is None else self._replayed(schedule)
        except KeyboardInterrupt as interrupt:
            add_note(interrupt, self.statistics())  # no schedule has failed so far
            raise
        finally:
            self._show("")
            if was_enabled:
                gc.enable()

    def statistics(self) -> str:
        """One line on the schedules that were tried."""
        search = self._search
        said = [f"{self._runs} schedules" if self._runs != 1 else "1 schedule"]
        if search is not None:
            said.append(f"{search.distinct} different")
            if search.walked:
                said.append(f"{search.walked} by chance")
            if self._faulty_runs:
                said.append(f"{self._faulty_runs} with a fault")
            if search.is_exhausted:
                said.append(f"each with up to {self._plan.most} deviations")
        seconds = wall_time() - self._began
        return f"explored {', '.join(said)}, in {seconds:.3f} s"

    # -- the search

    def _explored(self) -> Calls:
        first = self._live(())
        if first.failure is not None or first.calls[-1][0] == "addSkip":
            return first.calls  # reported as usual: there is nothing to explore
        again = self._live(())
        if again.failure is not None or again.trace != first.trace:
            difference = difference_of(first.trace, again.trace)
            if not self._uncontrolled or again.failure is not None:
                return self._failed(_NOT_THE_SAME.format(difference), again)
        self._limit = max(_LEAST_LIMIT, _TIMES * first.elapsed)
        search = self._search = Search(first, self._plan)
        with warnings.catch_warnings():
            # A test that is ended early leaves things behind, of course: no warning for each of many runs.
            warnings.simplefilter("ignore", LeakWarning)
            failing = self._first_that_fails(search)
            return first.calls if failing is None else self._report(failing)

    def _first_that_fails(self, search: Search) -> Life | None:
        attempts = search.attempts()
        attempt = next(attempts, None)
        while attempt is not None and self._may_go_on(self._plan.max_runs):
            life = self._live(attempt.schedule, attempt)
            if life.failure is not None:
                search.note(life)
                return life
            life.forget_errors()
            try:
                attempt = attempts.send(life)
            except StopIteration:
                attempt = None
        search.require_tasks()
        return None

    def _may_go_on(self, runs: int) -> bool:
        spent = wall_time() - self._began
        if self._is_shown and spent > _PROGRESS_AFTER and wall_time() - self._progress_at > _PROGRESS_EVERY:
            self._progress_at = wall_time()
            self._show(f"{id_of_test(self._case)}: {self.statistics()}")
        return self._runs < runs and spent < self._plan.seconds

    def _live(
        self, schedule: Schedule, attempt: Attempt | None = None, *, records_steps: bool = False
    ) -> Life:
        script = Script(
            schedule,
            walk=attempt.walk if attempt is not None else None,
            records_steps=records_steps,
            has_faults=self._plan.faults,
        )
        script.limit = self._limit
        life = live(self._case, self._run, schedule, script)
        self._runs += 1
        if self._runs % _RUNS_OF_GARBAGE == 0:
            gc.collect()
        if life is None:
            raise RuntimeError(
                f"{id_of_test(self._case)} cannot be explored: that needs the loop of asynctestkit. "
                "Take away its loop_factory, event loop policy or own runner"
            )
        if life.raised:
            self._faulty_runs += 1
            self._judge_held(life)
        self._uncontrolled |= life.uncontrolled
        return life

    def _judge_held(self, life: Life) -> None:
        if life.held and life.failure is None:
            if self._usual is None:
                self._usual = self._live(())
            text = unreleased_report(life, self._usual)
            if text:
                life.calls = self._failure(text)

    # -- the failure

    def _report(self, found: Life) -> Calls:
        at = self._runs
        kind = type(found.failure)
        until = wall_time() + max(1.0, self._plan.seconds / 4)
        runs = self._runs + _MOST_SHRINKING
        found.schedule = (*found.passed, *found.schedule)

        def fails(schedule: Schedule) -> Life | None:
            if self._runs >= runs or wall_time() > until:
                return None
            life = self._live(schedule)
            return life if type(life.failure) is kind else None

        # A run that took as long as the deadline allows is not repeated.
        is_slow = isinstance(found.failure, DeadlineError)
        shortest = found if is_slow else shrunk(found, fails)
        rerun = found if is_slow else self._live(shortest.schedule, records_steps=True)
        lines = [f"\nthe schedule in which it fails, found in run {at}:"]
        again = rerun if rerun.failure is not None else shortest
        lines += [f"- {sentence(each, again.mains)}" for each in again.applied]
        if rerun.failure is None:
            lines.append("run again in this schedule, the test passed: something else affects it as well")
        elif (rerun.trace, type(rerun.failure)) != (shortest.trace, kind):
            difference = difference_of(shortest.trace, rerun.trace)
            lines.append(f"two runs in this schedule differed: {difference}")
        lines += self._uncontrolled_lines()
        steps = ["", *diagram(rerun.taken, shortest.schedule, rerun.applied)] if rerun.taken else []
        lines += [*steps, "", *self._ways_to_replay(shortest.schedule)]
        return self._noted(again, [*lines, self.statistics()])

    def _replayed(self, schedule: Schedule) -> Calls:
        life = self._live(schedule, records_steps=True)
        if life.calls[-1][0] == "addSkip":
            return life.calls
        if life.unmet:
            text = _UNMET.format(text_of(schedule), text_of(life.unmet))
            if life.failure is None:
                return self._failed(text, life)
            return self._noted(life, ["", text])
        if life.failure is None:
            return life.calls_to_report
        lines = ["\nthe schedule that was replayed:"]
        lines += [f"- {sentence(each, life.mains)}" for each in life.applied]
        return self._noted(
            life, [*lines, *self._uncontrolled_lines(), "", *diagram(life.taken, schedule, life.applied)]
        )

    def _noted(self, life: Life, lines: list[str]) -> Calls:
        assert life.failure is not None
        add_note_to_failure(life.failure, "\n".join(lines))
        return life.calls_to_report

    def _failed(self, text: str, life: Life) -> Calls:
        if life.failure is not None:
            return self._noted(life, ["", text])
        return self._failure(text)

    def _failure(self, text: str) -> Calls:
        try:
            raise self._case.failureException(text)
        except AssertionError:
            return [("addFailure", (sys.exc_info(),))]

    def _ways_to_replay(self, schedule: Schedule) -> list[str]:
        text = text_of(schedule)
        return [
            f'to replay it: @replay("{text}"), or',
            f'ASYNCTESTKIT_SCHEDULE="{text}" python -m unittest {id_of_test(self._case)}',
        ]

    def _uncontrolled_lines(self) -> list[str]:
        if not self._uncontrolled:
            return []
        return [f"(the order of its {' and '.join(sorted(self._uncontrolled))} is not controlled)"]

    def _show(self, text: str) -> None:
        if self._is_shown and self._progress_at != self._began:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()


_NOT_THE_SAME = (
    "the second run of the unchanged test differed from the first: {}\n"
    "remedy: in setUp, create anew or reset what the test changes in modules and classes; "
    "if the code uses the wall clock: patch_time = True"
)
_UNMET = (
    "the schedule {} does not match: {} did not occur; the test or its code has changed\n"
    "remedy: explore it again, with @explore"
)
