"""What a hygienic test costs: `python -m tests.bench`.

CPU time of the process, on a heap as a large application has it. Contestants take turns within each round, so
that a slow moment of the machine hits all of them; a ratio is the median of the rounds' ratios.
"""

import asyncio
import functools
import gc
import logging
import statistics
import sys
import time
import unittest
from collections.abc import Callable

from asynctestkit import HygienicAsyncTestCase, explore
from asynctestkit.exploration import search
from tests import bench_peers, bench_work

ROUNDS = 11
HEAP = 500_000
TESTS = 150
TASKS = 10_000
LEAKING_TESTS = 300
MANY_PENDING, FEW_PENDING = 100_000, 10_000
CHAIN = 5_000
SLEEPS = 20_000
FEW_LEAKS, MANY_LEAKS = 500, 5_000

Contestant = Callable[[], float]


class Idle(unittest.IsolatedAsyncioTestCase):
    async def test_nothing(self):
        await asyncio.sleep(0)


class IdleWithoutDebug(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)

    async def test_nothing(self):
        await asyncio.sleep(0)


class HygienicIdle(HygienicAsyncTestCase):
    async def test_nothing(self):
        await asyncio.sleep(0)


class VirtualIdle(HygienicIdle):
    clock = "virtual"


class TwoTasks(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_two(self):
        await wait_for_two()

    @explore(max_runs=TESTS, seconds=float("inf"))
    async def test_two_explored(self):
        await wait_for_two()


async def wait_for_two():
    await asyncio.wait([asyncio.create_task(asyncio.sleep(0)) for _ in range(2)])


class ManySleeps(HygienicAsyncTestCase):
    clock = "virtual"

    async def test_sleeps(self):
        self.clock.limit = float("inf")
        for _ in range(SLEEPS):
            await asyncio.sleep(3600)


class ManyTasks(HygienicAsyncTestCase):
    async def test_tasks(self):
        await create_and_await_tasks()


class OneLeak(HygienicAsyncTestCase):
    async def test_leak(self):
        self.leaked = asyncio.create_task(asyncio.sleep(3600))


class Pending(HygienicAsyncTestCase):
    """Leaves tasks pending, and records the CPU time at which its body ended."""

    body_ended = 0.0

    async def test_few(self):
        await self.leave(FEW_PENDING)

    async def test_many(self):
        await self.leave(MANY_PENDING)

    async def leave(self, count):
        self.tasks = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(count)]
        await asyncio.sleep(0)
        Pending.body_ended = time.process_time()

    async def test_chain(self):
        async def link(next_task):
            await next_task

        self.tasks = [asyncio.create_task(asyncio.sleep(3600))]
        for _ in range(CHAIN - 1):
            self.tasks.append(asyncio.create_task(link(self.tasks[-1])))
        await asyncio.sleep(0)
        Pending.body_ended = time.process_time()


async def create_and_await_tasks():
    for task in [asyncio.create_task(asyncio.sleep(0)) for _ in range(TASKS)]:
        await task


def run(case: type[unittest.TestCase], method: str, times: int = 1, *, failures: int = 0) -> float:
    """CPU seconds that the tests took, of which the given number has to fail."""
    suite = unittest.TestSuite(case(method) for _ in range(times))
    result = unittest.TestResult()
    began = time.process_time()
    suite.run(result)
    spent = time.process_time() - began
    if result.errors or len(result.failures) != failures:
        counted = f"{len(result.errors)} errors and {len(result.failures)} failures, not {failures} failures"
        first = [text for _, text in result.errors + result.failures][:1]
        sys.exit("\n".join([f"{case.__name__}.{method}: {counted}", *first]))
    return spent


def peers() -> dict[str, Contestant]:
    """The others of the field that are installed, as `make bench-peers` has them."""
    found: dict[str, Contestant] = {
        name: functools.partial(run, case, "test_nothing", TESTS) for name, case in bench_peers.idle_tests()
    }
    seconds = bench_peers.pytest_asyncio_seconds(TESTS)
    return found if seconds is None else {**found, "pytest-asyncio, a function": seconds}


def run_bare_loop() -> float:
    loop = asyncio.new_event_loop()
    loop.set_debug(False)
    began = time.process_time()
    loop.run_until_complete(create_and_await_tasks())
    spent = time.process_time() - began
    loop.close()
    return spent


def sweep(method: str) -> float:
    """CPU seconds from the end of the body to the end of the test."""
    began = time.process_time()
    spent = run(Pending, method, failures=1)
    return began + spent - Pending.body_ended


def compare(
    title: str, unit: float, unit_name: str, baseline: str, contestants: dict[str, Contestant]
) -> None:
    """Prints each contestant's median time, in `unit` seconds, and its ratio to the baseline's."""
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(ROUNDS + 1):
        for name, contestant in contestants.items():
            gc.collect()
            seconds = contestant()
            if number:  # the first round warms up
                spent[name].append(seconds)
    print(f"\n{title}")
    for name, times in spent.items():
        ratios = sorted(mine / base for mine, base in zip(times, spent[baseline], strict=True))
        row(name, statistics.median(times) / unit, unit_name, ratios)


def row(name: str, value: float, unit_name: str, ratios: list[float] | None = None) -> None:
    spread = f"{statistics.median(ratios):8.2f} x  ({ratios[0]:.2f} to {ratios[-1]:.2f})" if ratios else ""
    print(f"  {name:<44}{value:9.1f} {unit_name:<8}{spread}".rstrip(), flush=True)


def main() -> None:
    ballast = [[number] for number in range(HEAP)]
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # debug mode logs each slow callback
    version = sys.version.split()[0]
    print(f"Python {version}, {len(ballast):,} containers on the heap, {ROUNDS} rounds, CPU time")

    compare(
        f"A test that awaits sleep(0), {TESTS} a round",
        TESTS * 1e-6, "µs/test", "IsolatedAsyncioTestCase",
        {
            "IsolatedAsyncioTestCase": lambda: run(Idle, "test_nothing", TESTS),
            "IsolatedAsyncioTestCase, debug off": lambda: run(IdleWithoutDebug, "test_nothing", TESTS),
            "HygienicAsyncTestCase": lambda: run(HygienicIdle, "test_nothing", TESTS),
            "HygienicAsyncTestCase, virtual clock": lambda: run(VirtualIdle, "test_nothing", TESTS),
            "loop and runner alone: the floor": lambda: bench_work.run_floor(TESTS),
            **peers(),
        },
    )  # fmt: skip
    working = bench_work.WORKING_TESTS
    compare(
        f"A test with real work ({bench_work.OBJECTS:,} objects, sockets, a thread), {working} a round",
        working * 1e-3, "ms/test", "IsolatedAsyncioTestCase",
        {
            "IsolatedAsyncioTestCase": lambda: run(bench_work.Working, "test_work", working),
            "HygienicAsyncTestCase": lambda: run(bench_work.HygienicWorking, "test_work", working),
        },
    )  # fmt: skip
    compare(
        "The import, in a process of its own",
        1e-3, "ms", "unittest, asyncio",
        {
            "unittest, asyncio": lambda: bench_work.import_seconds("unittest.async_case", "asyncio"),
            "asynctestkit": lambda: bench_work.import_seconds("asynctestkit"),
            "asynctestkit.HygienicAsyncTestCase": lambda: bench_work.import_seconds("asynctestkit.case"),
        },
    )  # fmt: skip
    search._MOST_IDLE_WALKS = TESTS  # chance goes on, though there is nothing new
    compare(
        f"A test that waits for two tasks, {TESTS} a round: as so many tests, and as schedules of one",
        TESTS * 1e-6, "µs", "HygienicAsyncTestCase, virtual clock",
        {
            "HygienicAsyncTestCase, virtual clock": lambda: run(TwoTasks, "test_two", TESTS),
            "a schedule that is explored": lambda: run(TwoTasks, "test_two_explored"),
        },
    )  # fmt: skip
    compare(
        f"{TASKS:,} tasks created and awaited",
        TASKS * 1e-6, "µs/task", "bare loop, debug off",
        {
            "bare loop, debug off": run_bare_loop,
            "HygienicAsyncTestCase, one test": lambda: run(ManyTasks, "test_tasks"),
        },
    )  # fmt: skip

    print(f"\nVirtual time: {SLEEPS:,} times sleep(3600), one after the other")
    wall = time.perf_counter()
    run(ManySleeps, "test_sleeps")
    wall = time.perf_counter() - wall
    row("a sleep: wall", wall / SLEEPS * 1e6, "µs")
    row("virtual seconds in a real one", SLEEPS * 3600 / wall / 1e6, "million")

    print("\nTests that leak")
    wall = time.perf_counter()
    cpu = run(OneLeak, "test_leak", LEAKING_TESTS, failures=LEAKING_TESTS)
    wall = time.perf_counter() - wall
    row(f"{LEAKING_TESTS} tests, each a task on sleep(3600): CPU", cpu / LEAKING_TESTS * 1e3, "ms/test")
    row("the same: wall", wall / LEAKING_TESTS * 1e3, "ms/test")

    print("\nA test that leaves many things of a kind, its report included; the ratio is many to few")
    for test in bench_work.LEAVING:
        few = bench_work.leave(test, FEW_LEAKS) / FEW_LEAKS * 1e6
        many = bench_work.leave(test, MANY_LEAKS) / MANY_LEAKS * 1e6
        row(f"{MANY_LEAKS:,} {test.removeprefix('test_').replace('_', ' ')}", many, "µs each", [many / few])

    first, others = bench_work.growth()
    print(f"\nMemory over {bench_work.GROWING_TESTS:,} tests that make garbage")
    row("the first 1,000", first, "MiB")
    row("the others", others, "MiB")

    print("\nThe sweep, from the end of the body to the end of the test")
    few = sweep("test_few") / FEW_PENDING * 1e6
    row(f"{FEW_PENDING:,} pending tasks", few, "µs/task")
    many = sweep("test_many") / MANY_PENDING * 1e6
    row(f"{MANY_PENDING:,} pending tasks", many, "µs/task", [many / few])
    row(f"a chain of {CHAIN:,} tasks, each awaiting the next", sweep("test_chain") / CHAIN * 1e6, "µs/task")


if __name__ == "__main__":
    main()
