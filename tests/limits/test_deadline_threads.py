"""The watchdog over other threads, and tests of it that need a process of their own."""

import contextlib
import subprocess
import sys
import textwrap
import threading
import time
import unittest
from pathlib import Path

from asynctestkit.cpython.alarms import PhaseInterrupt
from asynctestkit.limits.deadline import Watch
from tests.limits import test_deadline
from tests.limits.test_deadline import Code, spin

WARNS_OF_LATER_THREADS = (3, 13) <= sys.version_info < (3, 13, 10) or (3, 14) <= sys.version_info < (3, 14, 1)
"""Whether a fork warns of threads that are started after it, in its hooks (CPython's issue 137109)."""

PRELUDE = """
import os, sys, threading, time
from tests.limits.test_deadline import Code, PhaseInterrupt, Watch, sleep_on

def outcome():
    watch = Watch(Code(), 0.02, 30)
    try:
        sleep_on()
    except PhaseInterrupt:
        watch.stop()
        return "interrupted"
"""


class ProcessTests(unittest.TestCase):
    def run_script(self, script):
        """The words that the script prints; it has two minutes."""
        done = subprocess.run(
            [
                sys.executable,
                "-W",
                "ignore" if WARNS_OF_LATER_THREADS else "error",
                "-c",
                PRELUDE + textwrap.dedent(script),
            ],
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_a_forked_child(self):
        """A forked child has no watchdog, and its first deadline starts one; the parent's goes on."""
        said = self.run_script("""
            print("parent", outcome(), flush=True)
            outer = Watch(Code(), 3600, 30)
            child = os.fork()
            if not child:
                outer.stop()
                print("child", outcome())
                sys.exit()
            os.waitpid(child, 0)
            print("parent", outcome())
        """)
        self.assertEqual(said, ["parent", "interrupted", "child", "interrupted", "parent", "interrupted"])

    @unittest.skipIf(WARNS_OF_LATER_THREADS, "this Python counts the threads too late")
    def test_a_fork_warns_of_no_thread(self):
        """From 3.12 on a fork beside a thread warns: the watchdog's has ended by then, and goes on later."""
        said = self.run_script("""
            watch = Watch(Code(), 3600, 30)
            child = os.fork()
            if not child:
                os._exit(0)
            os.waitpid(child, 0)
            print(outcome())
        """)
        self.assertEqual(said, ["interrupted"])

    def test_a_first_deadline_in_another_thread(self):
        """After a first watch in another thread, the main thread's sleep is cut short all the same."""
        said = self.run_script("""
            thread = threading.Thread(target=lambda: Watch(Code(), 3600, 30))
            thread.start()
            thread.join()
            print(outcome())
        """)
        self.assertEqual(said, ["interrupted"])

    def test_the_end_of_the_process(self):
        """The thread, and deadlines that were not stopped, do not delay the interpreter's exit."""
        said = self.run_script("""
            watch = Watch(Code(), 3600, 30)
            print("over")
        """)
        self.assertEqual(said, ["over"])


class ThreadTests(test_deadline.WatchdogTestCase):
    def test_a_busy_thread(self):
        """Code of another thread is interrupted at its next line; the main thread is not."""
        code, outcome = Code(), []

        def work():
            try:
                with self.watch(code):
                    spin()
            except PhaseInterrupt:
                outcome.append("interrupted")

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(30)
        self.assertEqual((outcome, code.calls), (["interrupted"], ["overrun"]))
        self.assertIn("in spin\n", code.stack)

    def test_a_thread_that_goes_on(self):
        """After its watch was stopped, no interrupt is left to be raised in the thread."""
        seen = []

        def work():
            for _ in range(20):
                watch = Watch(Code(), 0.001, 30)
                with contextlib.suppress(PhaseInterrupt):
                    try:
                        time.sleep(0.001)  # waits: for the deadline, which passes just then
                    finally:
                        watch.stop()
                watch.stop()
                sys.settrace(lambda *_: None)
                seen.append((lambda: True)())
                sys.settrace(None)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(30)
        self.assertEqual(seen, [True] * 20)

    def test_a_thread_that_has_ended(self):
        """A watch whose thread has ended has no stack to show, and does no harm."""
        code, watches = Code(), []
        thread = threading.Thread(target=lambda: watches.append(Watch(code, 0.2, 0)))
        thread.start()
        thread.join()
        self.assertTrue(code.heard.wait(30))
        watches[0].stop()
        self.assertEqual((code.calls, code.stack), (["overrun"], ""))
