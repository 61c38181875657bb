"""The mixin's checks at the end of a test, on every base class."""

import asyncio
import gc
import sys
import types
import unittest
import weakref

from asynctestkit import HygienicAsyncTestCase, LeakError, MockBuilders, allow_leaks
from asynctestkit.mocks import never
from tests.case_runs import run_body
from tests.running import run_case


class Plain(MockBuilders, unittest.IsolatedAsyncioTestCase):
    pass


BASES = (Plain, HygienicAsyncTestCase)


def setUpModule():
    module = types.ModuleType("built_api")
    exec("async def fetch(url): ...\nasync def load(): return await fetch('u')", vars(module))
    sys.modules["built_api"] = module


def tearDownModule():
    del sys.modules["built_api"]


class FoundAtTheEndTests(unittest.TestCase):
    maxDiff = None

    def assertFinds(self, expected, body, **members):
        """Asserts that on both bases the test fails once, with a text that contains `expected`."""
        for base in BASES:
            with self.subTest(base.__name__):
                outcome = run_case(type("Case", (base,), {"test": body, **members}))
                (failure,) = outcome.failures
                self.assertIn(expected, str(failure))
                self.assertEqual(outcome.complaints, [failure])

    def test_calls_never_awaited(self):
        """Calls never awaited of a session, a child mock or a patched function are found, dropped or kept."""

        async def of_session(case):
            case.makeSession().get("http://h/", a=1)

        async def of_part(case):
            case.kept = case.makeAsyncContext().__aenter__()

        async def of_patched(case):
            case.patchAsync("built_api.fetch")
            sys.modules["built_api"].fetch("x")

        async def of_iterator(case):
            case.makeAsyncIterator([]).aclose()

        async def of_response(case):
            case.makeResponse().json()

        for body, expected in (
            (of_session, "session.get"),
            (of_part, "context.__aenter__"),
            (of_patched, "fetch"),
            (of_iterator, "iterator.aclose"),
            (of_response, "response.json"),
        ):
            self.assertFinds(expected, body)
            self.assertFinds("test_builders.py", body)

    def test_the_words_on_a_plain_case(self):
        """The report names test, call, arguments and line, and the traceback has no frame of ours."""

        async def test(case):
            case.makeSession().get("http://h/", a=1)

        (outcome,) = run_body(test, Plain).outcomes
        self.assertEqual(outcome[0], "FAIL")
        self.assertRegex(
            outcome[2],
            r"^AssertionError: left over on mocks:\n- called, never awaited: "
            r"session\.get\('http://h/', a=1\) at tests/mocks/test_builders\.py:\d+ in test\nremedy: .+\n$",
        )

    def test_a_hygienic_case_reports_it_as_a_leak(self):
        """On a hygienic case a forgotten call is reported once, as a leaked coroutine of the mock."""

        async def test(case):
            case.patchAsync("built_api.fetch")("x")

        outcome = run_case(type("Case", (HygienicAsyncTestCase,), {"test": test}))
        (failure,) = outcome.failures
        self.assertIsInstance(failure, LeakError)
        (leak,) = failure.leaks
        self.assertEqual(
            (leak.name, leak.description), ("fetch", "a mock, called with ('x') and never awaited")
        )
        self.assertEqual(leak.created_at[-1].function, "test")
        self.assertEqual(leak.remedy, "await fetch(…), or give it to asyncio.create_task()")

    def test_contexts_never_left(self):
        """A context that was entered by hand, and a session, are found if they were not left."""

        async def test(case):
            await case.makeAsyncContext().__aenter__()

        async def session(case):
            await case.makeSession().__aenter__()

        self.assertFinds("context: entered and never left at ", test)
        self.assertFinds("session: entered and never left at ", session)

    def test_responses_never_released(self):
        """A response that was awaited and not released is found."""

        async def test(case):
            await case.makeSession({"GET u": case.makeResponse(text="a")}).get("u")

        self.assertFinds("response: response to GET u (requested at ", test)

    def test_outcomes_never_used(self):
        """Unused outcomes of a patch, a route or a child mock are found."""

        async def patched(case):
            case.patchAsync("built_api.fetch", outcomes=[1, 2])
            await sys.modules["built_api"].load()

        async def routed(case):
            case.makeSession({"GET u": [case.makeResponse()]})

        self.assertFinds("fetch: 1 of 2 scripted outcomes never used: 2", patched)
        self.assertFinds("session: GET u: 1 of 1 scripted answer never used: <response 200 OK>", routed)

    def test_what_code_has_swallowed(self):
        """A request without a route, and a call too many, are found though the code caught the failure."""

        async def unknown(case):
            try:
                await case.makeSession({"GET u": case.makeResponse()}).get("v")
            except Exception:
                pass

        async def too_many(case):
            fetch = case.patchAsync("built_api.fetch", outcomes=[])
            try:
                await fetch("x")
            except Exception:
                pass

        self.assertFinds("the code under test swallowed an error: no route for GET v", unknown)
        self.assertFinds(
            "the code under test swallowed an error: call 1, ('x'), is one call more than scripted", too_many
        )


class InnocentTests(unittest.TestCase):
    def assertClean(self, body, **members):
        for base in BASES:
            with self.subTest(base.__name__):
                outcome = run_case(type("Case", (base,), {"test": body, **members}))
                self.assertEqual((outcome.complaints, outcome.report), ([], ""))

    def test_a_test_that_uses_all_up(self):
        """A test that awaits, leaves, releases and uses everything passes."""

        async def test(case):
            fetch = case.patchAsync("built_api.fetch", outcomes=[1])
            case.assertEqual(await sys.modules["built_api"].load(), 1)
            fetch.assert_awaited_once_with("u")
            async with case.makeAsyncContext(case.makeAsyncIterator([1])) as rows:
                case.assertEqual([row async for row in rows], [1])
            async with case.makeSession({"GET u": [case.makeResponse(json=1)]}) as web:
                async with web.get("u") as shown:
                    case.assertEqual(await shown.json(), 1)

        self.assertClean(test)

    def test_what_was_made_and_never_used(self):
        """A mock that was never used, also a session with single answers, passes."""

        async def test(case):
            case.makeSession({"GET u": case.makeResponse(text="a")})
            case.makeAsyncContext()
            case.patchAsync("built_api.fetch", returns=1)

        self.assertClean(test)

    def test_what_cleanups_use(self):
        """Uses in earlier registered cleanups and in tear-down count as well."""

        async def asyncSetUp(case):
            async def clean_up():
                await case.cm.__aexit__(None, None, None)
                await case.web.close()
                await case.fetch("x")

            case.addAsyncCleanup(clean_up)
            case.fetch = case.patchAsync("built_api.fetch", outcomes=[1, 2])
            case.web = await case.makeSession().__aenter__()

        async def test(case):
            case.cm = case.makeAsyncContext()
            await case.cm.__aenter__()

        async def asyncTearDown(case):
            await case.fetch("y")

        self.assertClean(test, asyncSetUp=asyncSetUp, asyncTearDown=asyncTearDown)

    def test_a_call_that_was_cancelled_before_it_began(self):
        """A task cancelled before its first turn, and a closed coroutine, are no forgotten calls."""

        async def test(case):
            fetch = case.patchAsync("built_api.fetch")
            task = asyncio.create_task(fetch("x"))
            task.cancel()
            await asyncio.wait([task])
            fetch("y").close()
            with case.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(fetch("z"), 0)

        self.assertClean(test)

    def test_sync_tests_and_patches_in_set_up(self):
        """The builders need no loop, and a patch is undone."""

        def setUp(case):
            case.fetch = case.patchAsync("built_api.fetch", returns=1)

        def test(case):
            case.assertIs(sys.modules["built_api"].fetch, case.fetch)

        original = sys.modules["built_api"].fetch
        self.assertClean(test, setUp=setUp)
        self.assertIs(sys.modules["built_api"].fetch, original)

    def test_a_task_that_ends_while_the_case_settles(self):
        """A task that ends while the case settles counts, as the check comes afterwards."""

        async def work(case, cm):
            async with cm:
                await asyncio.sleep(0.01)  # waits: for a timer that the sweep waits for, too

        async def test(case):
            cm = case.makeAsyncContext()
            case.task = asyncio.create_task(work(case, cm), name="ends")
            await asyncio.sleep(0)

        outcome = run_case(type("Case", (HygienicAsyncTestCase,), {"test": test}))
        self.assertEqual(outcome.complaints, [])

    def test_nothing_is_kept(self):
        """After the test its mocks are destroyed."""
        kept = []

        async def test(case):
            kept.append(weakref.ref(case.makeAsyncContext()))

        for base in BASES:
            case = type("Case", (base,), {"test": test})("test")
            case.run(unittest.TestResult())
            gc.collect()
            self.assertIsNone(kept[-1]())


class TogetherTests(unittest.TestCase):
    def test_an_allowed_leak(self):
        """A forgotten call that is allowed as a leak is still reported by the mock."""

        @allow_leaks("coroutine", coroutine="fetch", reason="the point of the test")
        async def test(case):
            case.kept = case.patchAsync("built_api.fetch")("x")

        outcome = run_case(type("Case", (HygienicAsyncTestCase,), {"test": test}))
        (failure,) = outcome.failures
        self.assertIn("called, never awaited: fetch('x')", str(failure))

    def test_a_hanging_mock_is_named_when_the_deadline_is_over(self):
        """The report shows the test's line and the mock that it waits for."""

        async def test(case):
            case.patchAsync("built_api.fetch", returns=never())
            await sys.modules["built_api"].load()

        outcome = run_case(type("Case", (HygienicAsyncTestCase,), {"test": test, "deadline": 0.05}))
        (failure,) = outcome.failures
        self.assertIn("which waits on never() in mock 'fetch'", str(failure))
