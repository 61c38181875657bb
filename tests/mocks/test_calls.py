"""The records of asynchronous mocks' calls: lines, whether awaited, the order of awaits."""

import asyncio
import threading
import unittest
from unittest import mock

from asynctestkit.mocks.calls import (
    MockCall,
    await_order,
    call_of,
    calling_line,
    forgotten_calls,
    is_async_mock,
    keep_coroutine,
    listen_for_awaits,
    signature_text,
)
from tests.case_runs import lines_of


async def fetch(number):
    return number


class NeverEqual:
    def __eq__(self, other):
        raise AssertionError("no == of the user's is to be run")

    __hash__ = None


class ForgottenCallsTests(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.double = mock.AsyncMock(name="fetch")

    def left(self, **options):
        return [f"{call.name}{call.arguments}" for call in forgotten_calls(self.double, **options)]

    async def test_what_was_awaited_is_not(self):
        """Calls count as awaited whatever their arguments' equality."""
        await self.double(NeverEqual(), key=NeverEqual())
        await asyncio.gather(self.double(1), asyncio.create_task(self.double(2)))
        self.assertEqual(self.left(), [])

    async def test_the_line_tells_equal_calls_apart(self):
        """Of two equal calls the one not awaited is named by its line, though the other came later."""
        forgotten = self.double(1)
        await self.double(1)
        (call,) = forgotten_calls(self.double)
        forgotten.close()
        here = lines_of(self.test_the_line_tells_equal_calls_apart, "forgotten = self.double(1)")
        self.assertEqual(call.site.line, here[0])
        self.assertRegex(str(call), r"^fetch\(1\) at tests/mocks/test_calls\.py:\d+ in test_the_line_tells")

    async def test_of_equal_calls_awaited_elsewhere_the_oldest_counts_as_awaited(self):
        """If the lines of the awaits decide nothing, the oldest of equal calls counts as awaited."""
        first = self.double(1)
        second = self.double(1)
        await asyncio.create_task(first)
        (call,) = forgotten_calls(self.double)
        second.close()
        self.assertEqual(call.site.line, self.double.call_args_list[1]._asynctestkit_site.line)

    async def test_a_reset_in_between_accuses_no_call(self):
        """After a reset an await without a recorded call accuses no other call."""
        coroutine = self.double(1)
        self.double.reset_mock()
        await coroutine
        self.assertEqual(self.left(), [])

    async def test_the_fate_of_a_kept_coroutine(self):
        """A coroutine cancelled before it began, or closed, was not forgotten; `close` ends one that was."""
        for end in ("cancel", "close", "nothing"):
            coroutine = self.double(end)
            keep_coroutine(self.double, coroutine)
            if end == "cancel":
                task = asyncio.create_task(coroutine)
                task.cancel()
                await asyncio.wait([task])
            elif end == "close":
                coroutine.close()
        self.assertEqual(self.left(), ["fetch('nothing')"])
        self.assertEqual(self.left(close=True), ["fetch('nothing')"])
        self.assertEqual(self.left(), [])


class CallOfTests(unittest.IsolatedAsyncioTestCase):
    def call_of(self, coroutine):
        self.addCleanup(coroutine.close)
        return call_of(coroutine)

    async def test_mock_and_arguments_are_named(self):
        """The coroutine of a forgotten call leads to the mock, the arguments and the line of the call."""
        double = mock.AsyncMock(name="api").users.get
        self.addCleanup(double(1, key=3).close)
        call = self.call_of(double(1, key=2))
        self.assertEqual((call.name, call.arguments), ("api.users.get", "(1, key=2)"))
        self.assertEqual(call.site.function, "test_mock_and_arguments_are_named")
        self.assertEqual(self.call_of(double()).arguments, "()")

    async def test_the_kept_one_of_equal_calls(self):
        """Of equal calls a kept coroutine leads to its own."""
        double = mock.AsyncMock()
        first = double()
        keep_coroutine(double, first)
        self.addCleanup(double().close)
        self.assertEqual(self.call_of(first).site, double.call_args_list[0]._asynctestkit_site)

    async def test_the_line_is_unknown_after_a_reset(self):
        """A call from before a reset is named without its line."""
        double = mock.AsyncMock(name="fetch")
        coroutine = double(1)
        double.reset_mock()
        self.assertEqual(self.call_of(coroutine), MockCall("fetch", "(1)", None))

    async def test_other_coroutines_are_none(self):
        """A coroutine of the user's leads to no mock."""
        self.assertIsNone(self.call_of(fetch(1)))


class LineTests(unittest.IsolatedAsyncioTestCase):
    async def test_what_the_loop_itself_runs_has_no_line(self):
        """The await of a coroutine that is a task by itself has no line of the user's."""
        double = mock.AsyncMock()
        await asyncio.create_task(double())
        self.assertIsNone(double.await_args._asynctestkit_site)

    def test_a_line_of_another_thread(self):
        """Outside of every loop the line is the innermost one of the user's."""
        found = []

        def run():
            found.append(calling_line())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        self.assertEqual(found[0].function, "run")

    async def test_generated_code_is_passed_over(self):
        """Code that autospec generates has no file: the line is that of its caller."""
        autospecced = mock.create_autospec(fetch)
        await autospecced(1)
        self.assertEqual(autospecced.mock.call_args._asynctestkit_site.file, __file__)


class OrderTests(unittest.IsolatedAsyncioTestCase):
    async def test_awaits_are_numbered_across_mocks(self):
        """The number is that of the await, not of the call."""
        first, second = mock.AsyncMock(), mock.AsyncMock()
        early = first()
        await second()
        await early
        self.assertLess(await_order(second), await_order(first))

    async def test_listeners_hear_of_their_mock_alone(self):
        """A listener is woken on its loop, for its mock, until it is removed."""
        double, other, woken = mock.AsyncMock(), mock.AsyncMock(), mock.Mock()
        with listen_for_awaits(double, woken):
            await other()
            await asyncio.sleep(0)
            woken.assert_not_called()
            await double()
            await asyncio.sleep(0)
            woken.assert_called_once_with()
        await double()
        await asyncio.sleep(0)
        woken.assert_called_once_with()


class WordsTests(unittest.TestCase):
    def test_arguments_read_as_in_a_call(self):
        """Arguments are shown as in a call, and long ones are cut."""
        self.assertEqual(signature_text((1, "a"), {"key": None}), "(1, 'a', key=None)")
        self.assertEqual(len(signature_text(("x" * 1000,), {})), 83)

    def test_asynchronous_mocks_are_known_by_their_type(self):
        """A mock with the spec of a coroutine function is asynchronous; a plain mock is not."""
        self.assertTrue(is_async_mock(mock.MagicMock(spec=fetch)))
        for other in (mock.MagicMock(), mock.Mock(spec=mock.AsyncMock), fetch):
            self.assertFalse(is_async_mock(other))
