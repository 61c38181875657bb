"""Exploration finds bugs of real libraries in the versions that have them, and nothing in those that do not.

Run by `make interop`. Installs each version into a folder of its own below `.venv-interop/affected`.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-interop" / "affected"

# Without their dependencies, which are those of .venv-interop.
NEWEST = (
    "aiohttp==3.14.5 anyio==4.16.0 httpcore==1.0.9 httpcore2==2.16.2 httpx==0.28.1 psycopg-pool==3.3.3 "
    "redis==8.1.0"
)
FOUND = (
    ("aiohttp==3.10.10", "affected_pools.Aiohttp.test_connector"),
    ("anyio==4.9.0", "affected.Anyio.test_limiter"),
    ("anyio==4.13.0", "affected.Anyio.test_lock"),
    ("anyio==4.13.0", "affected.Anyio.test_semaphore"),
    ("async-lru==2.0.3", "affected.AsyncLru.test_clear"),
    ("httpcore2==2.5.0 anyio==4.16.0", "affected_pools.Httpcore.test_pool"),
    ("psycopg-pool==3.1.6", "affected_pools.PsycopgPool.test_waiting"),
    ("psycopg-pool==3.2.7", "affected_pools.PsycopgPool.test_checked"),
    ("redis==4.5.3", "affected.Redis.test_cancelled_read"),
    ("redis==8.0.0", "affected_pools.RedisPipeline.test_watching"),
    (NEWEST, "newest.FoundInAiohttp.test_session"),
    (NEWEST, "newest.FoundInAnyio.test_condition"),
    (NEWEST, "newest.FoundInHttpcore.test_before_the_connection"),
    (NEWEST, "newest.FoundInHttpcore.test_before_the_request"),
    (NEWEST, "newest.FoundInHttpcore.test_httpx"),
    (NEWEST, "newest.FoundInRedis.test_disconnecting"),
    (NEWEST, "newest.FoundInRedis.test_leaving"),
)
if sys.version_info >= (3, 12):  # before, asyncio.wait_for has the same bug
    FOUND += (
        ("psycopg-pool==3.3.0", "affected_pools.PsycopgPool.test_handed_over"),
        ("psycopg-pool==3.3.1", "affected_pools.PsycopgPool.test_checking"),
    )
NOT_FOUND = (
    ("aiohttp==3.10.11", "affected_pools.Aiohttp.test_connector"),
    ("anyio==4.10.0", "affected.Anyio.test_limiter"),
    ("anyio==4.14.0", "affected.Anyio.test_lock"),
    ("anyio==4.14.0", "affected.Anyio.test_semaphore"),
    ("async-lru==2.0.4", "affected.AsyncLru.test_clear"),
    ("httpcore2==2.6.0 anyio==4.16.0", "affected_pools.Httpcore.test_pool"),
    ("psycopg-pool==3.1.7", "affected_pools.PsycopgPool.test_waiting"),
    ("psycopg-pool==3.2.8", "affected_pools.PsycopgPool.test_checked"),
    ("psycopg-pool==3.3.1", "affected_pools.PsycopgPool.test_handed_over"),
    ("psycopg-pool==3.3.3", "affected_pools.PsycopgPool.test_checking"),
    ("redis==4.5.5", "affected.Redis.test_cancelled_read"),
    ("redis==8.0.1", "affected_pools.RedisPipeline.test_watching"),
    (NEWEST, "affected.Redis"),
    (NEWEST, "affected_pools"),
    (NEWEST, "newest.Anyio"),
    (NEWEST, "newest.Httpcore2"),
    (NEWEST, "newest.PsycopgPool"),
    (NEWEST, "newest.Redis"),
)


def folder_of(requirement: str) -> pathlib.Path:
    return FOLDER / f"{requirement.replace(' ', '_')}-{sys.version_info[0]}.{sys.version_info[1]}"


def install(requirement: str) -> None:
    folder = folder_of(requirement)
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run(
            [*pip, "--target", str(unfinished), *requirement.split()],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        unfinished.rename(folder)


def setUpModule() -> None:
    requirements = {requirement for requirement, _ in (*FOUND, *NOT_FOUND)}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(install, sorted(requirements)))


def run_with(requirement: str | None, test: str) -> str:
    """What `python -m unittest` prints for a test of a module beside this one, with that version."""
    path = [str(ROOT)] if requirement is None else [str(folder_of(requirement)), str(ROOT)]
    return subprocess.run(
        [sys.executable, "-m", "unittest", f"tests.interop.{test}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout


def show(what: str, output: str) -> None:
    run = re.search(r"in run (\d+)", output)
    print(f"{what}: {'found in run ' + run[1] if run else 'nothing found'}", flush=True)


class LibrariesTests(unittest.TestCase):
    def check_each(self, cases, check):
        """Checks the output for each of these; two run at a time."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            outputs = pool.map(lambda case: run_with(*case), cases)
            for (requirement, test), output in zip(cases, outputs, strict=True):
                with self.subTest(requirement, test=test):
                    show(f"{'newest' if requirement is NEWEST else requirement.split()[0]}, {test}", output)
                    check(output)

    def test_bugs_are_found(self):
        """Each bug is found in the version that has it."""
        self.check_each(
            FOUND, lambda output: self.assertRegex(output, r"(?s)in run \d+.*FAILED \(failures=1")
        )

    def test_nothing_is_found_where_there_is_nothing(self):
        """The same tests pass with the fixed versions, and others with the newest."""
        self.check_each(NOT_FOUND, lambda output: self.assertRegex(output, r"\nOK( \(skipped=\d\))?\n$"))


class StandardLibraryTests(unittest.TestCase):
    def check(self, test, mended):
        output = run_with(None, test)
        show(f"Python {sys.version.split()[0]}, {test}", output)
        self.assertEqual(output.endswith("\nOK\n"), sys.version_info >= mended, output)

    def test_wait_for(self):
        """Before 3.12 it returns the result, and swallows the cancellation."""
        self.check("affected.WaitFor", (3, 12))

    def test_condition(self):
        """Before 3.13 a notification is lost with the cancelled task that received it."""
        self.check("affected.StandardCondition", (3, 13))


if __name__ == "__main__":
    unittest.main()
