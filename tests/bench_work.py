"""What `python -m tests.bench` measures besides an idle test: real work, many leaks, the import, memory."""

import asyncio
import gc
import itertools
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.loops.runner import Runner

OBJECTS = 20_000
WORKING_TESTS = 20
GROWING_TESTS = 10_000


async def work():
    """The work of a test of an application with an ORM: many objects, some in cycles; sockets, a thread."""
    rows = [{"id": number, "tags": [number], "parent": None} for number in range(OBJECTS // 2)]
    for row, following in itertools.pairwise(rows[:500]):
        row["parent"], following["child"] = following, row
    for end in socket.socketpair():
        end.close()
    thread = threading.Thread(target=len, args=(rows,))
    thread.start()
    thread.join()
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(20)))


class Working(unittest.IsolatedAsyncioTestCase):
    async def test_work(self):
        await work()


class HygienicWorking(HygienicAsyncTestCase):
    async def test_work(self):
        await work()


class Garbage(HygienicAsyncTestCase):
    """Makes garbage in cycles, as most tests do that fail, mock or parse."""

    async def test_garbage(self):
        for _ in range(100):
            cycle = [bytearray(1000)]
            cycle.append(cycle)


class Leaving(HygienicAsyncTestCase):
    """Leaves many objects of one kind."""

    count = 0

    async def nothing(self):
        pass

    async def fail(self):
        raise ValueError("on purpose")

    async def test_coroutines_dropped(self):
        for _ in range(self.count):
            self.nothing()

    async def test_coroutines_kept(self):
        self.kept = [self.nothing() for _ in range(self.count)]

    async def test_failed_tasks_kept(self):
        self.kept = [asyncio.create_task(self.fail()) for _ in range(self.count)]
        await asyncio.wait(self.kept)

    async def test_sockets_dropped(self):
        for _ in range(self.count):
            socket.socket()

    async def test_sockets_kept(self):
        self.kept = [socket.socket() for _ in range(self.count)]


LEAVING = sorted(name for name in vars(Leaving) if name.startswith("test"))


def run_floor(times: int) -> float:
    """CPU seconds of a loop and its runner alone, without a test case and a guard."""
    began = time.process_time()
    for _ in range(times):
        runner = Runner(None, lambda _: None)
        runner.run(asyncio.sleep(0))
        runner.close()
    return time.process_time() - began


def leave(test: str, count: int) -> float:
    """CPU seconds of a test that leaves so many objects, its report included."""
    case = type("Leaving", (Leaving,), {"count": count})(test)
    result = unittest.TestResult()
    began = time.process_time()
    case.run(result)
    spent = time.process_time() - began
    if len(result.failures) != 1 or result.errors:
        sys.exit(f"{test}: expected one failure, got {result}")
    case.kept = []
    gc.collect()
    return spent


def import_seconds(*modules: str) -> float:
    """CPU seconds in which a new process imports these, from compiled files."""
    imports = f"began = now(); import {', '.join(modules)}"
    code = f"from time import process_time as now\n{imports}\nprint(now() - began)"
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": _cache(), "PYTHONDONTWRITEBYTECODE": ""}
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _cache() -> str:
    return os.path.join(tempfile.gettempdir(), f"asynctestkit-bench-{os.getuid()}")


def growth() -> tuple[float, float]:
    """MiB by which the process grows over the first 1,000 tests that make garbage, and over the others."""
    sizes = []
    for count in (1000, GROWING_TESTS - 1000):
        before = _most_memory()
        unittest.TestSuite(Garbage("test_garbage") for _ in range(count)).run(unittest.TestResult())
        sizes.append(_most_memory() - before)
    return sizes[0], sizes[1]


def _most_memory() -> float:
    """In MiB; the system counts in KiB, on macOS in bytes."""
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
