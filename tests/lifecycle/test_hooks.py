"""What a suite overrides or patches of unittest's own methods is called."""

import asyncio
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.cpython.versions import HAS_RUNNER
from asynctestkit.lifecycle.guarded_case import SET_UP, TEAR_DOWN
from asynctestkit.lifecycle.hooks import plain
from tests.case_runs import run

Unittests = unittest.IsolatedAsyncioTestCase


class Case(HygienicAsyncTestCase):
    async def test(self):
        await asyncio.sleep(0)


class PatchedTests(unittest.TestCase):
    def test_async_hooks(self):
        """A patched `asyncSetUp` or `asyncTearDown` of unittest's is awaited."""
        for name in ("asyncSetUp", "asyncTearDown"):
            awaited = []

            async def patched(case, awaited=awaited):
                awaited.append(case)

            with self.subTest(name), mock.patch.object(Unittests, name, patched):
                finished = run(Case)
                self.assertEqual(finished.kinds, ["ok"], finished.outcomes)
                self.assertEqual(len(awaited), 1)

    def test_how_a_test_is_called(self):
        """A suite's retry around `_callTestMethod` is used, and so is what it puts around the loop."""
        names = ["_callSetUp", "_callTestMethod", "_callTearDown"]
        if HAS_RUNNER:
            names += ["_setupAsyncioRunner", "_tearDownAsyncioRunner"]
        for name in names:
            original, called = getattr(Unittests, name), []

            def around(case, *arguments, original=original, called=called):
                called.append(case)
                return original(case, *arguments)

            with self.subTest(name), mock.patch.object(Unittests, name, around):
                self.assertEqual(run(Case).kinds, ["ok"])
                self.assertEqual(len(called), 1)

    def test_the_originals_are_kept(self):
        """What was there at import tells whether a suite has its own."""
        case = Case("test")
        self.assertIs(plain.asyncSetUp, Unittests.asyncSetUp)
        for hooks in (SET_UP, TEAR_DOWN):
            self.assertFalse(hooks.are_overridden_in(case))
        with mock.patch.object(Unittests, "asyncSetUp"):
            self.assertTrue(SET_UP.are_overridden_in(case))
            self.assertFalse(TEAR_DOWN.are_overridden_in(case))


class OverriddenTests(unittest.TestCase):
    def test_how_an_async_hook_is_called(self):
        """An override of `_callAsync` is called for hooks that do nothing, too."""
        called = []

        class Own(Case):
            def _callAsync(self, function, /, *args, **kwargs):
                called.append(function.__name__)
                return super()._callAsync(function, *args, **kwargs)

        self.assertEqual(run(Own).kinds, ["ok"])
        self.assertEqual(called, ["asyncSetUp", "asyncTearDown"])


if __name__ == "__main__":
    unittest.main()
