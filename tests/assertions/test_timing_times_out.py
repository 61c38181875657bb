"""What must time out does so, by itself or by an imposed limit, and what must wait keeps waiting."""

import asyncio
import unittest

from tests.assertions.coroutines import (
    TimingTestCase,
    cleans_up_for,
    fails,
    gives_up,
    hangs,
    refuses,
    swallows,
    takes,
    translates,
)

LET_THROUGH = "remedy: let CancelledError through: re-raise it, and catch Exception rather than BaseException"


class TimesOutTests(TimingTestCase):
    clock = "virtual"

    async def test_a_limit_that_is_imposed(self):
        """What has not finished by then is cancelled, and a TimeoutError is returned."""
        error = await self.assertTimesOut(takes(3), 2)
        self.assertIsInstance(error, asyncio.TimeoutError)
        self.assertEqual(str(error), "takes() was not done after 2 s")
        self.assertEqual(self.now(), 2)

    async def test_it_gives_up_by_itself(self):
        """Its own TimeoutError is returned, with an imposed limit and without one."""
        for limits in ({"seconds": 2}, {"within": 2}, {}):
            error = await self.assertTimesOut(gives_up(1), **limits)
            self.assertEqual(str(error), "gave up")
        self.assertEqual(self.now(), 3)
        await self.assertTimesOut(asyncio.wait_for(hangs(), 1))

    async def test_exactly_at_the_limit(self):
        """Giving up at the moment of `within` is in time; what ends at that of `seconds` had not before."""
        self.assertEqual(str(await self.assertTimesOut(gives_up(1), within=1)), "gave up")
        await self.assertTimesOut(asyncio.wait_for(hangs(), 1), within=1)
        await self.assertTimesOut(takes(1), 1)
        await self.assertStillWaiting(takes(1), 1)
        self.assertEqual(self.now(), 4)

    async def test_giving_up_when_cancelled_passes_under_an_imposed_limit(self):
        """It has not finished by then, so it passes, whatever it raises when cancelled."""
        error = TimeoutError("translated")
        self.assertIs(await self.assertTimesOut(translates(error), 1), error)
        self.assertIsInstance(await self.assertTimesOut(swallows(), 1), asyncio.TimeoutError)

    async def test_a_timeout_that_came_of_our_cancelling_is_not_its_own(self):
        """A TimeoutError that only our cancellation caused does not count as its own."""
        await self.assertFailsWith(
            "translates() has no time-out of its own: still running after 1 s\n"
            "it stood at:\n"
            "  coroutines.py:N in translates\n"
            "  coroutines.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            "cancelled, it raised TimeoutError: translated\n"
            "remedy: put one around what it waits for: asyncio.timeout(…) or asyncio.wait_for(…)",
            self.assertTimesOut(translates(TimeoutError("translated")), within=1),
        )

    async def test_no_time_out_of_its_own(self):
        """If it is still running then, the assertion fails, and shows where it stood."""
        await self.assertFailsWith(
            "hangs() has no time-out of its own: still running after 1 s\n"
            "it stood at:\n"
            "  coroutines.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            "remedy: put one around what it waits for: asyncio.timeout(…) or asyncio.wait_for(…)",
            self.assertTimesOut(hangs(), within=1),
        )

    async def test_the_test_has_a_deadline(self):
        """Without a limit, nine tenths of the test's deadline apply, as the deadline would come first."""
        self.deadline = 10
        failure = await self.failure(self.assertTimesOut(hangs()))
        self.assertIn("still running after 9 s", str(failure))
        self.deadline = None
        await self.assertTimesOut(gives_up(1e6))

    async def test_it_returned(self):
        """The returned value is shown, shortened."""
        place = "defined at coroutines.py:N in takes"
        await self.assertFailsWith(
            f"takes(), {place}, did not time out: it returned 'value' after 0.9 s\n"
            "remedy: make what it waits for slower than its time-out, or check that it has one",
            self.assertTimesOut(takes(0.9), 1),
        )
        failure = await self.failure(self.assertTimesOut(takes(0, "x" * 10_000), within=1))
        self.assertIn(f"returned '{'x' * 199}… (10002 characters) at once", str(failure))

    async def test_it_raised_something_else(self):
        """Another error is no timeout; it is chained."""
        error = OSError("unreachable")
        failure = await self.assertFailsWith(
            "fails(), defined at coroutines.py:N in fails, did not time out: "
            "it raised OSError: unreachable (after 0.5 s)\n"
            "remedy: let its TimeoutError propagate, or mock the dependency that fails",
            self.assertTimesOut(fails(error, 0.5), 1),
        )
        self.assertIs(failure.__cause__, error)

    async def test_it_does_not_end_well(self):
        """An error on cancellation, an endless clean-up and a refusal have different messages."""
        start = (
            "{} was not done after 1 s, but did not end cleanly\n"
            "it stood at:\n"
            "  coroutines.py:N in {}\n"
            "  coroutines.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
        )
        error = OSError("broken")
        failure = await self.assertFailsWith(
            start.format("translates()", "translates")
            + "cancelled, it raised OSError: broken\nremedy: make its clean-up short and free of errors",
            self.assertTimesOut(translates(error), 1),
        )
        self.assertIs(failure.__cause__, error)
        await self.assertFailsWith(
            start.format("cleans_up_for()", "cleans_up_for")
            + "cancelled, it cleaned up for longer than 0.5 s, and was cut short\n"
            "remedy: make its clean-up faster, or allow it more: grace_period",
            self.assertTimesOut(cleans_up_for(9), 1),
        )
        await self.assertFailsWith(
            start.format("refuses()", "refuses")
            + f"cancelled twice, it was still there 1 s later, and was abandoned\n{LET_THROUGH}",
            self.assertTimesOut(refuses(), 1),
        )

    async def test_both_limits(self):
        """Giving both limits is an error."""
        with self.assertRaisesRegex(
            TypeError, r"^assertTimesOut takes seconds \(a limit imposed\) or within "
        ):
            await self.assertTimesOut(hangs(), 1, within=1)


class StillWaitingTests(TimingTestCase):
    clock = "virtual"

    async def test_what_waits_passes(self):
        """A coroutine that waits passes, and is cancelled afterwards."""
        ended = []

        async def waits():
            try:
                await hangs()
            finally:
                ended.append(self.now())

        await self.assertStillWaiting(waits(), 2)
        self.assertEqual(ended, [2])
        await self.assertStillWaiting(swallows(), 1)

    async def test_tasks_and_futures_of_the_users_run_on(self):
        """Tasks and futures of the user's are cancelled neither at the limit nor with the caller."""
        task, future = self.loop.create_task(hangs()), self.loop.create_future()
        for each in (task, future):
            await self.assertStillWaiting(each, 1)
            caller = self.loop.create_task(self.assertStillWaiting(each, 100))
            await self.wait(1)
            caller.cancel()
            await asyncio.wait([caller])
            self.assertTrue(caller.cancelled())
            self.assertFalse(each.done())
        self.assertEqual(self.now(), 4)
        task.cancel()

    async def test_exact_at_the_boundary(self):
        """What is done after 90 % of the time fails, after 110 % it passes, in a thousand runs."""
        for _ in range(500):
            await self.failure(self.assertStillWaiting(self.wait(0.9), 1))
            await self.assertStillWaiting(self.wait(1.1), 1)

    async def test_done_too_early(self):
        """The failure says how it ended: with a value, an error or a cancellation."""
        remedy = "remedy: check that what it waits for has not been set, sent or released already"
        await self.assertFailsWith(
            "takes(), defined at coroutines.py:N in takes"
            ", did not wait for 2 s: it returned 'value' after 1 s\n" + remedy,
            self.assertStillWaiting(takes(1), 2),
        )
        error = ValueError("x")
        failure = await self.assertFailsWith(
            "fails(), defined at coroutines.py:N in fails"
            ", did not wait for 2 s: it raised ValueError: x at once\n" + remedy,
            self.assertStillWaiting(fails(error), 2),
        )
        self.assertIs(failure.__cause__, error)
        task = self.loop.create_task(hangs(), name="bg")
        self.loop.call_later(1, task.cancel)
        await self.assertFailsWith(
            "task 'bg', defined at coroutines.py:N in hangs"
            ", did not wait for 2 s: it was cancelled after 1 s\n" + remedy,
            self.assertStillWaiting(task, 2),
        )

    async def test_it_does_not_end_well(self):
        """Errors and refusals of a cancelled coroutine are not hidden."""
        for coroutine, word in ((translates(OSError()), "raised OSError"), (refuses(), "was abandoned")):
            failure = await self.failure(self.assertStillWaiting(coroutine, 1))
            self.assertIn("was waiting after 1 s, but did not end cleanly", str(failure))
            self.assertIn(word, str(failure))


if __name__ == "__main__":
    unittest.main()
