"""Canaries for the private names of CPython that exploration depends on."""

import asyncio
import collections
import functools
import sys
import unittest
from unittest import mock

from asynctestkit.cpython import step_internals

KINDS = (asyncio.Task, asyncio.tasks._PyTask)


class Seen(collections.deque):
    """A ready queue of a loop that records the steps which go through it."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def popleft(self):
        handle = super().popleft()
        task = step_internals.task_of_step(handle)
        if task is not None:
            self.steps.append((task.get_name(), step_internals.is_bare_step(handle)))
        return handle


class ReplaceReadyQueueAndStepsTests(unittest.TestCase):
    def steps_of(self, kind):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        seen = Seen()
        step_internals.replace_ready_queue(loop, seen)

        async def body():
            await asyncio.sleep(0)
            woken = loop.create_future()
            loop.call_soon(woken.set_result, None)
            await woken

        loop.run_until_complete(kind(body(), loop=loop, name="it"))
        return seen.steps

    def test_task_of_step_and_is_bare_step_and__step_type(self):
        """A first step and one after `sleep(0)` are bare, one after a future is not."""
        for kind in KINDS:
            with self.subTest(kind):
                self.assertEqual(self.steps_of(kind), [("it", True), ("it", True), ("it", False)])

    def test_a_callback_that_belongs_to_a_task_is_no_step(self):
        """`call_soon(task.cancel)` calls a method of a task, but is a plain callback."""

        async def body():
            loop = asyncio.get_running_loop()
            for kind in KINDS:
                task = kind(asyncio.sleep(0), loop=loop)
                for callback in (task.cancel, task.done, len):
                    handle = asyncio.Handle(callback, (), loop)
                    self.assertIsNone(step_internals.task_of_step(handle))
                    handle.cancel()
                    self.assertIsNone(step_internals.task_of_step(handle))
                await task

        asyncio.run(body())

    def test_run_handle(self):
        """`run_handle` does what the loop does."""
        loop, called = asyncio.new_event_loop(), []
        self.addCleanup(loop.close)
        step_internals.run_handle(asyncio.Handle(called.append, (1,), loop))
        self.assertEqual(called, [1])


class NestedLoopTests(unittest.TestCase):
    def test_outer_loop_suspended(self):
        """The nested loop has tasks of its own, and afterwards the outer one resumes with the same task."""

        async def body(kind):
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            with step_internals.outer_loop_suspended():
                inner = asyncio.new_event_loop()
                ran = inner.run_until_complete(kind(self.who(), loop=inner))
                inner.close()
            self.assertIs(asyncio.current_task(), task)
            self.assertIs(asyncio.get_running_loop(), loop)
            self.assertIs(ran, inner)
            await asyncio.sleep(0)

        for outer in KINDS:
            for inner in KINDS:
                with self.subTest(outer=outer, inner=inner):
                    loop = asyncio.new_event_loop()
                    loop.run_until_complete(outer(body(inner), loop=loop))
                    loop.close()

    def test_a_callback_has_no_task(self):
        """Within a callback another loop runs as well; there is no task to resume."""
        loop, results = asyncio.new_event_loop(), []
        self.addCleanup(loop.close)

        def callback():
            with step_internals.outer_loop_suspended():
                asyncio.run(self.who())
            results.append(asyncio.current_task())
            loop.stop()

        loop.call_soon(callback)
        loop.run_forever()
        self.assertEqual(results, [None])

    async def who(self):
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    def test_without_a_loop_nothing_stands_still(self):
        """Outside of any loop another one runs as usual."""
        with step_internals.outer_loop_suspended():
            asyncio.run(self.who())


class LocksTests(unittest.IsolatedAsyncioTestCase):
    async def test_free_places(self):
        """A lock has one place or none, a semaphore as many as can still be acquired."""
        lock, semaphore = asyncio.Lock(), asyncio.Semaphore(2)
        self.assertEqual((step_internals.free_places(lock), step_internals.free_places(semaphore)), (1, 2))
        async with lock, semaphore:
            self.assertEqual(
                (step_internals.free_places(lock), step_internals.free_places(semaphore)), (0, 1)
            )


class RaisingTests(unittest.TestCase):
    def raised_by_statement(self, function, *arguments):
        try:
            function(*arguments)
        except Exception as error:
            trace = error.__traceback__.tb_next
            return step_internals.is_raised_by_statement(trace)

    def test_is_raised_by_statement(self):
        """A `raise`, also from another exception, is recognized; a division and a failing call are not."""

        def raises(cause=None):
            raise ValueError("on purpose") from cause

        def divides(by):
            return 1 / by

        def calls(name):
            return int(name)

        self.assertTrue(self.raised_by_statement(raises))
        self.assertTrue(self.raised_by_statement(raises, KeyError("cause")))
        self.assertFalse(self.raised_by_statement(divides, 0))
        self.assertFalse(self.raised_by_statement(calls, "x"))


class CasesTests(unittest.TestCase):
    def test_is_run_as_coroutine(self):
        """An async function is, unless another callable hides it or the case has its own way to call."""

        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_it(self): ...

            def test_sync(self): ...

        class Own(Case):
            def _callMaybeAsync(self, func, /, *args, **kwargs):
                return super()._callMaybeAsync(func, *args, **kwargs)

        case = Case("test_it")
        self.assertTrue(step_internals.is_run_as_coroutine(case, case.test_it))
        for hidden in (case.test_sync, functools.partial(case.test_it), mock.Mock(__func__=Case.test_it)):
            self.assertFalse(step_internals.is_run_as_coroutine(case, hidden))
        self.assertFalse(step_internals.is_run_as_coroutine(Own("test_it"), Own("test_it").test_it))

    def test_id_of_test(self):
        """The id is the suite's own if that works, and else unittest's."""

        class Case(unittest.TestCase):
            def test_it(self): ...

        case = Case("test_it")
        usual = case.id()
        self.assertEqual(step_internals.id_of_test(case), usual)

        async def identifies():
            return "its own"

        for own, expected in (
            (42, usual),
            (identifies, usual),
            (dict, usual),
            (lambda: f"{usual} with sqlite", f"{usual} with sqlite"),
            (mock.Mock(side_effect=LookupError), usual),
        ):
            case.id = own
            self.assertEqual(step_internals.id_of_test(case), expected)
        Case.id = property(mock.Mock(side_effect=LookupError))
        self.assertEqual(step_internals.id_of_test(Case("test_it")), usual)

    def test_is_called_by_run(self):
        """The call of `run` is told from one of the test's own, also through an override."""
        seen = []

        class Base(unittest.TestCase):
            def doCleanups(self):
                seen.append(step_internals.is_called_by_run(sys._getframe(1)))
                return super().doCleanups()

        class Case(Base):
            def doCleanups(self):
                return super().doCleanups()

            def test_it(self):
                self.doCleanups()

        self.assertTrue(Case("test_it").run().wasSuccessful())
        self.assertEqual(seen, [False, True])

    def test_fresh_case_and_method_name(self):
        """A copy has none of the original's cleanups, bound test and context, and runs by itself."""

        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                self.ran = True

        case = Case("test_it")
        case.addCleanup(self.fail)
        case.test_it = None
        fresh = step_internals.fresh_case(case)
        self.assertEqual(step_internals.method_name(fresh), "test_it")
        result = unittest.TestResult()
        fresh.run(result)
        self.assertTrue(result.wasSuccessful() and fresh.ran)
        self.assertFalse(hasattr(case, "ran"))
        if hasattr(case, "_asyncioTestContext"):  # from 3.11
            self.assertIsNot(fresh._asyncioTestContext, case._asyncioTestContext)
