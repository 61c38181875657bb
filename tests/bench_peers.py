"""What others in the field cost beside us, those that are installed: `make bench-peers`."""

import asyncio
import contextlib
import importlib
import resource
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["idle_tests", "pytest_asyncio_seconds"]

PYTEST = """
import asyncio, pytest

@pytest.mark.asyncio
@pytest.mark.parametrize("number", range({count}))
async def test_nothing(number):
    await asyncio.sleep(0)
"""


def idle_tests() -> Iterator[tuple[str, type[unittest.TestCase]]]:
    """The name of each peer of unittest's, and a case of its with `test_nothing`, which awaits sleep(0)."""
    for package, make in (("later", later), ("aiounittest", aiounittest), ("pyleak", pyleak)):
        with contextlib.suppress(ImportError):
            yield make(importlib.import_module(package))


class Nothing:
    async def test_nothing(self):
        await asyncio.sleep(0)


def later(_: object) -> tuple[str, type[unittest.TestCase]]:
    base = importlib.import_module("later.unittest").TestCase
    return "later.unittest.TestCase", type("Later", (Nothing, base), {})


def aiounittest(package: object) -> tuple[str, type[unittest.TestCase]]:
    return "aiounittest.AsyncTestCase", type("Aiounittest", (Nothing, package.AsyncTestCase), {})


def pyleak(package: object) -> tuple[str, type[unittest.TestCase]]:
    class Pyleak(unittest.IsolatedAsyncioTestCase):
        async def test_nothing(self):
            async with package.no_task_leaks(action="raise"):
                await asyncio.sleep(0)

    return "pyleak.no_task_leaks() in the plain class", Pyleak


def pytest_asyncio_seconds(count: int) -> Callable[[], float] | None:
    """CPU seconds of so many function tests under pytest-asyncio, without pytest's start; None without it."""
    try:
        importlib.import_module("pytest_asyncio")
    except ImportError:
        return None
    return lambda: _pytest_seconds(count) - _pytest_seconds(0)


def _pytest_seconds(count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_it.py").write_text(PYTEST.format(count=count + 1), encoding="utf-8")
        before = _children_seconds()
        options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function"]
        command = [sys.executable, "-m", "pytest", *options, "test_it.py"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return _children_seconds() - before


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
