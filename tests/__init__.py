"""The suite: whole, it runs in several processes; files, classes and tests by name or `-k` run in one."""

import atexit
import logging
import os
import shutil
import tempfile
from pathlib import Path

from tests.parallel import ParallelSuite, Unit

# In debug mode asyncio logs what takes 0.1 s, which says how busy the machine is.
logging.getLogger("asyncio").addFilter(lambda record: not str(record.msg).startswith("Executing %s took"))

if os.environ.get("PYTHONDONTWRITEBYTECODE"):
    # Every interpreter that a test starts would compile the library anew, which takes longer than the test.
    _bytecode = tempfile.mkdtemp(prefix="asynctestkit-bytecode-")
    os.environ |= {"PYTHONPYCACHEPREFIX": _bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    atexit.register(shutil.rmtree, _bytecode, ignore_errors=True)

_HERE = Path(__file__).parent
_TOGETHER = {_HERE / "repository"}
"""Folders whose files share what is slow to set up."""


def load_tests(loader, tests, pattern):
    """Called by unittest for the whole suite."""
    pattern = pattern or "test*.py"
    if loader.testNamePatterns or not hasattr(os, "fork"):
        return loader.discover(str(_HERE), pattern=pattern)
    files = {path.parent if path.parent in _TOGETHER else path for path in _HERE.rglob(pattern)}
    # Folders, and then what comes last in the alphabet, whole test runs, take longest.
    files = sorted(files, key=lambda path: (path in _TOGETHER, path), reverse=True)
    names = [".".join(path.relative_to(_HERE.parent).with_suffix("").parts) for path in files]
    units = [Unit(loader.loadTestsFromName, name) for name in names]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ParallelSuite(units, 2 * processors)  # as many tests wait
