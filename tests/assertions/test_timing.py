"""What must be done within a time is done, or the failure says in full what it did instead."""

import asyncio
import gc
import math
import traceback
import unittest
import warnings

from tests.assertions.coroutines import (
    Awaitable,
    TimingTestCase,
    cleans_up_for,
    fails,
    hangs,
    swallows,
    takes,
    translates,
)


class AwaitedWithinTests(TimingTestCase):
    clock = "virtual"

    async def test_the_result_is_returned(self):
        """Coroutines, tasks, futures and other awaitables give their results."""
        for awaitable in (takes(1), self.loop.create_task(takes(1)), Awaitable(takes(1))):
            self.assertEqual(await self.assertAwaitedWithin(awaitable, 2), "value")
        self.assertEqual(await self.assertAwaitedWithin(self.wait(1), 2), 1)
        self.assertEqual(self.now(), 3)

    async def test_ninety_percent_pass_and_a_hundred_and_ten_fail(self):
        """The boundary is exact, in a thousand runs, through tasks and gathers as well."""
        for _ in range(250):
            for wrapped in (Awaitable, self.loop.create_task, asyncio.gather, asyncio.shield):
                await self.assertAwaitedWithin(wrapped(takes(0.9)), 1)
                await self.failure(self.assertAwaitedWithin(wrapped(takes(1.1)), 1))
        await asyncio.sleep(1)  # until what was shielded has ended

    async def test_exactly_at_the_limit(self):
        """What another timer ends at the moment of the limit is in time."""
        for wrapped in (Awaitable, self.loop.create_task, asyncio.gather, asyncio.shield):
            self.assertIsNotNone(await self.assertAwaitedWithin(wrapped(takes(1)), 1))
        self.assertEqual(self.now(), 4)

    async def test_zero_seconds(self):
        """A done future, and a coroutine that never waits, pass within zero seconds."""
        done = self.loop.create_future()
        done.set_result("there")
        self.assertEqual(await self.assertAwaitedWithin(done, 0), "there")
        self.assertEqual(await self.assertAwaitedWithin(asyncio.wait([done]), 0), ({done}, set()))
        await self.failure(self.assertAwaitedWithin(takes(0.001), 0))

    async def test_infinity_is_no_limit(self):
        """Infinity is no limit."""
        await self.assertAwaitedWithin(takes(1e6), math.inf)

    async def test_a_result_that_is_ready_when_the_limit_fires_is_not_lost(self):
        """A result that is on its way when the limit fires arrives, through any number of tasks."""
        loop = self.loop

        async def through(depth, future):
            return await (loop.create_task(through(depth - 1, future)) if depth else future)

        for depth in range(5):
            future = loop.create_future()
            loop.call_later(1, future.set_result, depth)
            self.assertEqual(await self.assertAwaitedWithin(through(depth, future), 1), depth)

    async def test_a_queue_loses_no_item_at_the_limit(self):
        """An item that is put at the moment of the limit is returned."""
        queue = asyncio.Queue()
        self.loop.call_later(1, queue.put_nowait, "item")
        self.assertEqual(await self.assertAwaitedWithin(queue.get(), 1), "item")

    async def test_too_slow(self):
        """The failure shows where the coroutine stood, and it is cancelled."""
        await self.assertFailsWith(
            "takes() was not done after 2 s\n"
            "it stood at:\n"
            "  coroutines.py:N in takes\n"
            "  tasks.py:N in sleep\n"
            "  which waits on sleep(3)\n"
            "remedy: find out what it waits for, or allow more than 2 s",
            self.assertAwaitedWithin(takes(3), 2),
        )
        self.assertEqual(self.now(), 2)

    async def test_a_task_that_is_too_slow(self):
        """The failure names the task and shows where it stood; it was cancelled and has cleaned up."""
        task = self.loop.create_task(cleans_up_for(0.4), name="bg:slow")
        await self.assertFailsWith(
            "task 'bg:slow' was not done after 1 s\n"
            "it stood at:\n"
            "  coroutines.py:N in cleans_up_for\n"
            "  coroutines.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            "remedy: find out what it waits for, or allow more than 1 s",
            self.assertAwaitedWithin(task, 1),
        )
        self.assertTrue(task.cancelled())
        self.assertEqual(self.now(), 1.4)

    async def test_what_it_waited_on_is_named(self):
        """For a coroutine that waits for a task, the failure names that task."""
        task = self.loop.create_task(hangs(), name="inner")
        failure = await self.failure(self.assertAwaitedWithin(Awaitable(asyncio.wait_for(task, 9)), 1))
        self.assertIn("the awaitable Awaitable was not done after 1 s", str(failure))

        async def waits():
            await self.loop.create_task(hangs(), name="innermost")

        failure = await self.failure(self.assertAwaitedWithin(waits(), 1))
        self.assertIn("which waits on task 'innermost'", str(failure))
        failure = await self.failure(self.assertAwaitedWithin(self.loop.create_future(), 1))
        self.assertIn(
            "the Future was not done after 1 s\nit stood at",
            str(failure).replace("\n  which", "\nit stood at"),
        )

    async def test_it_raises_when_it_is_cancelled(self):
        """An error raised on cancellation is named and chained."""
        error = ValueError("broken clean-up")
        failure = await self.assertFailsWith(
            "translates() was not done after 1 s\n"
            "it stood at:\n"
            "  coroutines.py:N in translates\n"
            "  coroutines.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            "cancelled, it raised ValueError: broken clean-up\n"
            "remedy: find out what it waits for, or allow more than 1 s",
            self.assertAwaitedWithin(translates(error), 1),
        )
        self.assertIs(failure.__cause__, error)

    async def test_it_returns_when_it_is_cancelled(self):
        """The failure says that it returned a value when it was cancelled."""
        failure = await self.failure(self.assertAwaitedWithin(swallows(), 1))
        self.assertIn("\ncancelled, it returned 'swallowed'\nremedy: find out", str(failure))

    async def test_its_clean_up_takes_too_long(self):
        """Clean-up is bounded by the grace period, and then cut short."""
        await self.assertFailsWith(
            "cleans_up_for() was not done after 1 s\n"
            "it stood at:\n"
            "  coroutines.py:N in cleans_up_for\n"
            "  coroutines.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            "cancelled, it cleaned up for longer than 0.5 s, and was cut short\n"
            "remedy: make its clean-up faster, or allow it more: grace_period",
            self.assertAwaitedWithin(cleans_up_for(3600), 1),
        )
        self.assertEqual(self.now(), 1.5)

    async def test_it_blocks_the_loop(self):
        """For code that held the loop, the failure says that it came back late and could not be stopped."""

        async def blocks():
            self.loop.slow_callback_duration = 9
            self.loop.jumping.now += 2  # what `time.sleep(2)` does to a real clock
            return "late"

        await self.assertFailsWith(
            "AwaitedWithinTests.test_it_blocks_the_loop.<locals>.blocks(), defined at test_timing.py:N in "
            "AwaitedWithinTests.test_it_blocks_the_loop.<locals>.blocks, returned 'late' after 2 s, "
            "not within 1 s, and blocked the loop meanwhile\n"
            "remedy: move what blocks into asyncio.to_thread(…)",
            self.assertAwaitedWithin(blocks(), 1),
        )

    async def test_its_own_exceptions_propagate(self):
        """Its own exceptions propagate, TimeoutError and CancelledError among them."""
        for error in (
            ValueError("x"),
            TimeoutError("own"),
            asyncio.TimeoutError("own"),
            asyncio.CancelledError(),
        ):
            with self.assertRaises(type(error)) as caught:
                await self.assertAwaitedWithin(fails(error), 1)
            self.assertIs(caught.exception, error)
        with self.assertRaises(KeyboardInterrupt):
            await self.assertAwaitedWithin(Awaitable(fails(KeyboardInterrupt())), 1)

    async def test_its_traceback_shows_the_users_lines_only(self):
        """The traceback goes from the line of the test straight to the line that raised."""

        async def asserts():
            await self.assertAwaitedWithin(fails(ValueError("x")), 1)

        task = self.loop.create_task(asserts())
        await asyncio.wait([task])
        lines = traceback.extract_tb(task.exception().__traceback__)
        self.assertEqual([line.name for line in lines], ["asserts", "fails"])

    async def test_the_message_of_the_user(self):
        """`msg` follows unittest's longMessage."""
        failure = await self.failure(self.assertAwaitedWithin(takes(3), 2, msg="the feed hangs"))
        self.assertRegex(
            str(failure), r"^takes\(\) was not done after 2 s\n(.*\n)*remedy: .* : the feed hangs$"
        )
        self.longMessage = False
        failure = await self.failure(self.assertAwaitedWithin(takes(3), 2, msg="the feed hangs"))
        self.assertEqual(str(failure), "the feed hangs")


class WrongArgumentsTests(TimingTestCase):
    clock = "virtual"

    async def test_wrong_times(self):
        """A wrong time raises before anything is awaited, and the coroutine is closed without a warning."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for how in (self.assertAwaitedWithin, self.assertTimesOut, self.assertStillWaiting):
                for seconds, error in (
                    (-1, ValueError),
                    (math.nan, ValueError),
                    ("1", TypeError),
                    (True, TypeError),
                ):
                    with self.assertRaisesRegex(error, "^seconds must be a number of seconds"):
                        await how(hangs(), seconds)
            with self.assertRaisesRegex(
                ValueError, r"^within must be a number of seconds, 0 or more, not -1$"
            ):
                await self.assertTimesOut(hangs(), within=-1)
            with self.assertRaisesRegex(ValueError, "^seconds must be"):
                await self.assertAwaitedWithin(self.loop.create_future(), -1)
            with self.assertRaisesRegex(TypeError, r"^seconds must be a number of seconds, not None$"):
                self.assertStepWithin("step", None)
            gc.collect()
        self.assertEqual([str(each.message) for each in caught], [])

    async def test_wrong_awaitables(self):
        """An object that cannot be awaited is rejected, with a hint for a function that was not called."""
        with self.assertRaisesRegex(
            TypeError, "^assertAwaitedWithin takes something that can be awaited, not 42$"
        ):
            await self.assertAwaitedWithin(42, 1)
        with self.assertRaisesRegex(TypeError, r"; call it: assertStillWaiting\(hangs\(…\), …\)$"):
            await self.assertStillWaiting(hangs, 1)


if __name__ == "__main__":
    unittest.main()
