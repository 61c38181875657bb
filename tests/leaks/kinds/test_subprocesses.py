"""Children that are still running."""

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import unittest
import warnings
from unittest import mock

from asynctestkit import SubprocessLeaks
from tests.leaks.contract import DetectorContract, Inner, run_body
from tests.running import Overheard, overhearing

SLEEPS = (sys.executable, "-S", "-c", "import time; print(flush=True); time.sleep(3600)")
STUBBORN = (
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(3600)",
)


class Reaping(unittest.TestCase):
    """Ends the children that tests leave on purpose."""

    def setUp(self):
        super().setUp()
        self.destroy_leftovers()  # of tests in other files
        self.pids = set()
        self.addCleanup(self.reap)
        patched = mock.patch.object(Inner, "settle_time", 0.01)
        patched.start()
        self.addCleanup(patched.stop)

    def reap(self):
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with overhearing(Overheard()):
            for thread in threading.enumerate():
                if "waitpid-" in thread.name:  # before 3.12: it keeps the transport, and logs
                    thread.join()
        for pid in self.pids:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self.pids.clear()
        self.destroy_leftovers()

    def destroy_leftovers(self):
        """Destroys what would otherwise be destroyed, and warn, in a later test.

        `subprocess` keeps each Popen that is dropped while its child runs until it starts the next child.
        """
        with overhearing(Overheard()):
            gc.collect()
            subprocess.run(("true",), check=True)
            gc.collect()

    def assertEnded(self, pid):
        """Asserts that the child has ended and was reaped."""
        with self.assertRaises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


class AsyncioContractTests(DetectorContract, Reaping):
    detector = SubprocessLeaks
    has_companions = True  # its transport

    async def make(self):
        process = await asyncio.create_subprocess_exec("sleep", "3600", stdin=-1, stdout=-1)  # leaks
        self.pids.add(process.pid)
        return process

    async def use(self):
        process = await asyncio.create_subprocess_exec("true", stdin=-1, stdout=-1)
        await process.communicate()

    def assertReleased(self, thing):
        self.assertEqual(thing.returncode, -signal.SIGTERM)
        self.assertEnded(thing.pid)

    def assertUntouched(self, thing):
        os.kill(thing.pid, signal.SIGKILL)  # raises where there is none
        self.reap()

    def let_go(self):
        self.reap()
        super().let_go()


class PopenContractTests(DetectorContract, Reaping):
    detector = SubprocessLeaks

    async def make(self):
        process = subprocess.Popen(("sleep", "3600"), stdin=-1, stdout=-1)  # leaks
        self.pids.add(process.pid)
        return process

    async def use(self):
        with subprocess.Popen("true"):
            pass
        subprocess.run(("true",), capture_output=True, check=True)

    def assertReleased(self, thing):
        self.assertEqual(thing.returncode, -signal.SIGTERM)
        self.assertTrue(thing.stdin.closed and thing.stdout.closed)
        self.assertEnded(thing.pid)

    def assertUntouched(self, thing):
        self.assertIsNone(thing.poll())
        thing.kill()
        thing.communicate()


class WhatIsALeakTests(Reaping):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual([outcome.errors, outcome.warnings, outcome.output], [[], [], ""], outcome)
        return [(leak.kind, leak.name) for leak in outcome.leaks]

    def test_the_report_has_pid_and_command(self):
        """The report has the command as for a shell, the process, and the remedy in terms of the API."""

        async def test(case):
            case.mine = subprocess.Popen(("sleep", "3600"))
            case.shell = subprocess.Popen("exec sleep 3601", shell=True)
            case.loops = await asyncio.create_subprocess_exec("sleep", "3602")
            self.pids |= {case.mine.pid, case.shell.pid, case.loops.pid}
            self.expected = [
                ("sleep 3600", f"still running, as process {case.mine.pid}", "process.wait()"),
                ("exec sleep 3601", f"still running, as process {case.shell.pid}", "process.wait()"),
                ("sleep 3602", f"still running, as process {case.loops.pid}", "await process.wait()"),
            ]

        leaks = run_body(test).leaks
        shown = [(leak.name, leak.description, leak.remedy.rpartition("; ")[2]) for leak in leaks]
        self.assertEqual(sorted(shown), sorted(self.expected))

    def test_a_child_that_ends_by_itself(self):
        """A child that ends in time is no leak, whether or not anything waits for it."""

        async def test(case):
            case.mine = subprocess.Popen("true")
            case.loops = await asyncio.create_subprocess_exec("true")

        self.assertEqual(self.leaks(test, settle_time=20.0), [])

    def test_a_child_that_has_ended_when_it_is_dropped(self):
        """For an ended child without a `wait`, Python's own warning is issued when it is dropped."""

        def test(case):
            child = subprocess.Popen("true")
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

        outcome = run_body(test)
        self.assertEqual([each.category for each in outcome.warnings], [ResourceWarning])
        self.assertEqual(outcome.leaks, ())

    def test_a_stubborn_child_is_killed(self):
        """A child that ignores SIGTERM gets SIGKILL soon after; nothing hangs or is reported later."""

        async def test(case):
            self.mine = subprocess.Popen(STUBBORN, stdout=-1)
            self.loops = await asyncio.create_subprocess_exec(*STUBBORN, stdout=-1)
            self.mine.stdout.readline()
            await self.loops.stdout.readline()

        self.assertEqual(len(self.leaks(test)), 2)
        self.assertEqual((self.mine.returncode, self.loops.returncode), (-9, -9))

    def test_a_grandchild_that_holds_the_pipes(self):
        """The pipes of an ended child are closed, though its own child has inherited them."""

        async def test(case):
            self.process = await asyncio.create_subprocess_shell("sleep 30 & echo $!; wait", stdout=-1)
            self.pids.add(int(await self.process.stdout.readline()))

        ((kind, _),) = self.leaks(test)
        self.assertEqual(kind, "subprocess")
        self.assertIsNotNone(self.process.returncode)

    def test_what_was_not_written_yet(self):
        """Unwritten input for a child that does not read is discarded."""

        def test(case):
            self.process = subprocess.Popen(("sleep", "3600"), stdin=-1)
            self.process.stdin.write(b"more")

        self.assertEqual(len(self.leaks(test)), 1)
        self.assertTrue(self.process.stdin.closed)

    def test_a_child_of_a_closed_loop(self):
        """The child of a loop that the test has closed is ended all the same."""

        async def starts():
            return await asyncio.create_subprocess_exec("sleep", "3600")

        def test(case):
            self.process = case._asyncioTestLoop.run_until_complete(starts())
            self.pids.add(self.process.pid)
            case.addCleanup(case._asyncioTestLoop.close)

        outcome = run_body(test)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["subprocess"])
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(self.process.pid, 0)
            self.assertEqual(os.WTERMSIG(status), signal.SIGTERM)
        self.process._transport.close()

    def test_children_that_are_older_are_none(self):
        """A child that was started before the test, for a whole module, is no leak."""
        with subprocess.Popen(("sleep", "3600")) as older:
            self.assertEqual(self.leaks(lambda case: older.poll() and None), [])
            older.kill()

    def test_a_child_that_ends_before_it_is_released(self):
        """A child that ends before its release is not signalled."""

        async def test(case):
            process = await asyncio.create_subprocess_exec("true")
            await process.wait()
            await case.settle()
            SubprocessLeaks().release(process._transport)

        self.assertEqual(self.leaks(test), [])

    def test_a_test_that_forks(self):
        """A forked copy of the process that goes on does not affect the test."""

        def test(case):
            pid = os.fork()
            if not pid:
                subprocess.run("true", check=True)
                os._exit(7)
            _, status = os.waitpid(pid, 0)
            case.assertEqual(os.WEXITSTATUS(status), 7)

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            outcome = run_body(test)
        self.assertEqual([*outcome.errors, *outcome.failures], [])

    def test_a_dropped_child_is_ended(self):
        """Python keeps the child of a dropped Popen, which is found and ended."""

        def test(case):
            cycle = [subprocess.Popen(("sleep", "3600"))]
            self.pids.add(cycle[0].pid)
            cycle.append(cycle)
            del cycle
            gc.collect()

        self.assertEqual(self.leaks(test), [("subprocess", "sleep 3600")])
        self.assertEnded(*self.pids)
