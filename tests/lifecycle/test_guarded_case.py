"""Suites override hooks, bring loops and call cleanups: the sweep still comes last."""

import asyncio
import unittest
from unittest import mock

from asynctestkit import HygieneMixin, HygienicAsyncTestCase, allow_leaks, hygiene
from asynctestkit.cpython.versions import HAS_RUNNER
from tests.case_runs import run, run_body


class Leaking:
    async def test(self):
        asyncio.create_task(asyncio.sleep(3600), name="leaked")

    async def test_clean(self):
        await asyncio.sleep(0)


class GuardedTestCase(unittest.TestCase):
    def assertGuarded(self, case):
        """Asserts that of the two tests of Leaking the leaking one fails, for its leak only."""
        finished = run(case)
        self.assertEqual(finished.kinds, ["FAIL", "ok"], finished.outcomes)
        self.assertIn("left behind: task ", finished.text("test"))
        self.assertIn("'leaked'", finished.text("test"))
        self.assertEqual((finished.warned, finished.logged, finished.stderr), ([], "", ""))


class OverriddenHooksTests(GuardedTestCase):
    def test_hooks_without_super(self):
        """setUp, asyncSetUp, tearDown and asyncTearDown need not call `super()`."""

        class Case(Leaking, HygienicAsyncTestCase):
            def setUp(self):
                pass

            async def asyncSetUp(self):
                pass

            async def asyncTearDown(self):
                pass

            def tearDown(self):
                pass

        self.assertGuarded(Case)

    def test_hooks_of_one_instance(self):
        """A hook that is set on an instance is called, and what it leaves is attributed to its phase."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                pass

        async def leaks():
            asyncio.create_task(asyncio.sleep(3600), name="leaked")

        for sync_hook, hook, phase in (
            ("setUp", "asyncSetUp", "set-up"),
            ("tearDown", "asyncTearDown", "tear-down"),
        ):
            with self.subTest(hook):
                case, called, result = Case("test"), mock.Mock(), unittest.TestResult()
                setattr(case, hook, leaks)
                setattr(case, sync_hook, called)
                case.run(result)
                called.assert_called_once_with()
                ((_, text),) = result.failures
                self.assertIn(f"created in {phase}:", text)

    def test_a_base_that_extends_how_hooks_are_called(self):
        """A class between ours and unittest's that runs code around the hooks keeps doing so."""
        events = []

        class Base(unittest.IsolatedAsyncioTestCase):
            def _callSetUp(self):
                events.append("set-up")
                super()._callSetUp()

            def _callTearDown(self):
                super()._callTearDown()
                events.append("tear-down")

        class Case(Leaking, HygieneMixin, Base):
            pass

        self.assertGuarded(Case)
        self.assertEqual(events, ["set-up", "tear-down"] * 2)

    def test_call_set_up_and_call_tear_down(self):
        """`_callSetUp` and `_callTearDown` may be replaced, as in suites that run hooks of their own."""

        class Case(Leaking, HygienicAsyncTestCase):
            def _callSetUp(self):
                self.setUp()
                self._callAsync(self.asyncSetUp)

            def _callTearDown(self):
                self._callAsync(self.asyncTearDown)
                self.tearDown()

        if HAS_RUNNER:
            self.assertGuarded(Case)
        else:
            self.assertEqual(run(Case).kinds, ["FAIL", "ok"])

    def test_hooks_with_super(self):
        """Hooks of unittest's that a class extends still work."""
        events = []

        class Case(Leaking, HygienicAsyncTestCase):
            def _callSetUp(self):
                events.append("set-up")
                super()._callSetUp()

            def _callTestMethod(self, method):
                events.append("test")
                super()._callTestMethod(method)

            def _callTearDown(self):
                super()._callTearDown()
                events.append("tear-down")

        self.assertGuarded(Case)
        self.assertEqual(events, ["set-up", "test", "tear-down"] * 2)

    def test_the_mixin_in_front_of_a_class_with_hooks(self):
        """HygieneMixin guards a subclass of IsolatedAsyncioTestCase that overrides unittest's own hooks."""
        events = []

        class Framework(unittest.IsolatedAsyncioTestCase):
            def _callSetUp(self):
                super()._callSetUp()
                events.append("framework is up")

            def _callTestMethod(self, method):
                self._callMaybeAsync(method)
                events.append("framework's test")

            async def asyncSetUp(self):
                self.server = asyncio.create_task(asyncio.sleep(3600))

            async def asyncTearDown(self):
                self.server.cancel()

        class Case(HygieneMixin, Framework):
            test = Leaking.test
            test_clean = Leaking.test_clean

        self.assertGuarded(Case)
        self.assertEqual(events, ["framework is up", "framework's test"] * 2)


class CleanupTests(unittest.TestCase):
    def test_what_tear_down_or_a_cleanup_ends_is_no_leak(self):
        """A task that asyncTearDown, tearDown, an async or a sync cleanup ends is no leak."""

        class Case(HygienicAsyncTestCase):
            async def start(self):
                self.task = asyncio.create_task(asyncio.sleep(3600))
                self.last = asyncio.create_task(asyncio.sleep(3600))
                self.addCleanup(lambda: self.last.cancel())

            async def end(self):
                self.task.cancel()
                await asyncio.wait([self.task])

            async def test_async_cleanup(self):
                await self.start()
                self.addAsyncCleanup(self.end)

            async def test_sync_cleanup(self):
                await self.start()
                self.addCleanup(self.task.cancel)

            async def test_async_tear_down(self):
                await self.start()

            async def asyncTearDown(self):
                if self._testMethodName == "test_async_tear_down":
                    await self.end()

            async def test_tear_down(self):
                await self.start()

            def tearDown(self):
                if self._testMethodName == "test_tear_down":
                    self.task.cancel()

        self.assertEqual(run(Case).kinds, ["ok"] * 4)

    def test_own_cleanups_in_the_middle(self):
        """`doCleanups()` called in a hook or a body neither sweeps nor prevents the sweep."""
        alive = []

        class Case(HygienicAsyncTestCase):
            async def asyncSetUp(self):
                self.task = asyncio.create_task(asyncio.sleep(3600), name="of set-up")

            def test_sync(self):
                self.doCleanups()
                alive.append(not self.task.done())

            async def test_async(self):
                self.doCleanups()
                await self.settle()
                alive.append(not self.task.done())

            def test_and_ended(self):
                self.doCleanups()

            def tearDown(self):
                self.doCleanups()
                if self._testMethodName == "test_and_ended":
                    self.task.cancel()
                alive.append(not self.task.done())

        finished = run(Case)
        self.assertEqual(finished.kinds, ["ok", "FAIL", "FAIL"])
        self.assertIn("'of set-up'", finished.text("test_sync"))
        self.assertEqual(alive, [True] * 5)

    def test_own_cleanups_within_the_loop(self):
        """A suite may take its cleanups and call them in the loop, where nothing can be swept."""

        class Case(Leaking, HygienicAsyncTestCase):
            async def asyncTearDown(self):
                self.addCleanup(int)
                while self._cleanups:
                    function, args, kwargs = self._cleanups.pop()
                    function(*args, **kwargs)

        self.assertEqual(run(Case).kinds, ["ok", "ok"])

    def test_a_test_within_another(self):
        """A test that is run within another one's loop fails, as no loop can; nothing else is left of it."""

        class Inner(HygienicAsyncTestCase):
            async def asyncSetUp(self):
                pass

            async def test(self):
                pass

        async def outer(case):
            result = unittest.TestResult()
            Inner("test").run(result)
            case.text = "".join(text for _, text in result.errors)
            case.assertIn("running event loop", case.text)
            case.assertEqual(len(result.errors), 1)

        finished = run_body(outer)
        self.assertEqual(finished.kinds, ["ok"], finished.text())
        self.assertEqual([text for text in finished.warned if "Inner.asyncSetUp" not in text], [])

    def test_own_cleanups_run_once(self):
        """Called between phases, `doCleanups()` runs the registered cleanups once, and does not sweep."""
        events = []

        class Case(HygienicAsyncTestCase):
            def _callTearDown(self):
                self.addCleanup(events.append, "cleaned")
                self.doCleanups()
                events.append(len(asyncio.all_tasks(self.loop)) > 0)
                super()._callTearDown()

            async def test(self):
                self.loop = asyncio.get_running_loop()
                asyncio.create_task(asyncio.sleep(3600))

            def doCleanups(self):
                return super().doCleanups()

        self.assertEqual(run(Case).kinds, ["FAIL"])
        self.assertEqual(events, ["cleaned", True])

    def test_the_report_names_the_phase(self):
        """A leak of set-up, tear-down or a cleanup fails the test as well, and names the phase."""

        async def body(_):
            pass

        async def in_hook(_):
            asyncio.create_task(asyncio.sleep(3600))

        for hook, phase in (("asyncSetUp", "set-up"), ("asyncTearDown", "tear-down")):
            finished = run_body(body, **{hook: in_hook})
            self.assertEqual(finished.kinds, ["FAIL"])
            self.assertIn(f"created in {phase}", finished.text())

        async def cleaning(case):
            case.addAsyncCleanup(in_hook, case)

        finished = run_body(cleaning)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertIn("created in a cleanup", finished.text())

    def test_a_leak_where_set_up_fails(self):
        """If set-up fails, what it has started is swept and reported in a warning."""

        async def set_up(_):
            asyncio.create_task(asyncio.sleep(3600), name="started")
            raise ValueError("no")

        finished = run_body(lambda _: None, asyncSetUp=set_up)
        self.assertEqual(finished.kinds, ["ERROR"])
        (warning,) = finished.leak_warnings
        self.assertIn("'started'", warning)

    def test_a_leak_in_a_sync_test(self):
        """A sync test method is guarded like an async one."""

        def body(case):
            case.loop.create_task(asyncio.sleep(3600), name="leaked")

        async def set_up(case):
            case.loop = asyncio.get_running_loop()

        finished = run_body(body, asyncSetUp=set_up)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertIn("created in the test", finished.text())


class StaleAllowanceTests(unittest.TestCase):
    def outcome(self, decorate, *, leaks=False):
        async def body(_):
            if leaks:
                asyncio.create_task(asyncio.sleep(3600), name="leaked")

        finished = run_body(decorate(body))
        return finished.kinds[0], finished.text()

    def test_one_that_matches(self):
        """An allowance that matches passes the test."""
        decorate = allow_leaks("task", name="leak*", reason="it is what it is")
        self.assertEqual(self.outcome(decorate, leaks=True), ("ok", ""))

    def test_one_that_matches_nothing(self):
        """A stale allowance fails a test that has passed, with its reason."""
        decorate = allow_leaks("task", name="gone", reason="once it was so")
        kind, text = self.outcome(decorate)
        self.assertEqual(kind, "FAIL")
        for part in ("allow_leaks('task', name='gone')", "once it was so", "required=False"):
            self.assertIn(part, text)

    def test_one_that_need_not_match(self):
        """An allowance with `required=False`, or on the class, is never stale."""
        decorate = allow_leaks("task", name="gone", reason="now and then", required=False)
        self.assertEqual(self.outcome(decorate), ("ok", ""))
        decorate = allow_leaks("task", name="gone", reason="now and then")
        self.assertEqual(
            run(decorate(type("Case", (Leaking, HygienicAsyncTestCase), {}))).kinds, ["FAIL", "ok"]
        )

    def test_a_leak_comes_before_a_stale_allowance(self):
        """If the test leaks something else, that fails it, and not the stale allowance."""
        kind, text = self.outcome(allow_leaks("task", name="gone", reason="-"), leaks=True)
        self.assertEqual(kind, "FAIL")
        self.assertIn("left behind: task 'leaked'\n", text)

    def test_a_failed_test_gets_no_report_of_it(self):
        """A test that has failed or skipped itself gets no report of a stale allowance."""
        decorate = allow_leaks("task", name="gone", reason="-")
        for error, kind in ((ValueError("no"), "ERROR"), (unittest.SkipTest("no"), "skip")):

            async def body(_, error=error):
                raise error

            finished = run_body(decorate(body))
            self.assertEqual((finished.kinds, finished.leak_warnings), ([kind], []))

    def test_where_leaks_only_warn(self):
        """With `on_leak = "warn"` a stale allowance is a warning, with "ignore" nothing."""
        for on_leak, warnings in (("warn", 1), ("ignore", 0)):

            @hygiene(on_leak=on_leak)
            @allow_leaks("task", name="gone", reason="-")
            async def body(_):
                pass

            finished = run_body(body)
            self.assertEqual((finished.kinds, len(finished.leak_warnings)), (["ok"], warnings))
