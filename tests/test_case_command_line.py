"""`python -m unittest`, its options and the interpreter's, in other processes: what a user types."""

import contextlib
import importlib.util
import os
import select
import signal
import subprocess
import sys
import time
import unittest

from asynctestkit.cpython.versions import HAS_RUNNER
from tests.case_runs import HARD_CAP, environment, module_of, run_module

SUITE = """
    import asyncio
    import unittest
    from asynctestkit import HygienicAsyncTestCase

    class Tests(BASE):
        async def test_1_passes(self):
            print("printed by a passing test")
            await asyncio.sleep(0)

        async def test_2_fails(self):
            print("printed by a failing test")
            self.fail("no")

        async def test_3_never_with_f(self):
            print("printed by the third test")
"""
LEAKY = """
    import asyncio
    from asynctestkit import HygienicAsyncTestCase

    class Tests(HygienicAsyncTestCase):
        async def test_1_leaks(self):
            asyncio.create_task(asyncio.sleep(3600), name="leaked")

        async def test_2_passes(self):
            await asyncio.sleep(0)
"""
DEADLINE = """
    import asyncio
    import sys
    import time
    from asynctestkit import HygienicAsyncTestCase

    TRACER = sys.gettrace()

    class Tests(HygienicAsyncTestCase):
        deadline = 0.2
        grace_period = 0.1

        async def test_1_hangs(self):
            await asyncio.sleep(3600)

        async def test_2_blocks(self):
            time.sleep(1000)

        def test_3_computes(self):
            while True:
                pass

        async def test_4_swallows(self):
            while True:
                try:
                    time.sleep(1000)
                except BaseException:
                    pass

        async def test_5_passes(self):
            await asyncio.sleep(0)
"""
TRACER_IS_KEPT = """
        async def test_6_is_still_traced(self):
            assert sys.gettrace() is TRACER, sys.gettrace()
"""


class OptionsTests(unittest.TestCase):
    maxDiff = None

    def alike(self, *options):
        """Asserts that SUITE with these options has the same outcomes on both bases; returns the output."""
        outcomes = []
        for base in ("unittest.IsolatedAsyncioTestCase", "HygienicAsyncTestCase"):
            finished = run_module(SUITE.replace("BASE", base), *options, "test_it")
            verdict = finished.stderr.rstrip().rpartition("\n")[2]
            outcomes.append(
                (finished.returncode, finished.stdout, verdict, finished.stderr.count("printed by"))
            )
        self.assertEqual(outcomes[1], outcomes[0])
        return finished

    def test_fail_fast(self):
        """`-f` stops at the first failure."""
        self.assertNotIn("the third test", self.alike("-f").stdout)

    def test_fail_fast_on_a_leak(self):
        """`-f` stops at the first leak as well."""
        finished = run_module(LEAKY, "-f", "test_it")
        self.assertIn("Ran 1 test", finished.stderr)
        self.assertIn("FAILED (failures=1)", finished.stderr)

    def test_buffer(self):
        """`-b` shows the output of a failing test, and hides all other output."""
        finished = self.alike("-b")
        self.assertEqual(finished.stdout.count("printed by"), 1)
        self.assertIn("printed by a failing test", finished.stdout + finished.stderr)

    def test_a_leak_with_buffer(self):
        """`-b` does not change the report of a leak."""
        self.assertIn("task 'leaked', still pending", run_module(LEAKY, "-b", "test_it").stderr)

    def test_selection(self):
        """`-k` runs the tests whose names match."""
        self.assertEqual(self.alike("-k", "1_passes").stdout, "printed by a passing test\n")

    @unittest.skipUnless(sys.version_info >= (3, 12), "from Python 3.12")
    def test_durations(self):
        """`--durations` lists the tests with their times."""
        self.assertIn("Slowest test durations", self.alike("--durations", "0").stderr)

    def test_optimised(self):
        """Under `python -O`, which removes assert statements, leaks are found."""
        self.assertIn("FAILED (failures=1)", run_module(LEAKY, python=("-O",)).stderr)

    def test_optimised_deadlines(self):
        """Under `python -O` deadlines work."""
        finished = run_module(DEADLINE, python=("-O",))
        self.assertIn("FAILED (failures=4)", finished.stderr)
        self.assertIn("Ran 5 tests", finished.stderr)

    def test_nothing_else_is_printed(self):
        """A clean run prints what unittest prints, also in development mode with every warning an error."""
        clean = LEAKY.replace("asyncio.create_task(asyncio.sleep(3600), name=", "str(")
        for options in ((), ("-X", "dev", "-W", "error")):
            finished = run_module(clean, python=options)
            self.assertRegex(finished.stderr, r"\A\.\.\n-+\nRan 2 tests in \S+\n\nOK\n\Z")


class InterruptTests(unittest.TestCase):
    """Ctrl-C, as a terminal sends it."""

    def interrupted(self, body, *, again=False):
        """Sends SIGINT to a run of that body once it has printed; returns the output, and the seconds."""
        with module_of(INTERRUPTED.replace("BODY", body)) as folder:
            process = subprocess.Popen(
                [sys.executable, "-m", "unittest", "test_it"],
                cwd=folder,
                env=environment(PYTHONUNBUFFERED="1"),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            with contextlib.ExitStack() as stack:
                stack.callback(process.communicate)
                stack.callback(process.kill)
                readable, _, _ = select.select([process.stdout], [], [], HARD_CAP)
                self.assertTrue(readable, "the test has not begun")
                process.stdout.readline()
                # A signal that comes between Python's last check and the system call in which a loop waits is
                # noticed only when that returns, in plain asyncio as well.
                time.sleep(0.2)  # waits: until the loop waits
                started = time.monotonic()
                process.send_signal(signal.SIGINT)
                while again and process.poll() is None and time.monotonic() - started < HARD_CAP:
                    time.sleep(0.2)  # waits: two signals at once would be one
                    process.send_signal(signal.SIGINT)
                _, errors = process.communicate(timeout=HARD_CAP)
                return errors.decode(), time.monotonic() - started

    def test_in_a_body_that_awaits(self):
        """The run ends at once with KeyboardInterrupt, and shows where the test stood; no other test runs."""
        errors, seconds = self.interrupted('async def test(self): print("up"); await asyncio.sleep(3600)')
        self.assertTrue(errors.endswith("KeyboardInterrupt\n"), errors)
        if HAS_RUNNER:  # before 3.11 the plain class does not show it either
            self.assertIn(
                ', in test\n    async def test(self): print("up"); await asyncio.sleep(3600)\n', errors
            )
        self.assertNotIn("next test", errors)
        self.assertLess(seconds, 10)

    def test_in_a_body_that_blocks(self):
        """A body that blocks the loop ends with the second Ctrl-C, as under `asyncio.run`."""
        errors, seconds = self.interrupted('async def test(self): print("up"); time.sleep(1000)', again=True)
        self.assertIn("KeyboardInterrupt", errors)
        self.assertNotIn("next test", errors)
        self.assertLess(seconds, 10)

    def test_in_a_sync_set_up(self):
        """So does a sync set-up, in which no loop runs."""
        errors, seconds = self.interrupted(
            'def setUp(self): print("up"); time.sleep(1000)\n        def test(self): pass'
        )
        self.assertIn("KeyboardInterrupt", errors)
        self.assertNotIn("next test", errors)
        self.assertLess(seconds, 10)


INTERRUPTED = """
    import asyncio
    import signal

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits SIG_IGN
    import sys
    import time
    from asynctestkit import HygienicAsyncTestCase

    class Tests(HygienicAsyncTestCase):
        BODY

    class TestsThatFollow(HygienicAsyncTestCase):
        def test_next(self):
            print("next test", file=sys.stderr)
"""


class TracerTests(unittest.TestCase):
    def test_under_coverage(self):
        """Under coverage, which is no debugger, deadlines work, and it goes on measuring."""
        if importlib.util.find_spec("coverage") is None:
            self.skipTest("coverage is not installed")
        finished = self.run_with_coverage(DEADLINE + TRACER_IS_KEPT)
        self.assertIn("FAILED (failures=4)", finished.stderr)
        self.assertIn("Ran 6 tests", finished.stderr)

    def run_with_coverage(self, source):
        with module_of(source) as folder:
            (folder / ".coveragerc").write_text("[run]\n")
            return subprocess.run(
                [sys.executable, "-m", "coverage", "run", "-m", "unittest", "test_it"],
                cwd=folder,
                env={k: v for k, v in environment().items() if not k.startswith("COVERAGE")},
                capture_output=True,
                text=True,
                timeout=HARD_CAP,
            )

    def test_under_another_tracer(self):
        """A trace function of no debugger stops no deadline, and is restored afterwards."""
        finished = run_module(TRACER + DEADLINE + TRACER_IS_KEPT)
        self.assertIn("FAILED (failures=4)", finished.stderr)
        self.assertIn("Ran 6 tests", finished.stderr)

    def test_under_a_debugger(self):
        """Under a debugger based on bdb, deadlines do not interrupt."""
        finished = run_module(DEBUGGER)
        self.assertEqual(finished.returncode, 0, finished.stderr)
        self.assertIn("Ran 3 tests", finished.stderr)


TRACER = """
    def tracer(frame, event, argument):
        return tracer

    import sys
    sys.settrace(tracer)
"""
DEBUGGER = """
    import asyncio
    import bdb
    import sys
    import time
    from asynctestkit import HygienicAsyncTestCase

    class Debugger(bdb.Bdb):
        pass

    class Tests(HygienicAsyncTestCase):
        deadline = 0.1

        @classmethod
        def setUpClass(cls):
            debugger = Debugger()
            debugger.reset()
            sys.settrace(debugger.trace_dispatch)
            cls.addClassCleanup(sys.settrace, None)

        async def test_awaits(self):
            await asyncio.sleep(0.6)

        async def test_blocks(self):
            time.sleep(0.6)

        def test_sync(self):
            time.sleep(0.6)
"""


@unittest.skipUnless(hasattr(signal, "setitimer"), "needs signals")
class SignalTests(unittest.TestCase):
    def test_alarms_of_the_tests_own(self):
        """Tests that use SIGALRM and setitimer work, under a deadline and after one."""
        finished = run_module(ALARMS)
        self.assertEqual(finished.returncode, 1, finished.stderr)
        self.assertIn("Ran 5 tests", finished.stderr)
        self.assertIn("FAILED (failures=1)", finished.stderr)

    def test_handlers_are_left_alone(self):
        """The handlers of SIGINT and SIGALRM are the same after a run as before."""
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)]
        with open(os.devnull, "w") as silent:
            unittest.TextTestRunner(silent).run(
                unittest.defaultTestLoader.loadTestsFromName("tests.test_case_hangs.NextTests")
            )
        after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)]
        self.assertEqual(after, before)


ALARMS = """
    import asyncio
    import signal
    import time
    from asynctestkit import HygienicAsyncTestCase, hygiene

    class Alarm(Exception):
        pass

    def ring(*_):
        raise Alarm

    class Tests(HygienicAsyncTestCase):
        deadline = 20

        def setUp(self):
            self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, ring))
            self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)

        async def test_1_blocking(self):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with self.assertRaises(Alarm):
                time.sleep(1000)

        def test_2_sync(self):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with self.assertRaises(Alarm):
                time.sleep(1000)

        async def test_3_in_the_loop(self):
            rung = asyncio.Event()
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGALRM, rung.set)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            await rung.wait()
            loop.remove_signal_handler(signal.SIGALRM)

        @hygiene(deadline=0.2)
        async def test_4_overruns(self):
            time.sleep(1000)

        async def test_5_after_that(self):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with self.assertRaises(Alarm):
                time.sleep(1000)
"""
