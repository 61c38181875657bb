"""While code is debugged, no deadline interrupts it; any other tracer makes no difference."""

import asyncio
import bdb
import sys
import time
from unittest import mock

from asynctestkit.cpython.alarms import PhaseInterrupt
from tests.limits import test_deadline
from tests.limits.test_deadline import Code, sleep_on


def made_in(module, source, name):
    """The function of that name, as if it were defined in that module."""
    namespace = {"__name__": module}
    exec(source, namespace)
    return namespace[name]


class Quiet(bdb.Bdb):
    """A debugger of the user's own that stops nowhere."""

    def trace_dispatch(self, frame, event, arg):
        return None


class DebuggerTests(test_deadline.WatchdogTestCase):
    """Deadlines do not interrupt while a debugger is active."""

    def setUp(self):
        super().setUp()
        self.addCleanup(sys.settrace, sys.gettrace())
        self.code = Code()

    def assertStandsDown(self, call):
        """Asserts that a function called by `call`, under a debugger, is not interrupted."""

        def wait_until_down():
            while watch.due != float("inf"):
                time.sleep(0.001)  # waits: the watchdog's thread does not report that it does nothing

        with self.watch(self.code) as watch:
            call(wait_until_down)
        self.assertEqual(self.code.calls, [])
        self.assertFalse(watch.expired)

    def test_a_debugger_that_runs_the_code(self):
        """A subclass of `bdb.Bdb` that runs the code is in its stack."""
        self.assertStandsDown(type("Own", (bdb.Bdb,), {})().runcall)

    def test_a_debugger_that_sits_in_the_stack(self):
        """The prompt of a debugger that is known by its name is recognized in the stack."""
        for module in ("pydevd", "_pydevd_bundle.pydevd_cython", "ipdb.__main__"):
            with self.subTest(module):
                self.assertStandsDown(made_in(module, "def prompt(call): call()", "prompt"))

    def test_a_debugger_that_traces_a_frame(self):
        """A breakpoint in a frame of the stack shows in the frame's tracer."""

        def call(function):
            sys._getframe().f_trace = Quiet().trace_dispatch
            function()

        self.assertStandsDown(call)

    def test_a_debugger_that_traces_the_thread(self):
        """A debugger that traces the thread, and has not stopped yet, is found when the interrupt arrives."""

        def call(function):
            sys.settrace(Quiet().trace_dispatch)
            function()

        self.assertStandsDown(call)

    def test_a_debugger_that_traces_by_a_function(self):
        """A tracer that is a plain function is recognized by its module."""
        trace = made_in("pydevd_tracing", "def trace(frame, event, arg): return None", "trace")

        def call(function):
            sys.settrace(trace)
            function()

        self.assertStandsDown(call)

    def test_a_debugger_that_comes_while_the_signal_is_on_its_way(self):
        """A debugger that registers just before the interrupt arrives counts as well."""
        with mock.patch("asynctestkit.stacks.debuggers.debugger_is_registered", side_effect=[False, True]):
            self.assertStandsDown(lambda function: function())

    def test_a_debugger_that_is_registered(self):
        """A debugger that uses `sys.monitoring`, from 3.12 on, is found in its registry."""
        with mock.patch("asynctestkit.stacks.debuggers.debugger_is_registered", return_value=True):
            self.assertStandsDown(lambda function: function())

    def test_a_debugger_that_comes_while_the_loop_is_asked(self):
        """A debugger that is attached between the question and the loop's answer counts as well."""
        self.code.loop = loop = self.make_loop()

        async def body():
            while not self.code.asked:
                time.sleep(0.001)  # waits: the watchdog's thread does not report that it has asked
            sys.settrace(Quiet().trace_dispatch)
            await asyncio.sleep(0)

        with self.watch(self.code) as watch:
            loop.run_until_complete(body())
        self.assertEqual((self.code.calls, watch.due), ([], float("inf")))

    def test_coverage_is_no_debugger(self):
        """Any other tracer leaves the deadline in force."""
        trace = made_in("coverage.pytracer", "def trace(frame, event, arg): return trace", "trace")

        def call():
            sys.settrace(trace)
            sleep_on()

        with self.assertRaises(PhaseInterrupt), self.watch(self.code):
            call()
        self.assertEqual(self.code.calls, ["overrun"])
