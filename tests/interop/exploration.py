"""Exploration finds bugs of real libraries in the versions that have them, and nothing in those that do not.

Run by `make interop`. Installs each version into a folder of its own below `.venv-interop/affected`.
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-interop" / "affected"

FOUND = (
    ("anyio==4.9.0", "Anyio.test_limiter"),
    ("anyio==4.13.0", "Anyio.test_lock"),
    ("anyio==4.13.0", "Anyio.test_semaphore"),
    ("async-lru==2.0.3", "AsyncLru.test_clear"),
    ("redis==4.5.3", "Redis.test_cancelled_read"),
)
MENDED = (
    ("anyio==4.10.0", "Anyio.test_limiter"),
    ("anyio>=4.14", "Anyio.test_lock"),
    ("anyio>=4.14", "Anyio.test_semaphore"),
    ("async-lru==2.0.4", "AsyncLru.test_clear"),
    ("redis==4.5.5", "Redis.test_cancelled_read"),
)


def run_with(requirement: str | None, test: str) -> subprocess.CompletedProcess[str]:
    """What `python -m unittest` prints for a test of `affected.py`, with that version."""
    path = [str(ROOT)]
    if requirement is not None:
        folder = FOLDER / f"{requirement}-{sys.version_info[0]}.{sys.version_info[1]}"
        if not folder.exists():
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            command = [*install, "--target", str(folder), requirement]
            subprocess.run(command, check=True, capture_output=True)
        path.insert(0, str(folder))
    return subprocess.run(
        [sys.executable, "-m", "unittest", f"tests.interop.affected.{test}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def show(what: str, output: str) -> None:
    run = re.search(r"in run (\d+)", output)
    print(f"{what}: {'found in run ' + run[1] if run else 'nothing found'}", flush=True)


class LibrariesTests(unittest.TestCase):
    def test_bugs_are_found(self):
        """Each bug is found in the version that has it."""
        for requirement, test in FOUND:
            with self.subTest(requirement, test=test):
                ended = run_with(requirement, test)
                show(f"{requirement}, {test}", ended.stdout)
                self.assertIn("in run ", ended.stdout)
                self.assertIn("FAILED (failures=1", ended.stdout)

    def test_nothing_is_found_where_they_are_mended(self):
        """The same tests pass with the fixed versions."""
        for requirement, test in MENDED:
            with self.subTest(requirement, test=test):
                ended = run_with(requirement, test)
                show(f"{requirement}, {test}", ended.stdout)
                self.assertEqual(ended.returncode, 0, ended.stdout)


class StandardLibraryTests(unittest.TestCase):
    def check(self, test, mended):
        ended = run_with(None, test)
        show(f"Python {sys.version.split()[0]}, {test}", ended.stdout)
        self.assertEqual(ended.returncode == 0, sys.version_info >= mended, ended.stdout)

    def test_wait_for(self):
        """Before 3.12 it returns the result, and swallows the cancellation."""
        self.check("WaitFor", (3, 12))

    def test_condition(self):
        """Before 3.13 a notification is lost with the cancelled task that received it."""
        self.check("StandardCondition", (3, 13))


if __name__ == "__main__":
    unittest.main()
