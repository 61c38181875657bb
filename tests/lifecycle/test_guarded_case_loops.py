"""Loops and runners of a suite's own are respected, and guarded if they are known."""

import asyncio
import sys
import unittest
from unittest import mock

from asynctestkit import HygieneMixin, HygienicAsyncTestCase
from asynctestkit.cpython.versions import HAS_RUNNER
from tests.case_runs import run, run_body
from tests.lifecycle import test_guarded_case
from tests.lifecycle.test_guarded_case import Leaking


class LoopTests(test_guarded_case.GuardedTestCase):
    @unittest.skipUnless(HAS_RUNNER, "from Python 3.11")
    def test_a_runner_of_the_suites_own(self):
        """A class with its own `asyncio.Runner` keeps it, and is guarded on it."""
        loops = []

        class Case(Leaking, HygienicAsyncTestCase):
            def _setupAsyncioRunner(self):
                self._asyncioRunner = asyncio.Runner(debug=False)
                loops.append(self._asyncioRunner.get_loop())

        self.assertGuarded(Case)
        self.assertTrue(all(loop.is_closed() for loop in loops))

    @unittest.skipUnless(HAS_RUNNER, "from Python 3.11")
    def test_a_loop_shared_by_all_tests(self):
        """On a loop that outlives the tests, each is charged with its own tasks, and the loop stays open."""
        shared = asyncio.Runner()
        self.addCleanup(shared.close)
        started_before = shared.get_loop().create_task(asyncio.sleep(3600), name="of the suite")

        class Case(Leaking, HygienicAsyncTestCase):
            def _setupAsyncioRunner(self):
                self._asyncioRunner = shared

            def _tearDownAsyncioRunner(self):
                pass

        self.assertGuarded(Case)
        self.assertGuarded(Case)
        self.assertFalse(shared.get_loop().is_closed())
        self.assertFalse(started_before.done())
        case = Case("test")
        self.assertEqual(run(case, case).kinds, ["FAIL", "FAIL"])

    @unittest.skipUnless(HAS_RUNNER, "from Python 3.11")
    def test_the_mixin_in_front_of_a_class_with_a_runner(self):
        """A class behind the mixin with a runner of its own keeps it, and is guarded on it."""
        shared = asyncio.Runner()
        self.addCleanup(shared.close)

        class Framework(unittest.IsolatedAsyncioTestCase):
            def _setupAsyncioRunner(self):
                self._asyncioRunner = shared

            def _tearDownAsyncioRunner(self):
                ended.append(self)

        class Case(Leaking, HygieneMixin, Framework):
            pass

        ended = []
        self.assertGuarded(Case)
        self.assertEqual(len(ended), 2)
        self.assertFalse(shared.get_loop().is_closed())

    @unittest.skipUnless(HAS_RUNNER, "from Python 3.11")
    def test_a_class_that_needs_no_runner(self):
        """A class that drives everything itself, on an unknown loop, is left alone."""

        class Framework(unittest.IsolatedAsyncioTestCase):
            def _setupAsyncioRunner(self):
                pass

            _tearDownAsyncioRunner = _setupAsyncioRunner

            def _callSetUp(self):
                self.setUp()

            def _callAsync(self, function, /, *args, **kwargs):
                return asyncio.run(function(*args, **kwargs))

            _callMaybeAsync = _callAsync

        class Case(Leaking, HygieneMixin, Framework):
            pass

        finished = run(Case)
        self.assertEqual((finished.kinds, finished.warned), (["ok", "ok"], []))

    def test_a_run_that_sets_up_no_loop(self):
        """A `run` that passes over unittest's own fails as it does without the library."""

        class Passing:
            def run(self, result=None):
                return unittest.TestCase.run(self, result)

            async def test(self):
                pass

        plain, ours = (
            run(type("Case", (Passing, base), {}))
            for base in (unittest.IsolatedAsyncioTestCase, HygienicAsyncTestCase)
        )
        self.assertEqual(plain.kinds, ours.kinds)
        self.assertEqual(plain.text().splitlines()[-1], ours.text().splitlines()[-1])

    @unittest.skipIf(HAS_RUNNER, "before Python 3.11")
    def test_the_mixin_in_front_of_a_class_with_a_loop_on_3_10(self):
        """A class behind the mixin with a loop of its own keeps it, and is guarded on it."""
        loops = []

        class Framework(unittest.IsolatedAsyncioTestCase):
            def _setupAsyncioLoop(self):
                super()._setupAsyncioLoop()
                self._asyncioTestLoop.set_debug(False)
                loops.append(self._asyncioTestLoop)

        class Case(Leaking, HygieneMixin, Framework):
            pass

        self.assertGuarded(Case)
        self.assertEqual([loop.is_closed() for loop in loops], [True, True])

    @unittest.skipIf(HAS_RUNNER, "before Python 3.11")
    def test_a_loop_of_the_suites_own_on_3_10(self):
        """A class with its own `_setupAsyncioLoop` works as on 3.10, and is guarded."""
        loops = []

        class Case(Leaking, HygienicAsyncTestCase):
            def _setupAsyncioLoop(self):
                unittest.IsolatedAsyncioTestCase._setupAsyncioLoop(self)
                self._asyncioTestLoop.set_debug(False)
                loops.append(self._asyncioTestLoop)

            def _tearDownAsyncioLoop(self):
                unittest.IsolatedAsyncioTestCase._tearDownAsyncioLoop(self)

        self.assertGuarded(Case)
        self.assertTrue(all(loop.is_closed() for loop in loops))

    def test_a_loop_factory(self):
        """`loop_factory` makes the loop, on every version; the leak is found on it."""
        made = []

        class Loop(asyncio.SelectorEventLoop):
            def __init__(self):
                super().__init__()
                made.append(self)

        class Case(Leaking, HygienicAsyncTestCase):
            loop_factory = Loop

            async def test_clean(self):
                self.assertIs(asyncio.get_running_loop(), made[-1])

        self.assertGuarded(Case)
        self.assertEqual([loop.is_closed() for loop in made], [True, True])

    def test_a_loop_in_debug_mode(self):
        """`asyncio_debug` sets asyncio's own debug mode, on and off."""
        for wanted in (True, False):

            async def body(_):
                self.assertIs(asyncio.get_running_loop().get_debug(), wanted)  # noqa: B023 runs at once

            self.assertEqual(run_body(body, asyncio_debug=wanted).kinds, ["ok"])

        async def by_default(_):
            self.assertEqual(asyncio.get_running_loop().get_debug(), sys.flags.dev_mode)

        with mock.patch.dict("os.environ"):
            self.assertEqual(run_body(by_default).kinds, ["ok"])
