"""`async_context` in real `async with`."""

import asyncio
import contextlib
import unittest

from asynctestkit.cpython.versions import HAS_RUNNER
from asynctestkit.mocks import async_context, never, outcomes
from asynctestkit.mocks.leftovers import unfinished
from tests.case_runs import run_body


class ContextTests(unittest.IsolatedAsyncioTestCase):
    async def test_it_gives_its_value_and_records(self):
        """`__aenter__` and `__aexit__` are AsyncMocks, found on the type as `async with` looks them up."""
        cm = async_context("connection")
        async with cm as value:
            self.assertEqual(value, "connection")
            cm.__aenter__.assert_awaited_once_with()
            cm.__aexit__.assert_not_awaited()
        cm.__aexit__.assert_awaited_once_with(None, None, None)
        self.assertEqual([call[0] for call in cm.mock_calls], ["__aenter__", "__aexit__"])
        self.assertIsInstance(cm, contextlib.AbstractAsyncContextManager)

    async def test_exit_stacks_call_it_alike(self):
        """AsyncExitStack finds the methods on the type as well, with the same records."""
        cm = async_context(1)
        async with contextlib.AsyncExitStack() as stack:
            self.assertEqual(await stack.enter_async_context(cm), 1)
        cm.__aenter__.assert_awaited_once_with()
        cm.__aexit__.assert_awaited_once_with(None, None, None)

    @unittest.skipUnless(HAS_RUNNER, "enterAsyncContext came with 3.11")
    async def test_enter_async_context_calls_it_alike(self):
        """So does enterAsyncContext."""
        cm = async_context(1)
        self.assertEqual(await self.enterAsyncContext(cm), 1)
        await self.doAsyncCleanups_of(cm)

    @unittest.skipUnless(HAS_RUNNER, "enterAsyncContext came with 3.11")
    def test_enter_async_context_leaves_it(self):
        """unittest accepts `__aexit__` as a coroutine function, and awaits it."""

        async def test(self):
            self.cm = self.makeAsyncContext(1)
            self.assertEqual(await self.enterAsyncContext(self.cm), 1)

        ran = run_body(test)
        self.assertEqual((ran.kinds, ran.warned), (["ok"], []), ran.text())

    async def doAsyncCleanups_of(self, cm):
        function, args, kwargs = self._cleanups.pop()
        await function(*args, **kwargs)
        cm.__aexit__.assert_awaited_once_with(None, None, None)

    async def test_errors_on_the_way_in_and_out(self):
        """`enter_raises` prevents the body from running, `exit_raises` comes after it."""
        cm = async_context(enter_raises=ConnectionError("down"))
        with self.assertRaisesRegex(ConnectionError, "down"):
            async with cm:
                self.fail("entered")
        cm.__aexit__.assert_not_awaited()
        cm = async_context(exit_raises=OSError)
        with self.assertRaises(OSError):
            async with cm:
                pass
        self.assertEqual(unfinished([cm]), [])

    async def test_what_the_body_came_to_is_seen(self):
        """`__aexit__` gets the body's exception, and swallows it with `suppresses`."""
        error = ValueError()
        for suppresses in (False, True):
            cm = async_context(suppresses=suppresses)
            with contextlib.suppress(*() if suppresses else (ValueError,)):
                async with cm:
                    raise error
            self.assertEqual(cm.__aexit__.await_args.args[:2], (ValueError, error))

    async def test_awaiting_gives_the_value_too(self):
        """With `awaitable`, `await` and `async with` both work; without, `await` is a TypeError."""
        cm = async_context(5, awaitable=True)
        self.assertEqual(await cm, 5)
        self.assertEqual(await asyncio.wait_for(cm, 60), 5)
        async with cm as value:
            self.assertEqual(value, 5)
        self.assertEqual(cm.__aenter__.await_count, 1)
        self.assertEqual(unfinished([cm]), [])
        with self.assertRaises(TypeError):
            await async_context(5)

    async def test_it_can_be_scripted_as_any_mock(self):
        """`side_effect`, `return_value` and `reset_mock` work on its parts, and attributes can be added."""
        cm = async_context(1)
        cm.__aenter__.side_effect = outcomes(ValueError, "second", never())
        with self.assertRaises(ValueError):
            async with cm:
                pass
        async with cm as value:
            self.assertEqual(value, "second")
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(cm.__aenter__(), 0.001)
        cm.reset_mock(side_effect=True)
        cm.__aenter__.assert_not_awaited()
        cm.__aenter__.return_value = "third"
        async with cm as value:
            self.assertEqual(value, "third")
        cm.name = "pool"
        self.assertEqual(cm.name, "pool")

    async def test_what_cannot_be_raised(self):
        """A value that is no exception is rejected, as it would never be raised."""
        for name in ("enter_raises", "exit_raises"):
            for wrong in ("down", 5, [OSError()]):
                with self.assertRaises(TypeError) as caught:
                    async_context(**{name: wrong})
                text = f"{name} is {wrong!r}, expected an exception, after(seconds, …) or never()"
                self.assertEqual(str(caught.exception), text)

    async def test_what_it_lacks_is_missing(self):
        """A misspelt attribute is an AttributeError, a wrong call a TypeError when it is made."""
        cm = async_context()
        with self.assertRaises(AttributeError):
            cm.comit()
        with self.assertRaises(TypeError):
            cm.__aexit__()


class LeavingTests(unittest.IsolatedAsyncioTestCase):
    async def test_what_was_not_left_is_known_with_its_line(self):
        """Each entry without an exit is reported with its line."""
        cm = async_context()
        await cm.__aenter__()
        async with cm:
            pass
        (line,) = unfinished([cm])
        self.assertRegex(
            line, r"^context: entered and never left at .*test_contexts\.py:\d+ in test_what_was_not"
        )
        cm.reset_mock()
        self.assertEqual(len(unfinished([cm])), 1)
        await cm.__aexit__(None, None, None)
        self.assertEqual(unfinished([cm]), [])

    async def test_from_a_task_of_its_own(self):
        """Entered by a task that does nothing else, the line is unknown, and the rest is reported."""
        cm = async_context()
        await asyncio.create_task(cm.__aenter__())
        self.assertEqual(len(unfinished([cm])), 1)

    async def test_a_scripted_exit_is_the_tests_own_affair(self):
        """If the test has replaced `__aexit__`, a missing exit is not reported."""
        cm = async_context()
        cm.__aexit__.side_effect = lambda *error: None
        async with cm:
            pass
        self.assertEqual(unfinished([cm]), [])
