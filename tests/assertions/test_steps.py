"""Steps with budgets, nested and concurrent: the failure names the one that ran out, and shows all."""

import asyncio
import gc
import unittest
import weakref

from asynctestkit.assertions.timing import TimeAssertions
from asynctestkit.cpython.versions import HAS_RUNNER
from tests.assertions.clock import JumpingTestCase


async def hangs():
    await asyncio.get_running_loop().create_future()


class StepsTestCase(TimeAssertions, JumpingTestCase):
    clock = "virtual"
    grace_period = 0.5


class StepTests(StepsTestCase):
    clock = "virtual"

    async def test_within_its_budget(self):
        """A step that ends in time changes nothing and leaves no timer."""
        async with self.assertStepWithin("one", 1):
            async with self.assertStepWithin("two", float("inf")):
                await asyncio.sleep(0.9)
        await asyncio.sleep(9)
        self.assertEqual(self.now(), 9.9)

    async def test_exactly_its_budget(self):
        """What a timer ends at the moment at which the budget runs out is in time, in nested steps too."""
        async with self.assertStepWithin("one", 1), self.assertStepWithin("two", 1):
            await asyncio.sleep(1)
        self.assertEqual(self.now(), 1)

    async def test_the_table(self):
        """The table lists every step so far in order, aligned, with the time used and allowed."""

        async def scenario():
            async with self.assertStepWithin("log in", 1):
                await asyncio.sleep(0.25)
            async with self.assertStepWithin("pipeline", 30):
                async with self.assertStepWithin("connect", 1):
                    await asyncio.sleep(0.5)
                async with self.assertStepWithin("fetch", 10):
                    async with self.assertStepWithin("first page", float("inf")):
                        await asyncio.sleep(1)
                    async with self.assertStepWithin("second page", 2):
                        await hangs()

        await self.assertFailsWith(
            "step 'second page' (test_steps.py:N in scenario) was not done after 2 s\n"
            "it stood at:\n"
            "  test_steps.py:N in scenario\n"
            "  test_steps.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            "  step                used   allowed\n"
            "  log in           0.250 s   1.000 s\n"
            "  pipeline         3.500 s  30.000 s  still running\n"
            "    connect        0.500 s   1.000 s\n"
            "    fetch          3.000 s  10.000 s  still running\n"
            "      first page   1.000 s  no limit\n"
            "      second page  2.000 s   2.000 s  ran out\n"
            "remedy: find out what it waits for, or allow it more than 2 s",
            self.loop.create_task(scenario()),
        )

    async def test_the_inner_one_is_named_where_both_ran_out(self):
        """The inner step is named when both limits coincide, or the outer one passes during its clean-up."""

        async def cleans_up(seconds):
            try:
                await hangs()
            finally:
                await asyncio.sleep(seconds)

        async def scenario(inner, cleanup):
            async with self.assertStepWithin("outer", 2):
                async with self.assertStepWithin("inner", inner):
                    await cleans_up(cleanup)

        for inner, cleanup in ((2, 0), (2, 0.1), (1.9, 0.5), (1, 0)):
            failure = await self.failure(scenario(inner, cleanup))
            self.assertRegex(str(failure), "^step 'inner' ")
        failure = await self.failure(scenario(3, 0))
        self.assertRegex(str(failure), "^step 'outer' ")
        self.assertEqual(getattr(asyncio.current_task(), "cancelling", lambda: 0)(), 0)

    async def test_any_depth(self):
        """A hundred nested steps work."""

        async def nest(depth):
            async with self.assertStepWithin(f"step {depth}", 1):
                await (nest(depth - 1) if depth else hangs())

        failure = await self.failure(nest(100))
        self.assertRegex(str(failure), "^step 'step 0' ")
        self.assertIn("\n" + "  " * 101 + "step 0", str(failure))

    async def test_concurrent_tasks(self):
        """Each task has its own steps within the one that it was started in, and fails separately."""

        async def works(name, seconds):
            async with self.assertStepWithin(f"{name} first", 1):
                await asyncio.sleep(0.1)
            async with self.assertStepWithin(f"{name} second", 1):
                await asyncio.sleep(seconds)
            return name

        async with self.assertStepWithin("all", 9):
            tasks = [
                self.loop.create_task(works("a", 0.5), name="worker a"),
                self.loop.create_task(works("b", 5), name="worker b"),
            ]
            await asyncio.wait(tasks)
        self.assertEqual(tasks[0].result(), "a")
        failure = tasks[1].exception()
        self.assertRegex(str(failure), "^step 'b second' ")
        self.assertIn(
            "\n  step           used  allowed\n"
            "  all         1.100 s  9.000 s  still running\n"
            "    a first   0.100 s  1.000 s  in task 'worker a'\n"
            "    b first   0.100 s  1.000 s  in task 'worker b'\n"
            "    a second  0.500 s  1.000 s  in task 'worker a'\n"
            "    b second  1.000 s  1.000 s  ran out, in task 'worker b'\n",
            str(failure),
        )

    async def test_no_task_is_kept_alive(self):
        """The table outlives the steps without keeping their tasks alive."""

        async def works():
            async with self.assertStepWithin("inner", 1):
                await asyncio.sleep(0.5)

        async with self.assertStepWithin("outer", 1):
            task = self.loop.create_task(works())
            await task
        reference = weakref.ref(task)
        del task
        await asyncio.sleep(0)  # the callback that woke this test holds the task
        gc.collect()
        self.assertIsNone(reference())

    async def test_tasks_that_have_no_step_in_common(self):
        """The table of one task does not show the steps of an unrelated one."""

        async def works(name, seconds):
            async with self.assertStepWithin(name, 1):
                await asyncio.sleep(seconds)

        tasks = [self.loop.create_task(works("a", 5)), self.loop.create_task(works("b", 0.5))]
        await asyncio.wait(tasks)
        self.assertNotIn("  b  ", str(tasks[0].exception()))


class EndOfStepTests(StepsTestCase):
    clock = "virtual"

    async def test_exceptions_pass_through(self):
        """An exception that the block raises in time propagates as it is."""
        for error in (ValueError(), asyncio.CancelledError(), TimeoutError(), KeyboardInterrupt()):
            with self.assertRaises(type(error)) as caught:
                async with self.assertStepWithin("raises", 1):
                    raise error
            self.assertIs(caught.exception, error)

    async def test_an_error_while_it_is_cancelled_is_chained(self):
        """An error raised during the cancellation is chained to the failure of the step."""
        error = OSError("broken")

        async def scenario():
            async with self.assertStepWithin("step", 1):
                try:
                    await hangs()
                finally:
                    raise error

        failure = await self.failure(scenario())
        self.assertRegex(str(failure), "^step 'step' .* was not done after 1 s\n")
        self.assertIs(failure.__cause__, error)

    async def test_what_is_no_exception_passes_through(self):
        """An interrupt propagates, even when a step has run out."""
        with self.assertRaises(GeneratorExit):
            async with self.assertStepWithin("step", 1):
                try:
                    await hangs()
                finally:
                    raise GeneratorExit

    async def test_a_block_that_swallows_its_cancellation(self):
        """A block that swallows its cancellation fails at its end."""

        async def scenario():
            async with self.assertStepWithin("step", 1):
                try:
                    await hangs()
                except asyncio.CancelledError:
                    await asyncio.sleep(0.25)

        await self.assertFailsWith(
            "step 'step' (test_steps.py:N in scenario) was not done after 1 s, "
            "swallowed its cancellation and went on\n"
            "it stood at:\n"
            "  test_steps.py:N in scenario\n"
            "  test_steps.py:N in hangs\n"
            "  which waits on a Future that nobody has set\n"
            "  step     used  allowed\n"
            "  step  1.250 s  1.000 s  ran out\n"
            "remedy: let CancelledError through: re-raise it, and catch Exception rather than BaseException",
            self.loop.create_task(scenario()),
        )

    async def test_a_block_that_swallows_many_cancellations(self):
        """A block that swallows its cancellation is cancelled each grace period, ten times, and fails."""
        seen_at = []

        async def scenario(times):
            async with self.assertStepWithin("step", 1):
                for _ in range(times):
                    try:
                        await asyncio.sleep(100)
                    except asyncio.CancelledError:
                        seen_at.append(self.now())

        self.assertIn("swallowed its cancellation", str(await self.failure(scenario(2))))
        self.assertEqual(seen_at, [1, 1.5])
        self.assertIn("swallowed its cancellation", str(await self.failure(scenario(11))))
        self.assertEqual(self.now(), 1.5 + 1 + 9 * 0.5 + 100)

    async def test_a_block_that_holds_the_loop(self):
        """A block that holds the loop cannot be stopped, and fails at its end."""

        async def scenario():
            async with self.assertStepWithin("step", 1):
                self.loop.slow_callback_duration = 9
                self.loop.jumping.now += 3

        await self.assertFailsWith(
            "step 'step' (test_steps.py:N in scenario) took 3 s, more than 1 s, "
            "and blocked the loop meanwhile\n"
            "  step     used  allowed\n"
            "  step  3.000 s  1.000 s  ran out\n"
            "remedy: move what blocks into asyncio.to_thread(…)",
            scenario(),
        )

    async def test_a_block_that_took_a_little_too_long(self):
        """A block that ends late without having been cancelled fails; a moment does not count."""
        for awaits in (False, True):
            for took, is_overdue in ((1.05, True), (1.0005, False)):
                with self.subTest(awaits=awaits, took=took):

                    async def scenario(awaits=awaits, took=took):
                        async with self.assertStepWithin("step", 1):
                            if awaits:
                                await asyncio.sleep(0)
                            self.loop.jumping.now += took

                    if is_overdue:
                        self.assertIn("took 1.05 s, more than 1 s", str(await self.failure(scenario())))
                    else:
                        await scenario()

    async def test_a_result_that_is_ready_when_the_budget_ends(self):
        """A result that is ready when the budget ends is delivered, and the step passes."""
        future = self.loop.create_future()
        self.loop.call_later(1, future.set_result, "there")
        async with self.assertStepWithin("step", 1):
            self.assertEqual(await future, "there")

    async def test_a_cancellation_by_others_passes_through(self):
        """A cancellation by other code passes through at any time, even at the moment the budget ends."""

        async def scenario():
            async with self.assertStepWithin("step", 1):
                await hangs()

        for seconds in (0.5, 1):
            task = self.loop.create_task(scenario())
            await asyncio.sleep(0)
            self.loop.call_later(seconds, task.cancel)
            await asyncio.wait([task])
            self.assertTrue(task.cancelled())

    @unittest.skipUnless(HAS_RUNNER, "3.10 has no asyncio.timeout")
    async def test_time_outs_of_asyncio(self):
        """Timeouts of asyncio work inside and outside of steps."""
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(1):
                async with self.assertStepWithin("step", 2):
                    await hangs()
        with self.assertRaises(TimeoutError):
            async with self.assertStepWithin("step", 2):
                async with asyncio.timeout(1):
                    await hangs()
        self.assertEqual(asyncio.current_task().cancelling(), 0)

    async def test_an_assertion_within_a_step(self):
        """An assertion within a step fails if its own limit comes first, else the step fails."""

        async def scenario(seconds):
            async with self.assertStepWithin("step", 1):
                await self.assertAwaitedWithin(hangs(), seconds)

        self.assertRegex(str(await self.failure(scenario(0.5))), r"^hangs\(\) was not done")
        self.assertRegex(str(await self.failure(scenario(2))), "^step 'step' .* was not done")

    async def test_the_message_of_the_user(self):
        """`msg` follows unittest's longMessage."""

        async def scenario():
            async with self.assertStepWithin("step", 1, msg="too bad"):
                await hangs()

        self.assertRegex(str(await self.failure(scenario())), "(?s)^step 'step' .* : too bad$")

    async def test_it_needs_a_task(self):
        """In a callback there is no task to cancel, which is an error."""
        raised = self.loop.create_future()

        def callback():
            try:
                self.assertStepWithin("step", 1).__aenter__().send(None)
            except RuntimeError as error:
                raised.set_result(str(error))

        self.loop.call_soon(callback)
        self.assertEqual(await raised, "only a task can await this: without one there is nothing to cancel")


if __name__ == "__main__":
    unittest.main()
