"""`blocking_threshold`: what blocks the loop, from a test's perspective, in real time."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
import unittest

from asynctestkit import BlockedLoopError, no_leaks
from tests.case_runs import lines_of, run_body

THRESHOLD = 0.1


def block(seconds=0.3):
    time.sleep(seconds)  # waits: that is what blocks


class BlockedLoopTests(unittest.TestCase):
    def run_body(self, body, **settings):
        settings.setdefault("blocking_threshold", THRESHOLD)
        return run_body(body, asyncio_debug=False, **settings)

    def assertBlocked(self, body, **settings):
        """Asserts that the test fails, and that the innermost line shown is the marked one."""
        finished = self.run_body(body, **settings)
        self.assertEqual(finished.kinds, ["FAIL"], finished.outcomes)
        text = finished.text()
        self.assertIn("BlockedLoopError: ", text)
        self.assertIn(f"blocked its loop once (blocking_threshold = {THRESHOLD})", text)
        shown = [line for line in text.splitlines() if line.startswith("  File ")]
        (marked,) = lines_of(body, " here")
        self.assertIn(f'test_case_blocking.py", line {marked}, in ', shown[-1])
        return text

    def test_sleeping(self):
        """`time.sleep` is reported as waiting."""

        async def body(case):
            time.sleep(0.3)  # waits: that is what blocks, here

        self.assertRegex(self.assertBlocked(body), r"for 0\.[3-9]\d\d s of wall time in the test, 0\.0\d\d s")

    def test_computing(self):
        """A loop in Python is reported as computing."""

        async def body(case):
            until = time.thread_time() + 0.25
            while time.thread_time() < until:  # here
                continue

        text = self.run_body(body).text()
        self.assertRegex(text, r"0\.[23]\d\d s of it computing")
        self.assertIn(", in body\n", text)

    def test_slow_c_code(self):
        """C code that holds the interpreter is reported as soon as it returns, at its line."""
        many = 10**6
        began = time.thread_time()
        sum(range(many))
        enough = int(0.5 * many / (time.thread_time() - began))

        async def body(case):
            case.sum = sum(range(enough))  # here

        self.assertBlocked(body)

    def test_a_blocking_socket(self):
        """`socket.recv` on a blocking socket is reported."""

        async def body(case):
            receiver, sender = socket.socketpair()
            with receiver, sender:
                timer = threading.Timer(0.3, sender.send, (b"x",))
                timer.start()
                receiver.recv(1)  # here
                timer.join()

        self.assertBlocked(body)

    def test_a_blocking_child(self):
        """`subprocess.run` is reported at the line that calls it, not at the library's."""

        async def body(case):
            subprocess.run([sys.executable, "-c", "import time; time.sleep(0.3)"])  # here

        self.assertBlocked(body)

    def test_a_plain_callback(self):
        """A callback that belongs to no task is reported."""

        async def body(case):
            asyncio.get_running_loop().call_soon(block)
            await asyncio.sleep(0)

        self.assertIn(", in block\n", self.run_body(body).text())

    def test_each_phase(self):
        """Set-up and cleanups count as well, and the report names them."""

        async def blocks(case):
            block()

        async def body(case):
            case.addAsyncCleanup(blocks, case)

        text = self.run_body(body, asyncSetUp=blocks).text()
        self.assertIn("blocked its loop 2 times", text)
        self.assertRegex(text, "(?s)in set-up, .*in a cleanup, ")

    def test_what_is_no_blocking(self):
        """Awaiting, many short steps, and blocking without the setting are not reported."""

        async def body(case):
            for _ in range(10):
                await asyncio.sleep(0.02)  # waits: longer than the threshold, all in all
                block(0.01)

        async def blocks(case):
            block()

        self.assertEqual(self.run_body(body).kinds, ["ok"])
        self.assertEqual(self.run_body(blocks, blocking_threshold=None).kinds, ["ok"])

    def test_a_failed_test(self):
        """A test that fails by itself keeps its failure; the blocked loop is a warning."""

        async def body(case):
            block()
            case.fail("its own")

        finished = self.run_body(body)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertIn("its own", finished.text())
        (warning,) = finished.warned
        self.assertIn("blocked its loop once", warning)

    def test_a_leak_beside_it(self):
        """Leak and blocked loop are in one report."""

        async def body(case):
            case.task = asyncio.create_task(asyncio.sleep(3600), name="leaked")
            block()

        text = self.run_body(body).text()
        self.assertRegex(text, "(?s)LeakError: .*task 'leaked'.*blocked its loop once")

    def test_a_guarded_block(self):
        """`no_leaks(blocking_threshold=…)` watches from its first line on."""

        async def main():
            async with no_leaks(blocking_threshold=THRESHOLD):
                block()

        with self.assertRaisesRegex(BlockedLoopError, "in block\n"):
            asyncio.run(main())

    def test_the_sweep_is_not_the_tests(self):
        """Blocking by the sweep is not charged to the test."""

        async def stubborn():
            try:
                await asyncio.Event().wait()
            finally:
                block()

        async def body(case):
            case.task = asyncio.create_task(stubborn())
            await asyncio.sleep(0)

        self.assertEqual(self.run_body(body, on_leak="ignore").kinds, ["ok"])
