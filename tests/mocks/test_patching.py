"""Patches of asynchronous functions: at the place of use, with their signature."""

import asyncio
import inspect
import sys
import textwrap
import types
import unittest
from unittest import mock

from asynctestkit import ScriptError
from asynctestkit.cpython.versions import mark_coroutine_function
from asynctestkit.exceptions import MissingTargetError, NotAsyncError
from asynctestkit.mocks import after, never, outcomes
from asynctestkit.mocks.calls import forgotten_calls
from asynctestkit.mocks.patching import patch_async

API = """
    import contextlib, functools

    async def fetch(url, *, retries=0):
        '''Fetches.'''
        return "real"

    async def load(url):
        return await fetch(url)

    def plain(): ...

    async def generates():
        yield 1

    @contextlib.asynccontextmanager
    async def managed():
        yield 1

    class Client:
        async def get(self, number):
            return "real"

        @classmethod
        async def of_class(cls, number):
            return "real"

        @staticmethod
        async def static(number):
            return "real"

        async def __call__(self, number): ...

    call = Client()
    partial = functools.partial(fetch, retries=3)
"""


class Case(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.api = self.module("patched_api", API)

    def module(self, name, source):
        module = types.ModuleType(name)
        self.enterContextOf(mock.patch.dict(sys.modules, {name: module}))
        exec(textwrap.dedent(source), vars(module))
        return module

    def enterContextOf(self, context):
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def patch(self, target, **given):
        stand_in, undo = patch_async(target, **given)
        self.addCleanup(undo)
        return stand_in


class StandInTests(Case):
    async def test_it_takes_the_place_until_it_is_undone(self):
        """Code that uses the name gets the mock, and afterwards the original."""
        original = self.api.fetch
        stand_in, undo = patch_async("patched_api.fetch", returns=5)
        self.assertIs(self.api.fetch, stand_in)
        self.assertEqual(await self.api.load("u"), 5)
        stand_in.assert_awaited_once_with("u")
        undo()
        self.assertIs(self.api.fetch, original)

    async def test_it_is_as_good_as_an_autospecced_one(self):
        """Records, assertions, reset and scripting work on the function itself, as with autospec."""
        stand_in = self.patch("patched_api.fetch", returns=5)
        await stand_in("u", retries=1)
        self.assertEqual((stand_in.await_count, stand_in.call_count, stand_in.called), (1, 1, True))
        self.assertEqual(stand_in.await_args_list, [mock.call("u", retries=1)])
        stand_in.assert_awaited_once_with(url="u", retries=1)
        stand_in.reset_mock()
        stand_in.assert_not_awaited()
        stand_in.return_value = 6
        self.assertEqual(await stand_in("u"), 6)
        stand_in.side_effect = [ValueError, 7]
        with self.assertRaises(ValueError):
            await stand_in("u")
        self.assertEqual(await stand_in("u"), 7)

    async def test_it_looks_like_the_original(self):
        """It has the original's name, module, docstring and signature, and is a coroutine function."""
        original = self.api.fetch
        stand_in = self.patch("patched_api.fetch")
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            self.assertEqual(getattr(stand_in, name), getattr(original, name))
        self.assertEqual(inspect.signature(stand_in), inspect.signature(original))
        plain = mark_coroutine_function(lambda: None)
        self.assertEqual(inspect.iscoroutinefunction(stand_in), inspect.iscoroutinefunction(plain))

    async def test_a_wrong_signature_fails_at_the_call(self):
        """Wrong arguments fail at the call, not at the await."""
        stand_in = self.patch("patched_api.fetch")
        for args, kwargs in (((), {}), (("u", 1), {}), (("u",), {"retry": 1})):
            with self.assertRaises(TypeError):
                stand_in(*args, **kwargs)
        stand_in.assert_not_called()

    async def test_a_forgotten_call_is_known(self):
        """A call is recorded when it is made, on every version, with its line."""
        stand_in = self.patch("patched_api.fetch")
        stand_in("u")
        (call,) = forgotten_calls(stand_in.mock, close=True)
        self.assertEqual((call.name, call.arguments), ("fetch", "('u')"))
        self.assertEqual(call.site.function, "test_a_forgotten_call_is_known")

    async def test_methods(self):
        """An instance's method gets the instance; class and static methods do not."""
        get = self.patch("patched_api.Client.get", returns=1)
        of_class = self.patch("patched_api.Client.of_class", returns=2)
        static = self.patch("patched_api.Client.static", returns=3)
        client = self.api.Client()
        self.assertEqual(await client.get(7), 1)
        get.assert_awaited_once_with(client, 7)
        for owner in (client, self.api.Client):
            self.assertEqual((await owner.of_class(8), await owner.static(9)), (2, 3))
        of_class.assert_awaited_with(8)
        static.assert_awaited_with(9)
        with self.assertRaises(TypeError):
            client.get()
        self.assertEqual(get.mock._extract_mock_name(), "Client.get")

    async def test_other_callables(self):
        """Objects with an asynchronous `__call__`, partials, and patched functions can be patched."""
        self.patch("patched_api.call", returns=1)
        self.assertEqual(await self.api.call(7), 1)
        with self.assertRaises(TypeError):
            self.api.call()
        self.patch("patched_api.partial", returns=2)
        self.assertEqual(await self.api.partial("u"), 2)
        self.patch("patched_api.fetch", returns=3)
        self.patch("patched_api.fetch", returns=4)
        self.assertEqual(await self.api.load("u"), 4)


class OutcomeTests(Case):
    async def test_one_way_at_a_time(self):
        """Two ways at once, and an object that is no exception, are TypeErrors."""
        with self.assertRaisesRegex(TypeError, "it got returns and raises"):
            patch_async("patched_api.fetch", returns=1, raises=ValueError)
        with self.assertRaisesRegex(TypeError, "expected an exception"):
            patch_async("patched_api.fetch", raises="no")

    async def test_it_raises(self):
        """Exception classes and instances are raised on every call."""
        for error in (ValueError, ValueError("no")):
            stand_in = self.patch("patched_api.fetch", raises=error)
            for _ in range(2):
                with self.assertRaises(ValueError):
                    await stand_in("u")

    async def test_scripted_outcomes(self):
        """A list, or the result of `outcomes`, is a script; running out fails."""
        for steps in ([1, KeyError], outcomes(1, KeyError)):
            stand_in = self.patch("patched_api.fetch", outcomes=steps)
            self.assertEqual(await stand_in("u"), 1)
            with self.assertRaises(KeyError):
                await stand_in("u")
            with self.assertRaisesRegex(ScriptError, "2 scripted outcomes"):
                await stand_in("u")

    async def test_what_is_no_script(self):
        """A single value is no list of outcomes: rejected at once, not at the first call."""
        for wrong in (5, "late", None):
            text = rf"^patchAsync\('patched_api.fetch', outcomes={wrong!r}\): expected a list of steps$"
            with self.assertRaisesRegex(TypeError, text):
                self.patch("patched_api.fetch", outcomes=wrong)

    async def test_it_takes_its_time(self):
        """`returns` and `raises` may be steps, the same for every call."""
        stand_in = self.patch("patched_api.fetch", returns=after(0, "late"))
        self.assertEqual([await stand_in("u"), await stand_in("u")], ["late", "late"])
        stand_in = self.patch("patched_api.fetch", raises=after(0, KeyError))
        with self.assertRaises(KeyError):
            await stand_in("u")
        stand_in = self.patch("patched_api.fetch", returns=never())
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(stand_in("u"), 0.001)

    async def test_without_any_the_mock_decides(self):
        """Without a return value a call returns a mock, as with `mock.patch`."""
        self.assertIsInstance(await self.patch("patched_api.fetch")("u"), mock.Mock)


class RefusedTests(Case):
    def refused(self, kind, target):
        with self.assertRaises(kind) as caught:
            patch_async(target)
        self.assertIsInstance(caught.exception, ScriptError)
        return str(caught.exception)

    async def test_missing_targets(self):
        """A missing module, name or class is an AttributeError as well, with the nearest name."""
        self.assertIn("there is no module 'no_such'", self.refused(MissingTargetError, "no_such.fetch"))
        text = self.refused(AttributeError, "patched_api.fetsch")
        self.assertEqual(
            text, "patchAsync('patched_api.fetsch'): patched_api has no 'fetsch'; did you mean 'fetch'?"
        )
        self.assertIn(
            "patched_api.Client has no 'xyzzy'", self.refused(MissingTargetError, "patched_api.Client.xyzzy")
        )
        self.assertIn("patched_api has no 'Q'", self.refused(MissingTargetError, "patched_api.Q.get"))
        for bad in ("fetch", "patched_api.", ".fetch", "", None):
            self.assertIn("expected 'package.module.name'", self.refused(MissingTargetError, bad))

    async def test_a_module_that_fails_to_import_shows_why(self):
        """An import error within an existing module is shown, and not taken for a missing target."""
        broken = "tests.mocks.importing_nothing"
        with self.assertRaises(ModuleNotFoundError) as caught:
            patch_async(f"{broken}.fetch")
        self.assertEqual(caught.exception.name, "no_such_module_at_all")

    async def test_what_is_not_asynchronous(self):
        """A plain function, class, generator or context is a TypeError as well, with the remedy."""
        for name, hint in (
            ("plain", "use mock.patch"),
            ("Client", "use mock.patch"),
            ("generates", "makeAsyncIterator"),
            ("managed", "makeAsyncContext"),
        ):
            self.assertIn(hint, self.refused(TypeError, f"patched_api.{name}"))
        self.refused(NotAsyncError, "os.path.join")


class WhereItIsUsedTests(Case):
    USER = """
        from lonely_api import fetch as get

        async def load():
            return await get("u")
    """

    def setUp(self):
        self.lonely = self.module("lonely_api", "async def fetch(url): ...")

    async def test_a_patch_without_effect_is_refused(self):
        """If a module has imported the name, the failure names the place to patch."""
        self.module("user", self.USER)
        with self.assertRaisesRegex(ScriptError, r"Patch where it is used: patchAsync\('user\.get'\)$"):
            patch_async("lonely_api.fetch")
        self.patch("user.get", returns=1)
        self.assertEqual(await sys.modules["user"].load(), 1)

    async def test_users_are_found_in_all_kinds_of_code(self):
        """Methods, class methods, properties, nested and wrapped functions are searched for uses."""
        for number, code in enumerate(
            (
                "class A:\n    async def m(self): await fetch('u')",
                "class A:\n    @classmethod\n    async def m(cls): await fetch('u')",
                "class A:\n    @staticmethod\n    async def m(): await fetch('u')",
                "class A:\n    @property\n    def p(self): return fetch('u')",
                "class A:\n    class B: pass\n    def m(self):\n        async def inner(): await fetch('u')",
                "import functools\n@functools.lru_cache\ndef f(): return fetch('u')",
            )
        ):
            name = f"user_{number}"
            with self.subTest(code):
                self.module(name, f"from lonely_api import fetch\n{code}")
                with self.assertRaisesRegex(ScriptError, f"{name}.fetch"):
                    patch_async("lonely_api.fetch")
                del sys.modules[name]

    async def test_correct_patches_are_accepted(self):
        """A name used where it is defined, by attribute, by a later import, or only passed on is accepted."""
        for uses in (
            "import lonely_api\nasync def load(): return await lonely_api.fetch('u')",
            "import lonely_api as api\nasync def load(): return await api.fetch('u')",
            "import lonely_api\ndef load(): return getattr(lonely_api, 'fetch')('u')",
            "async def load():\n    from lonely_api import fetch\n    await fetch('u')",
        ):
            with self.subTest(uses):
                self.module("user", self.USER)
                self.module("other", uses)
                patch_async("lonely_api.fetch")[1]()
                del sys.modules["other"], sys.modules["user"]
        self.module("package", "from lonely_api import fetch")
        self.patch("lonely_api.fetch")
        self.module("user", self.USER)
        exec("async def load(): return await fetch('u')", vars(self.lonely))
        self.lonely.load.__module__ = "lonely_api"
        self.patch("lonely_api.fetch")

    async def test_test_cases_are_no_users(self):
        """A use of the name in the test does not count as one in the code under test."""
        self.module("user", self.USER)
        self.module(
            "test_user",
            "import unittest, lonely_api\nclass T(unittest.TestCase):\n    def test(self): lonely_api.fetch",
        )
        with self.assertRaises(ScriptError):
            patch_async("lonely_api.fetch")
