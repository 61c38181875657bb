"""Scripts of outcomes: in order, with their delays, and no more than given."""

import asyncio
import unittest
from unittest import mock

from asynctestkit import ScriptError
from asynctestkit.mocks import after, never, outcomes
from asynctestkit.mocks.outcomes import Script, is_error, perform, require_seconds
from asynctestkit.stacks.await_chain import chain_of_task


class Timeless(asyncio.SelectorEventLoop):
    """Its clock jumps to the next timer, so that no test waits."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def time(self):
        return self.now

    def _run_once(self):
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0].when())
        super()._run_once()


def run(coroutine):
    loop = Timeless()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


class OutcomesTests(unittest.TestCase):
    def test_steps_come_in_order(self):
        """Values are returned; exceptions, as instances or classes, are raised."""

        async def main():
            double = mock.AsyncMock(side_effect=outcomes(1, ValueError("no"), KeyError, None, [2]))
            self.assertEqual(await double(), 1)
            with self.assertRaisesRegex(ValueError, "no"):
                await double()
            with self.assertRaises(KeyError):
                await double()
            self.assertEqual([await double(), await double("x")], [None, [2]])
            double.assert_awaited_with("x")
            self.assertEqual(double.await_count, 5)

        run(main())

    def test_running_out_says_how_many_were_scripted(self):
        """One call more fails with the script and the call, and is remembered."""

        async def main():
            effect = outcomes(1, never())
            double = mock.AsyncMock(side_effect=effect)
            await double()
            task = asyncio.ensure_future(double())
            await asyncio.sleep(0)
            task.cancel()
            remedy = "remedy: script outcomes for all calls, or find out what calls again"
            for number in (3, 4):
                with self.assertRaises(ScriptError) as caught:
                    await double("x", key=2)
                text = f"call {number}, ('x', key=2), is one call more than scripted: 2 scripted outcomes "
                self.assertEqual(str(caught.exception), f"{text}(1, never())\n{remedy}")
            self.assertEqual(len(effect.__self__.unfinished()), 2)
            self.assertIn("swallowed an error: call 4, ('x', key=2),", effect.__self__.unfinished()[1])

        run(main())

    def test_delays_are_on_the_loops_clock(self):
        """`after` delays on the loop's clock, nested delays add up, and without a value it returns None."""

        async def main():
            loop = asyncio.get_running_loop()
            double = mock.AsyncMock(
                side_effect=outcomes(after(60, "late"), after(1, after(2, KeyError)), after(5))
            )
            self.assertEqual((await double(), loop.time()), ("late", 60))
            with self.assertRaises(KeyError):
                await double()
            self.assertEqual(loop.time(), 63)
            self.assertIsNone(await double())
            self.assertEqual(loop.time(), 68)

        run(main())

    def test_both_kinds_of_waiting_can_be_cancelled(self):
        """A timeout around a slow or endless call ends it at once."""

        async def main():
            for step in (never(), after(3600, 1), after(1, never())):
                double = mock.AsyncMock(side_effect=outcomes(step))
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(double(), 10)

        run(main())

    def test_reports_name_the_mock_and_the_step(self):
        """The await chain of a hanging call ends in the user's line, the step and the name of the mock."""

        async def use(call):
            await call()

        async def main():
            for step, said in ((never(), "never()"), (after(9), "sleep(9)")):
                task = asyncio.ensure_future(use(mock.AsyncMock(name="api", side_effect=outcomes(step))))
                await asyncio.sleep(0)
                chain = chain_of_task(task)
                self.assertEqual(chain.waits_on, f"{said} in mock 'api'")
                self.assertEqual(chain.places[0].function, "use")
                self.assertNotIn("mock", " ".join(place.file for place in chain.places[1:]))
                task.cancel()
                await asyncio.wait([task])

        run(main())

    def test_an_exception_raised_again_does_not_pile_up_frames(self):
        """An instance that is raised twice has the frames of the second time only."""
        error = ValueError()

        async def main():
            for _ in range(3):
                try:
                    await perform(error)
                except ValueError:
                    trace, depth = error.__traceback__, 0
                    while trace is not None:
                        trace, depth = trace.tb_next, depth + 1
                    self.assertEqual(depth, 2)

        run(main())
        error.__traceback__ = None

    def test_what_was_not_used_is_reported(self):
        """A script knows its unused steps."""
        script = Script([1, 2, 3])
        script.take("a call")
        self.assertEqual(script.unfinished(), ["2 of 3 scripted outcomes never used: 2, 3"])
        self.assertEqual(Script([4], "answer").unfinished(), ["1 of 1 scripted answer never used: 4"])
        self.assertEqual(Script([]).unfinished(), [])


class ValuesTests(unittest.TestCase):
    def test_a_bad_time_is_refused_when_it_is_given(self):
        """Negative and NaN delays are a ValueError, other types a TypeError; infinity is valid."""
        for bad, kind in ((-1, ValueError), (float("nan"), ValueError), ("1", TypeError), (True, TypeError)):
            with self.subTest(bad), self.assertRaisesRegex(kind, "^after: seconds is"):
                after(bad, 1)
        after(float("inf"))
        require_seconds("x", 0)

    def test_steps_read_as_they_are_written(self):
        """Steps are shown in reports as in the test."""
        self.assertEqual(repr(after(0.5, after(1, never()))), "after(0.5, after(1, never()))")

    def test_exceptions_are_steps_that_raise(self):
        """Exception instances and classes are raised; other classes are values."""
        self.assertTrue(all(map(is_error, (ValueError, ValueError(), asyncio.CancelledError))))
        self.assertFalse(any(map(is_error, (int, "ValueError", None))))
