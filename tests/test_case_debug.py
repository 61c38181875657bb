"""`debug()`, and the same instance run more than once."""

import asyncio
import gc
import unittest
import warnings

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.cpython.versions import HAS_RUNNER
from tests.case_runs import run
from tests.test_case import PLAIN, TEST_HOOKS, recorder


def drop(case):
    """Has a case that failed under `debug()` close its loop, as the garbage collector would."""
    case.__del__()


class DebugTests(unittest.TestCase):
    def debug(self, case):
        events, outcome = [], None
        instance = case(events)("test")
        try:
            instance.debug()
        except BaseException as error:
            outcome = type(error), str(error)
        drop(instance)
        return events, outcome

    def test_debug_runs_the_hooks_of_the_base_class(self):
        """`debug()` calls the same hooks, and raises what they raise."""
        for where in ("", *TEST_HOOKS):
            with self.subTest(where):
                plain, hygienic = (
                    self.debug(lambda events, base=base, where=where: recorder(base, events, where))
                    for base in (PLAIN, HygienicAsyncTestCase)
                )
                self.assertEqual(hygienic, plain)

    def test_debug_raises_a_leak(self):
        """`debug()` raises LeakError after the last cleanup has run."""

        def leaking(events):
            class Case(recorder(HygienicAsyncTestCase, events)):
                async def test(self):
                    asyncio.create_task(asyncio.sleep(3600), name="leaked")

            return Case

        events, (kind, text) = self.debug(leaking)
        self.assertEqual(events[-1], "cleanup")
        self.assertEqual(kind.__name__, "LeakError")
        self.assertIn("leaked", text)

    def test_debug_after_a_failure_leaves_nothing_behind(self):
        """A test that fails and leaks under `debug()` raises its own failure, and the next is unaffected."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                asyncio.create_task(asyncio.sleep(3600))
                raise ValueError("its own")

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            case = Case("test")
            with self.assertRaisesRegex(ValueError, "its own"):
                case.debug()
            drop(case)
            gc.collect()
        self.assertEqual([str(each.message) for each in caught], [])
        self.assertEqual(run(recorder(HygienicAsyncTestCase, [])).kinds, ["ok", "ok"])

    @unittest.skipUnless(HAS_RUNNER, "3.10 has no such hook")
    def test_what_suites_call_again_after_a_failure(self):
        """Suites may end the loop or the cleanups by hand after a failure: a second time does nothing."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                self.addCleanup(cleaned.append, True)
                raise ValueError("its own")

        cleaned = []
        case = Case("test")
        with self.assertRaisesRegex(ValueError, "its own"):
            case.debug()
        case.doCleanups()
        case._tearDownAsyncioRunner()
        case._tearDownAsyncioRunner()
        case._hygieneSweep()
        self.assertEqual(cleaned, [True])


class SameInstanceTests(unittest.TestCase):
    def test_an_instance_runs_again(self):
        """The same instance can run any number of times, by `run()` and by `debug()`."""
        events = []
        case = recorder(HygienicAsyncTestCase, events)("test")
        for again in (case.debug, case.run, case.run, case.debug):
            again()
        once = events[: len(events) // 4]
        self.assertEqual(once[0], "setUp")
        self.assertEqual(events, once * 4)

    def test_an_instance_leaks_again(self):
        """Each run of the same instance is guarded anew."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                asyncio.create_task(asyncio.sleep(3600), name="leaked")

        case = Case("test")
        finished = run(case, case)
        self.assertEqual(finished.kinds, ["FAIL", "FAIL"])
        for _, _, text in finished.outcomes:
            self.assertIn("left behind: task 'leaked'\n", text)
        with self.assertRaisesRegex(AssertionError, "left behind: task 'leaked'"):
            case.debug()
        drop(case)
