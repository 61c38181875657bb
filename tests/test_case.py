"""The drop-in: a class has the same hooks and outcomes as on IsolatedAsyncioTestCase."""

import asyncio
import contextvars
import gc
import unittest
import warnings
from unittest import mock

from asynctestkit import HygieneMixin, HygienicAsyncTestCase
from asynctestkit.cpython.versions import HAS_RUNNER
from tests.case_runs import run, run_module

PLAIN = unittest.IsolatedAsyncioTestCase


class Mixed(HygieneMixin, unittest.IsolatedAsyncioTestCase):
    pass


TEST_HOOKS = ("setUp", "asyncSetUp", "test", "asyncTearDown", "tearDown", "async cleanup", "cleanup")
HOOKS = (*TEST_HOOKS, "setUpClass", "tearDownClass", "class cleanup")


def recorder(base, events, where="", error=ValueError):
    """A class that records every hook, and raises `error` in one of them."""

    def step(name):
        events.append(name)
        if name == where:
            raise error("no")

    async def async_step(name):
        events.append(f"{name} awaits")
        await asyncio.sleep(0)
        step(name)

    class Case(base):
        @classmethod
        def setUpClass(cls):
            cls.addClassCleanup(step, "class cleanup")
            step("setUpClass")

        @classmethod
        def tearDownClass(cls):
            step("tearDownClass")

        def setUp(self):
            self.addCleanup(step, "cleanup")
            step("setUp")

        async def asyncSetUp(self):
            self.addAsyncCleanup(async_step, "async cleanup")
            await async_step("asyncSetUp")

        async def test(self):
            await async_step("test")

        def test_sync(self):
            step("test_sync")

        async def asyncTearDown(self):
            await async_step("asyncTearDown")

        def tearDown(self):
            step("tearDown")

    return Case


def summary(finished):
    """Kind, method, and the last line of each outcome: what must not depend on the base class."""
    return [(kind, method, text.strip().rpartition("\n")[2]) for kind, method, text in finished.outcomes]


class SameLife(unittest.TestCase):
    maxDiff = None

    def assertSameLife(self, define):
        """Asserts that the class from `define(base, events)` runs alike on every base; returns the run."""
        lives = {}
        for base in (PLAIN, HygienicAsyncTestCase, Mixed):
            events = []
            finished = run(define(base, events))
            lives[base] = (events, summary(finished))
            if base is not PLAIN:
                self.assertEqual((finished.leak_warnings, finished.logged, finished.stderr), ([], "", ""))
                self.assertEqual(lives[base], lives[PLAIN], base)
        return lives[PLAIN]


class SameLifeTests(SameLife):
    def test_hooks_run_in_unittests_order(self):
        """A passing test goes through all hooks in the order of IsolatedAsyncioTestCase."""
        self.assertSameLife(recorder)

    def test_how_hooks_are_called_may_be_patched(self):
        """What a suite has put around unittest's own calls of the hooks runs, also if there are no hooks."""
        plain, seen = unittest.IsolatedAsyncioTestCase, []
        for name in ("_callSetUp", "_callTearDown"):
            inherited = getattr(plain, name)

            def around(case, name=name, inherited=inherited):
                seen.append(name)
                inherited(case)

            with mock.patch.object(plain, name, around):
                result = unittest.TestResult()
                type("Case", (HygienicAsyncTestCase,), {"test": lambda case: None})("test").run(result)
                self.assertTrue(result.wasSuccessful(), result.errors)
        self.assertEqual(seen, ["_callSetUp", "_callTearDown"])

    def test_a_failure_in_any_hook(self):
        """A failed assertion in any hook skips and runs the same as on the base class."""
        for where in HOOKS:
            with self.subTest(where):
                events, _ = self.assertSameLife(
                    lambda base, events, where=where: recorder(base, events, where, AssertionError)
                )
                self.assertIn(where, events)

    def test_an_error_in_any_hook(self):
        """Any other exception in any hook, an unexpected cancellation included, does so as well."""
        for error, hooks in (
            (ValueError, HOOKS),
            (asyncio.CancelledError, TEST_HOOKS),
            (GeneratorExit, TEST_HOOKS),
        ):
            for where in hooks:
                with self.subTest(where, error=error):
                    self.assertSameLife(
                        lambda base, events, where=where, error=error: recorder(base, events, where, error)
                    )

    def test_a_skip_in_any_hook(self):
        """SkipTest in any hook skips the same as on the base class."""
        for where in HOOKS:
            with self.subTest(where):
                self.assertSameLife(
                    lambda base, events, where=where: recorder(base, events, where, unittest.SkipTest)
                )

    def test_system_exit_in_any_hook(self):
        """SystemExit is an error of its test, in async hooks as well, and the next test runs."""
        for where in TEST_HOOKS:
            with self.subTest(where):
                events, expected = [], []
                finished = run(recorder(HygienicAsyncTestCase, events, where, SystemExit))
                run(recorder(HygienicAsyncTestCase, expected, where))
                self.assertEqual(events, expected)
                self.assertIn("ERROR", finished.kinds)
                gc.collect()
                self.assertEqual(finished.logged, "")

    def test_keyboard_interrupt_in_any_hook(self):
        """KeyboardInterrupt in any hook stops the run, and does not affect the next one."""
        for where in TEST_HOOKS:
            with self.subTest(where), self.assertNoLogs("asyncio"):
                with self.assertRaises(KeyboardInterrupt):
                    run(recorder(HygienicAsyncTestCase, [], where, KeyboardInterrupt))
                gc.collect()
                self.assertEqual(run(recorder(HygienicAsyncTestCase, [])).kinds, ["ok", "ok"])

    def test_expected_failures(self):
        """Expected failures and unexpected successes are reported as on the base class, for hooks as well."""

        def define(base, events, where=""):
            class Case(recorder(base, events, where)):
                @unittest.expectedFailure
                async def test(self):
                    self.fail("as expected")

                @unittest.expectedFailure
                async def test_sync(self):
                    events.append("unexpected")

            return Case

        _, outcomes = self.assertSameLife(define)
        self.assertEqual([kind for kind, _, _ in outcomes], ["expected failure", "unexpected success"])
        self.assertSameLife(lambda base, events: define(base, events, "asyncTearDown"))

    def test_sub_tests(self):
        """Every failed subtest is reported, and the rest of the body and the hooks run."""

        def define(base, events):
            class Case(recorder(base, events)):
                async def test(self):
                    for number in range(4):
                        with self.subTest(number=number):
                            await asyncio.sleep(0)
                            self.assertNotEqual(number, 1)
                            if number == 2:
                                raise ValueError(number)
                    events.append("end of the body")

            return Case

        events, outcomes = self.assertSameLife(define)
        self.assertIn("end of the body", events)
        self.assertEqual([kind for kind, _, _ in outcomes].count("subtest failed"), 2)


class SameOutcomeTests(SameLife):
    def test_skip_decorators(self):
        """A test or a class that is skipped by decorator runs no hook."""

        def define(base, events):
            class Case(recorder(base, events)):
                @unittest.skip("not today")
                async def test(self):
                    events.append("never")

                @unittest.skipIf(True, "nor this")
                def test_sync(self):
                    events.append("never")

            return Case

        events, outcomes = self.assertSameLife(define)
        self.assertNotIn("setUp", events)
        self.assertEqual([kind for kind, _, _ in outcomes], ["skip", "skip"])
        self.assertSameLife(lambda base, events: unittest.skip("all")(recorder(base, events)))

    @unittest.skipUnless(hasattr(PLAIN, "enterAsyncContext"), "from Python 3.11")
    def test_contexts_entered_for_the_test(self):
        """enterContext, enterAsyncContext and enterClassContext are exited in the same order."""

        class Context:
            def __init__(self, name, events):
                self.name, self.events = name, events

            def __enter__(self):
                self.events.append(f"enter {self.name}")

            def __exit__(self, *_):
                self.events.append(f"exit {self.name}")

            async def __aenter__(self):
                await asyncio.sleep(0)
                self.__enter__()

            async def __aexit__(self, *_):
                await asyncio.sleep(0)
                self.__exit__()

        def define(base, events):
            class Case(recorder(base, events)):
                @classmethod
                def setUpClass(cls):
                    cls.enterClassContext(Context("class", events))

                def setUp(self):
                    self.enterContext(Context("sync", events))

                async def asyncSetUp(self):
                    await self.enterAsyncContext(Context("async", events))

            return Case

        events, _ = self.assertSameLife(define)
        self.assertEqual([e for e in events if e.startswith("exit")][:2], ["exit async", "exit sync"])

    def test_cleanups_that_add_cleanups(self):
        """A cleanup may add others and fail; each of them runs exactly once."""

        def define(base, events):
            class Case(recorder(base, events)):
                async def test(self):
                    self.addAsyncCleanup(self.more)

                async def more(self):
                    self.addCleanup(events.append, "added by a cleanup")
                    raise ValueError("in a cleanup")

            return Case

        events, _ = self.assertSameLife(define)
        self.assertEqual(events.count("added by a cleanup"), 1)

    def test_module_and_class_cleanups(self):
        """Around the class, module hooks, class hooks and their cleanups run as they do on the base class."""
        source = """
            import unittest
            from asynctestkit import HygienicAsyncTestCase
            def setUpModule():
                print("setUpModule")
                unittest.addModuleCleanup(print, "module cleanup")
            def tearDownModule():
                print("tearDownModule")
            class Tests(BASE):
                @classmethod
                def setUpClass(cls):
                    print("setUpClass")
                    cls.addClassCleanup(print, "class cleanup")
                async def test(self):
                    print("test")
        """
        lives = [
            run_module(source.replace("BASE", base)).stdout
            for base in ("unittest.IsolatedAsyncioTestCase", "HygienicAsyncTestCase")
        ]
        self.assertEqual(
            lives[1].split("\n"),
            ["setUpModule", "setUpClass", "test", "class cleanup", "tearDownModule", "module cleanup", ""],
        )
        self.assertEqual(*lives)

    def test_a_returned_value_is_warned_of(self):
        """A test that returns a value gets the base class's DeprecationWarning, at the same line."""

        def define(base):
            class Case(base):
                async def test(self):
                    return 7

            return Case

        def lines(base):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                define(base)("test").run(unittest.TestResult())
            return [(w.category, w.filename, w.lineno) for w in caught if w.category is DeprecationWarning]

        self.assertEqual(lines(HygienicAsyncTestCase), lines(PLAIN))


class ContextVariableTests(unittest.TestCase):
    def seen(self, base):
        variable = contextvars.ContextVar("variable", default=())
        seen = {}

        def add(name):
            seen[name] = variable.get()
            variable.set((*variable.get(), name))

        async def async_add(name):
            add(name)

        class Case(base):
            def setUp(self):
                self.addCleanup(add, "cleanup")
                self.addAsyncCleanup(async_add, "async cleanup")
                add("setUp")

            async def asyncSetUp(self):
                add("asyncSetUp")

            async def test(self):
                add("test")

            async def asyncTearDown(self):
                add("asyncTearDown")

            def tearDown(self):
                add("tearDown")

        self.assertEqual(contextvars.copy_context().run(run, Case).kinds, ["ok"])
        return seen, variable.get()

    def test_the_async_phases_share_one_context(self):
        """A context variable that one coroutine sets is visible to all later ones, up to the last cleanup."""
        seen, _ = self.seen(HygienicAsyncTestCase)
        self.assertIn("asyncSetUp", seen["test"])
        self.assertIn("test", seen["asyncTearDown"])
        self.assertIn("asyncTearDown", seen["async cleanup"])

    @unittest.skipUnless(HAS_RUNNER, "before Python 3.11, sync hooks run outside of the test's context")
    def test_all_phases_share_one_context(self):
        """From 3.11 the sync hooks run in the test's context, which does not leak out."""
        seen, outside = self.seen(HygienicAsyncTestCase)
        order = ("setUp", "asyncSetUp", "test", "asyncTearDown", "tearDown", "async cleanup", "cleanup")
        self.assertEqual(seen, {name: order[:at] for at, name in enumerate(order)})
        self.assertEqual(outside, ())

    def test_the_base_class_shares_no_more_and_no_less(self):
        """Every phase sees the same variables as on IsolatedAsyncioTestCase of the same Python."""
        self.assertEqual(self.seen(HygienicAsyncTestCase), self.seen(PLAIN))


class GarbageTests(unittest.TestCase):
    def test_a_clean_test_leaves_the_collector_nothing(self):
        """A clean test leaves no cycles, which would cost more to collect than the test takes to run."""

        class Tests(HygienicAsyncTestCase):
            async def asyncSetUp(self):
                self.addAsyncCleanup(asyncio.sleep, 0)

            async def test(self):
                with self.subTest():
                    await asyncio.create_task(asyncio.sleep(0))

        Tests("test").run(unittest.TestResult())  # what is created once is not of interest
        while gc.collect():
            pass  # what is finalized may leave more
        gc.disable()
        self.addCleanup(gc.enable)
        result = unittest.TestResult()
        Tests("test").run(result)
        self.assertEqual((result.testsRun, result.wasSuccessful(), gc.collect()), (1, True, 0))
