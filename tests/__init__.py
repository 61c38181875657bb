"""The suite: whole, it runs in several processes; files, classes and tests by name run in one."""

import atexit
import logging
import os
import shutil
import tempfile

from tests.parallel import ParallelSuite, units

# In debug mode asyncio logs what takes 0.1 s, which says how busy the machine is.
logging.getLogger("asyncio").addFilter(lambda record: not str(record.msg).startswith("Executing %s took"))

if os.environ.get("PYTHONDONTWRITEBYTECODE"):
    # Every interpreter that a test starts would compile the library anew, which takes longer than the test.
    _bytecode = tempfile.mkdtemp(prefix="asynctestkit-bytecode-")
    os.environ |= {"PYTHONPYCACHEPREFIX": _bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    atexit.register(shutil.rmtree, _bytecode, ignore_errors=True)

_TOO_FEW = 200
"""Tests that are not worth another process, as those that `-k` picks."""


def load_tests(loader, tests, pattern):
    """Called by unittest for the whole suite."""
    found = loader.discover(os.path.dirname(__file__), pattern=pattern or "test*.py")
    if found.countTestCases() < _TOO_FEW or not hasattr(os, "fork"):
        return found
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # More than there are processors, as many tests wait. What comes last in the alphabet, whole test runs,
    # takes longest.
    return ParallelSuite(reversed(units(found)), 2 * processors)
