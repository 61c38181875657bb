"""Correct programs, and the examples, in thousands of schedules each: `python -m tests.schedules [RUNS]`.

No schedule of a correct program may fail. Prints a line for each, and exits with 1 if one has failed.
"""

import importlib
import pathlib
import sys
import time
import unittest
from unittest import mock

import examples
from asynctestkit import HygienicAsyncTestCase, explore
from asynctestkit.exploration import exploring, search
from examples.__main__ import modules
from tests.exploration.programs import FAULTY_NAMES, NAMES, FaultyPrograms, Programs, copy_of

RUNS = 6000
SECONDS = 600.0


def explored(case: type, method: str, runs: int, **options: object) -> tuple[unittest.TestResult, str]:
    """The result of a test in so many schedules, and the line of statistics."""
    marked = explore(max_runs=runs, seconds=SECONDS, **options)(copy_of(getattr(case, method)))
    cls = type(case.__name__, (case,), {"test_it": marked, "__module__": case.__module__})
    result, said = unittest.TestResult(), []
    calls = exploring.Exploration.calls

    def then_note(self):
        made = calls(self)
        said.append(self.statistics())
        return made

    with (
        mock.patch.object(search, "_MOST_IDLE_WALKS", runs),
        mock.patch.object(exploring.Exploration, "calls", then_note),
    ):
        cls("test_it").run(result)
    return result, said[-1]


def tests_of_examples() -> list[tuple[type, str]]:
    found = []
    for name in modules(pathlib.Path(examples.__file__).parent):
        for case in vars(importlib.import_module(name)).values():
            if isinstance(case, type) and issubclass(case, HygienicAsyncTestCase) and case.__module__ == name:
                methods = [method for method in dir(case) if method.startswith("test")]
                found += [(case, method) for method in methods if not is_skipped(case, method)]
    return found


def is_skipped(case: type, method: str) -> bool:
    return any(getattr(each, "__unittest_skip__", False) for each in (case, getattr(case, method)))


def main(runs: int) -> int:
    failed = 0
    tests = [(Programs, name) for name in NAMES] + [(FaultyPrograms, name) for name in FAULTY_NAMES]
    for case, method in tests + tests_of_examples():
        if "loop_factory" in vars(case):
            continue
        began = time.perf_counter()
        result, said = explored(case, method, runs, faults=case is FaultyPrograms)
        wrong = result.failures + result.errors
        failed += bool(wrong)
        took = time.perf_counter() - began
        print(f"{'FAILED' if wrong else 'ok':<7}{case.__name__}.{method}: {said} ({took:.1f} s)", flush=True)
        for _, text in wrong:
            print(text, flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
