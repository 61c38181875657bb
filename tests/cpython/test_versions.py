"""Each shim does on every version what the newest Python does, or nothing if there is nothing to do."""

import asyncio
import builtins
import gc
import sys
import traceback
import types
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.cpython.versions import (
    HAS_RUNNER,
    OBJECTS_OF_A_TEST,
    ON_WINDOWS,
    CancelRequest,
    RunnerHooks,
    add_note,
    add_note_to_failure,
    debugger_is_registered,
    exception_group_type,
    uncancel,
)
from asynctestkit.leaks.census.heap import Heap
from asynctestkit.loops.runner import Runner


class FlagsTests(unittest.TestCase):
    def test_has_runner_says_what_asyncio_has(self):
        """HAS_RUNNER is true exactly if `asyncio.Runner` exists."""
        self.assertEqual(HAS_RUNNER, hasattr(asyncio, "Runner"))

    def test_on_windows_says_where_the_proactor_is(self):
        """ON_WINDOWS is true exactly if asyncio has a proactor loop."""
        self.assertEqual(ON_WINDOWS, hasattr(asyncio, "ProactorEventLoop"))


class ObjectsTests(unittest.TestCase):
    def test_objects_of_a_test(self):
        """An empty test that is repeated has no more at its end, even after a collection, nor far fewer."""

        class Case(HygienicAsyncTestCase):
            asyncio_debug = False  # which records stacks

            async def test(self):
                pass

        found = []

        def leave(self, census):
            found.append(self.population)
            original(self, census)

        original = Heap.leave
        with mock.patch.object(Heap, "leave", leave):
            for _ in range(2):
                unittest.TestSuite(Case("test") for _ in range(5)).run(unittest.TestResult())
                self.assertLessEqual(OBJECTS_OF_A_TEST - 2, found[-1])
                self.assertLessEqual(found[-1], OBJECTS_OF_A_TEST)
                gc.collect()


class AddNoteTests(unittest.TestCase):
    def test_notes_are_kept_in_order(self):
        """Notes are stored as PEP 678 says, the first one first."""
        error = ValueError("x")
        add_note(error, "one")
        add_note(error, "two")
        self.assertEqual(list(error.__notes__), ["one", "two"])

    def test_notes_are_printed(self):
        """A traceback shows every note, whatever the exception's arguments and its causes."""
        chained, suppressed, caused = ValueError("x"), KeyError("x"), OSError(2, "x")
        chained.__context__ = TypeError("before")
        chained.__context__.__context__ = LookupError("long before")
        caused.__cause__ = LookupError("before")
        suppressed.__context__ = TypeError("unseen")
        suppressed.__suppress_context__ = True
        for error in (ValueError("x"), KeyError("x"), OSError(2, "x"), chained, suppressed, caused):
            with self.subTest(error):
                said, arguments = str(error), error.args
                add_note(error, "look here")
                add_note(error, "and here")
                text = "".join(traceback.format_exception(type(error), error, None))
                self.assertEqual(
                    [text.count(each) for each in ("look here", "and here", "unseen")], [1, 1, 0]
                )
                self.assertEqual((str(error), error.args), (said, arguments))

    def test_a_chain_that_leads_back_to_itself(self):
        """On a chain that leads back to itself, the note is added and the search ends."""
        error, cause = ValueError("x"), KeyError("y")
        error.__cause__, cause.__cause__ = cause, error
        add_note(error, "look here")
        self.assertEqual(list(error.__notes__), ["look here"])

    def test_notes_on_the_failure_of_a_test(self):
        """Notes on a failure are below its message on every version, if the message is a single text."""
        for error in (ValueError("x"), AssertionError("x"), KeyError("x"), ValueError()):
            with self.subTest(error):
                add_note_to_failure(error, "look here")
                text = "".join(traceback.format_exception(type(error), error, None))
                self.assertEqual(text.count("look here"), 1)
                if error.args and str(error).startswith("x"):
                    self.assertTrue(text.endswith("Error: x\nlook here\n"), text)


class UncancelTests(unittest.IsolatedAsyncioTestCase):
    async def test_a_request_is_taken_back(self):
        """After `uncancel` the task counts no cancellation request; before 3.11 there is no count."""
        task = asyncio.current_task()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await asyncio.sleep(0)
        uncancel(task)
        self.assertEqual(getattr(task, "cancelling", lambda: 0)(), 0)


class CancelRequestTests(unittest.IsolatedAsyncioTestCase):
    async def cancelled(self):
        with self.assertRaises(asyncio.CancelledError):
            await asyncio.sleep(3600)

    async def test_ones_own(self):
        """A request cancels the task, and leaves no trace when it is withdrawn."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        before = task.cancel
        request = CancelRequest(task)
        loop.call_soon(request.make)
        await self.cancelled()
        loop.call_soon(request.make)
        await self.cancelled()
        self.assertEqual(request.times, 2)
        self.assertFalse(request.withdraw())
        self.assertEqual(getattr(task, "cancelling", lambda: 0)(), 0)
        self.assertEqual(task.cancel, before)

    async def test_that_of_others(self):
        """Requests of others are reported, whether they came before, after, or instead."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        for ask in (
            lambda request: (request.make(), task.cancel()),
            lambda request: (task.cancel(), request.make()),
            lambda request: task.cancel(),
        ):
            request = CancelRequest(task)
            loop.call_soon(ask, request)
            await self.cancelled()
            self.assertTrue(request.withdraw())
            uncancel(task)

    async def test_one_within_the_other(self):
        """Nested requests each withdraw their own, and the inner one sees the outer one's request."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        outer = CancelRequest(task)
        inner = CancelRequest(task)
        loop.call_soon(lambda: (outer.make(), inner.make()))
        await self.cancelled()
        self.assertFalse(inner.withdraw(known=1))
        self.assertFalse(outer.withdraw())
        self.assertEqual(getattr(task, "cancelling", lambda: 0)(), 0)

    async def test_handled_requests_do_not_count(self):
        """Earlier requests of others that the task has handled and taken back do not count."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        request = CancelRequest(task)
        loop.call_soon(task.cancel)
        await self.cancelled()
        uncancel(task)
        await asyncio.sleep(0)
        loop.call_soon(request.make)
        await self.cancelled()
        self.assertFalse(request.withdraw())


class ExceptionGroupTypeTests(unittest.TestCase):
    @unittest.skipUnless(HAS_RUNNER, "3.10 has no groups of its own")
    def test_the_builtin(self):
        """The type is the base class of all exception groups."""
        self.assertIs(exception_group_type(), builtins.BaseExceptionGroup)

    @unittest.skipIf(HAS_RUNNER, "groups are built in")
    def test_the_backport(self):
        """The type is that of the backport, or None without it."""
        backport = types.SimpleNamespace(BaseExceptionGroup=ValueError)
        with mock.patch.dict(sys.modules, exceptiongroup=backport):
            self.assertIs(exception_group_type(), ValueError)
        with mock.patch.dict(sys.modules, exceptiongroup=None):
            self.assertIsNone(exception_group_type())


class DebuggerIsRegisteredTests(unittest.TestCase):
    def test_without_a_debugger(self):
        """No debugger is registered in an ordinary run."""
        self.assertFalse(debugger_is_registered())

    @unittest.skipUnless(hasattr(sys, "monitoring"), "sys.monitoring is new in 3.12")
    def test_with_a_debugger(self):
        """A tool that uses the debugger's id is detected until it frees the id."""
        sys.monitoring.use_tool_id(sys.monitoring.DEBUGGER_ID, "a debugger")
        try:
            self.assertTrue(debugger_is_registered())
        finally:
            sys.monitoring.free_tool_id(sys.monitoring.DEBUGGER_ID)
        self.assertFalse(debugger_is_registered())

    @unittest.skipUnless(hasattr(sys, "monitoring"), "sys.monitoring is new in 3.12")
    def test_a_profiler_is_no_debugger(self):
        """A tool with another id is not taken for a debugger."""
        sys.monitoring.use_tool_id(sys.monitoring.PROFILER_ID, "a profiler")
        try:
            self.assertFalse(debugger_is_registered())
        finally:
            sys.monitoring.free_tool_id(sys.monitoring.PROFILER_ID)


class RunnerHooksTests(unittest.TestCase):
    def life_of(self, *bases):
        """Runs one test with every hook; returns what happened, in order."""
        events = []

        class Case(*bases):
            def setUp(self):
                events.append("setUp")

            async def asyncSetUp(self):
                events.append(asyncio.get_running_loop())

            async def test(self):
                self.addCleanup(events.append, "cleanup")
                self.addAsyncCleanup(self.on_loop)
                events.append(asyncio.get_running_loop())

            async def on_loop(self):
                events.append(asyncio.get_running_loop())

        result = unittest.TestResult()
        Case("test").run(result)
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)
        return events

    def test_a_runner_of_our_own_drives_every_phase(self):
        """A runner set in `_setupAsyncioRunner` runs the async hooks, the body and the cleanups."""
        loops = []

        class WithRunner(RunnerHooks, unittest.IsolatedAsyncioTestCase):
            def _setupAsyncioRunner(self):
                self._asyncioRunner = Runner(None, loops.append)

            def _tearDownAsyncioRunner(self):
                self._asyncioRunner.close()

        events = self.life_of(WithRunner)
        (loop,) = loops
        self.assertEqual(events, ["setUp", loop, loop, loop, "cleanup"])
        self.assertTrue(loop.is_closed())

    @unittest.skipIf(HAS_RUNNER, "3.10 alone has the hook")
    def test_a_class_with_a_loop_of_its_own_keeps_it(self):
        """On 3.10, a class with its own `_setupAsyncioLoop` is run as 3.10 runs it."""

        class WithLoop(RunnerHooks, unittest.IsolatedAsyncioTestCase):
            def _setupAsyncioLoop(self):
                unittest.IsolatedAsyncioTestCase._setupAsyncioLoop(self)

            def _tearDownAsyncioLoop(self):
                unittest.IsolatedAsyncioTestCase._tearDownAsyncioLoop(self)

        first, loop, *rest = self.life_of(WithLoop)
        self.assertEqual(first, "setUp")
        self.assertEqual(rest, [loop, loop, "cleanup"])
        self.assertTrue(loop.is_closed())

    @unittest.skipIf(HAS_RUNNER, "3.10 alone has the hook")
    def test_hooks_without_an_override_do_nothing(self):
        """On 3.10 the hooks exist, do nothing, and can be called through `super()`."""
        hooks = RunnerHooks()
        self.assertIsNone(hooks._setupAsyncioRunner())
        self.assertIsNone(hooks._tearDownAsyncioRunner())
