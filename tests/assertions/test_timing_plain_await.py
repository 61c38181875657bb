"""Awaiting through an assertion is like a plain `await`, except that nothing can refuse to end it."""

import asyncio
import contextvars
import gc
import unittest

from asynctestkit.assertions.timing import TimeAssertions
from asynctestkit.cpython.versions import HAS_RUNNER
from tests.assertions.coroutines import TimingTestCase, fails, hangs, refuses, spins, takes

VARIABLE = contextvars.ContextVar("variable", default="before")
LET_THROUGH = "remedy: let CancelledError through: re-raise it, and catch Exception rather than BaseException"


class PlainAwaitTests(TimingTestCase):
    clock = "virtual"

    async def test_one_context_and_one_task(self):
        """Variables set before are visible inside, those set inside after; the task is the caller's."""
        for how in (self.assertAwaitedWithin, self.assertTimesOut, self.assertStillWaiting):
            VARIABLE.set("before")

            async def sets():
                self.assertEqual(VARIABLE.get(), "before")
                self.assertIs(asyncio.current_task(), caller)  # noqa: B023  # it runs within this turn
                VARIABLE.set("inside")
                await asyncio.sleep(1 if how == self.assertAwaitedWithin else 3)  # noqa: B023  # it runs within this turn

            caller = asyncio.current_task()
            await how(sets(), 2)
            self.assertEqual(VARIABLE.get(), "inside")

    async def test_a_cancellation_by_others_passes_through(self):
        """A cancellation by other code reaches the awaited code at once, and passes through unchanged."""
        for how in (self.assertAwaitedWithin, self.assertTimesOut, self.assertStillWaiting):
            seen_at = []

            async def notices():
                try:
                    await hangs()
                except asyncio.CancelledError:
                    seen_at.append(self.now())  # noqa: B023  # it runs within this turn
                    raise

            task = self.loop.create_task(how(notices(), 100))
            await self.wait(1)
            task.cancel()
            await asyncio.wait([task])
            self.assertTrue(task.cancelled())
            self.assertEqual(seen_at, [self.now()])

    async def test_a_cancellation_by_others_at_the_limit(self):
        """Just before or just after the limit, a cancellation by other code takes precedence."""
        for how in (self.assertAwaitedWithin, self.assertTimesOut):
            for is_first in (True, False):
                for awaited in (hangs, self.loop.create_future, lambda: self.loop.create_task(hangs())):
                    cancel = []
                    if is_first:
                        self.loop.call_later(1, lambda: cancel[0].cancel())  # noqa: B023  # it runs within this turn
                    cancel.append(self.loop.create_task(how(awaited(), 1)))
                    await asyncio.sleep(0)
                    if not is_first:
                        self.loop.call_later(1, cancel[0].cancel)
                    await asyncio.wait(cancel)
                    self.assertTrue(cancel[0].cancelled(), (how, is_first, awaited))

    async def test_code_that_refuses_others_is_abandoned_at_the_limit(self):
        """Code that refuses a cancellation by other code is abandoned at the limit, and that is raised."""
        task = self.loop.create_task(self.assertAwaitedWithin(refuses(), 1))
        await asyncio.sleep(0)
        self.loop.call_later(1.2, task.cancel)
        await asyncio.wait([task])
        self.assertTrue(task.cancelled())
        self.assertEqual(self.now(), 2)

    async def test_one_cancellation_survived_is_over(self):
        """Code that has survived a cancellation by other code can still exceed the limit."""

        async def survives():
            task = asyncio.current_task()
            self.loop.call_later(1, task.cancel)
            try:
                await hangs()
            except asyncio.CancelledError:
                if HAS_RUNNER:
                    task.uncancel()
            await hangs()

        await self.failure(self.assertAwaitedWithin(survives(), 2))

    async def test_a_time_out_of_the_callers(self):
        """`wait_for` around an assertion ends it without a failure of the assertion."""
        for seconds in (1, 2):
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.assertTimesOut(hangs(), 2), seconds)

    @unittest.skipUnless(HAS_RUNNER, "3.10 has no asyncio.timeout and no TaskGroup")
    async def test_counts_come_out_even(self):
        """`asyncio.timeout` and TaskGroup inside and outside work, and `Task.cancelling()` ends at zero."""
        task = asyncio.current_task()
        for limit in (1, 2, 3):
            with self.assertRaises(TimeoutError if limit < 2 else AssertionError):
                async with asyncio.timeout(min(limit, 2.5)):
                    await self.assertAwaitedWithin(hangs(), 2 if limit != 2 else 1.9)
            self.assertEqual(task.cancelling(), 0)

        async def times_out_inside():
            async with asyncio.timeout(1):
                await hangs()

        await self.assertTimesOut(times_out_inside())
        await self.assertTimesOut(times_out_inside(), 2)
        await self.assertTimesOut(times_out_inside(), 0.5)
        self.assertEqual(task.cancelling(), 0)

        async def group():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(hangs())
                tasks.create_task(takes(1))

        await self.failure(self.assertAwaitedWithin(group(), 2))
        self.assertEqual(task.cancelling(), 0)
        with self.assertRaises(ExceptionGroup) as caught:  # noqa: F821  # of 3.11
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fails(ValueError("sibling"), 1))
                await self.assertAwaitedWithin(hangs(), 9)
        self.assertEqual(str(caught.exception.exceptions), "(ValueError('sibling'),)")
        self.assertEqual(task.cancelling(), 0)

    async def test_the_awaited_code_sees_that_it_is_cancelled(self):
        """`cancelling()`, by which code tells its own cancellation from others, counts ours."""
        seen = []

        async def asks():
            try:
                await hangs()
            finally:
                seen.append(getattr(asyncio.current_task(), "cancelling", lambda: 1)())

        await self.assertTimesOut(asks(), 1)
        self.assertEqual(seen, [1])

    async def test_an_assertion_in_an_assertion(self):
        """Of nested assertions the one whose limit comes first fails; if both coincide, one of them."""

        async def inner(seconds):
            await self.assertAwaitedWithin(hangs(), seconds)

        for own in (1, 2, 3):
            failure = await self.failure(self.assertAwaitedWithin(inner(own), 2))
            named = {1: r"^hangs\(\)", 2: r"^hangs\(\)|inner\(\)", 3: r"inner\(\)"}[own]
            self.assertRegex(str(failure).partition(" was not done")[0], named)


class RefusalTests(TimingTestCase):
    clock = "virtual"
    tasks_may_remain = True  # detached ones that end by themselves are still known

    async def test_refusing_code_is_left_behind(self):
        """Code that refuses two cancellations is detached, and the caller goes on."""
        await self.assertFailsWith(
            "refuses() was not done after 1 s\n"
            "it stood at:\n"
            "  coroutines.py:N in refuses\n"
            "  coroutines.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            f"cancelled twice, it was still there 1 s later, and was abandoned\n{LET_THROUGH}",
            self.assertAwaitedWithin(refuses(), 1),
        )
        self.assertEqual(self.now(), 2)

    async def test_every_kind_of_refusal(self):
        """A task, a coroutine that waits for one or many, and one that spins cannot hold up the caller."""

        async def waits_for_one():
            await self.loop.create_task(refuses())

        async def waits_for_many():
            await asyncio.gather(refuses(), refuses())

        for awaitable in (
            self.loop.create_task(refuses()),
            waits_for_one(),
            waits_for_many(),
            asyncio.gather(refuses(), refuses()),
        ):
            for how in (self.assertAwaitedWithin, self.assertTimesOut):
                if how == self.assertTimesOut and not isinstance(awaitable, asyncio.Future):
                    continue
                failure = await self.failure(how(awaitable, 1))
                self.assertIn("was abandoned", str(failure))
        self.assertEqual(asyncio.all_tasks() - {asyncio.current_task()}, set())

    async def test_abandoned_code_does_not_go_on(self):
        """Abandoned code takes no further step, and is not reported at the end."""
        steps = []

        async def counts():
            while True:
                try:
                    await asyncio.sleep(1)
                except BaseException:
                    pass
                steps.append(self.now())

        await self.failure(self.assertAwaitedWithin(counts(), 0.5))
        so_far = len(steps)
        gc.collect()
        await asyncio.sleep(10)
        self.assertEqual(len(steps), so_far)


class SpinTests(TimeAssertions, unittest.IsolatedAsyncioTestCase):
    grace_period = 0.01

    async def test_code_that_spins_is_left_behind(self):
        """Code that spins is abandoned on the real clock; a jumping one stands still while code is ready."""
        with self.assertRaisesRegex(AssertionError, r"(?s)^spins\(\) was not done .* was abandoned"):
            await self.assertAwaitedWithin(spins(), 0.01)

    async def test_the_real_clock(self):
        """On the real clock, too, code well within the limit passes and code far beyond it fails."""
        await self.assertAwaitedWithin(asyncio.sleep(0.01), 60)  # waits: this is about the real clock
        with self.assertRaises(AssertionError):
            await self.assertAwaitedWithin(asyncio.sleep(60), 0.01)  # waits: likewise

    async def test_a_plain_test_case_is_enough(self):
        """The mixin needs nothing else of the package."""
        self.assertEqual(await self.assertAwaitedWithin(takes(0), 9), "value")


if __name__ == "__main__":
    unittest.main()
