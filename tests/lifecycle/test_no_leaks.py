"""`no_leaks`: the guard around a block, inside and outside of a test case."""

import asyncio
import contextlib
import time
import unittest

from asynctestkit import DeadlineError, HygienicAsyncTestCase, Leak, LeakError, LeakWarning, no_leaks
from tests.case_runs import hard_cap, lines_of, run_body


async def for_ever():
    await asyncio.Event().wait()


def start(name="leaked"):
    return asyncio.create_task(for_ever(), name=name)


class BlockTests(unittest.TestCase):
    def test_a_clean_block(self):
        """A clean block passes, and what it changed in the process is restored."""

        async def main():
            async with no_leaks() as entered:
                await asyncio.create_task(asyncio.sleep(0))
            return entered

        self.assertIsNone(asyncio.run(main()))

    def test_a_leak(self):
        """LeakError is raised on exit, with the leaks as values; the task was cancelled and awaited."""
        tasks = []

        async def main():
            async with no_leaks():
                tasks.append(start())

        with self.assertRaises(LeakError) as caught:
            asyncio.run(main())
        (leak,) = caught.exception.leaks
        self.assertIsInstance(leak, Leak)
        self.assertEqual((leak.kind, leak.name), ("task", "leaked"))
        self.assertTrue(tasks[0].cancelled())
        where = lines_of(type(self).test_a_leak, "async with")[0]
        self.assertIn(f"the block at {__file__}:{where}", str(caught.exception))

    def test_what_was_there_before(self):
        """Tasks from before the block are not its leaks, and go on."""

        async def main():
            before = start()
            async with no_leaks():
                pass
            self.assertFalse(before.done())
            before.cancel()

        asyncio.run(main())

    def test_the_exception_of_the_block(self):
        """An exception of the body propagates as it is; the leaks are a note on it."""
        raised = ValueError("its own")

        async def main():
            async with no_leaks():
                start()
                raise raised

        with self.assertRaises(ValueError) as caught:
            asyncio.run(main())
        self.assertIs(caught.exception, raised)
        (note,) = raised.__notes__
        self.assertIn("task 'leaked', still pending", note)

    def test_an_exception_without_leaks(self):
        """Without leaks an exception gets no note."""

        async def main():
            async with no_leaks():
                raise ValueError("its own")

        with self.assertRaises(ValueError) as caught:
            asyncio.run(main())
        self.assertEqual(getattr(caught.exception, "__notes__", []), [])

    def test_a_cancelled_block(self):
        """Cancelling the task of the block cancels the body, and what it leaves is swept."""
        tasks = []

        async def guarded():
            async with no_leaks():
                tasks.append(start())
                await for_ever()

        async def main():
            task = asyncio.create_task(guarded())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        self.assertTrue(tasks[0].cancelled())

    def test_a_return_out_of_the_block(self):
        """A block that is left by `return` is swept as well."""

        async def main():
            async with no_leaks():
                start()
                return 7

        with self.assertRaises(LeakError):
            asyncio.run(main())

    def test_warnings_only(self):
        """With `on_leak="warn"` the leak is a LeakWarning at the line of the block."""

        async def main():
            async with no_leaks(on_leak="warn"):
                start()

        with self.assertWarns(LeakWarning) as caught:
            asyncio.run(main())
        self.assertEqual(caught.filename, __file__)
        self.assertEqual(caught.lineno, lines_of(type(self).test_warnings_only, "async with")[0])

    def test_silence(self):
        """With `on_leak="ignore"` the block is swept, without a warning or a note."""
        tasks = []

        async def main(fail):
            async with no_leaks(on_leak="ignore"):
                tasks.append(start())
                if fail:
                    raise ValueError("its own")

        asyncio.run(main(False))
        with self.assertRaises(ValueError) as caught:
            asyncio.run(main(True))
        self.assertEqual(getattr(caught.exception, "__notes__", []), [])
        self.assertTrue(all(task.cancelled() for task in tasks))

    def test_bad_settings(self):
        """An unknown setting, or a bad value, is an error before the block is entered."""
        with self.assertRaisesRegex(TypeError, "did you mean 'deadline'"):
            no_leaks(dedline=1)
        with self.assertRaisesRegex(ValueError, "grace_period"):
            no_leaks(grace_period=-1)

    def test_blocks_one_after_the_other(self):
        """Each block is charged with its own leaks."""

        async def main():
            found = []
            for name in ("first", "second"):
                try:
                    async with no_leaks():
                        start(name)
                except LeakError as error:
                    found.append([leak.name for leak in error.leaks])
            return found

        self.assertEqual(asyncio.run(main()), [["first"], ["second"]])

    def test_nested_blocks(self):
        """A leak is charged to the innermost block around it only."""

        async def main():
            async with no_leaks():
                with self.assertRaises(LeakError) as caught:
                    async with no_leaks():
                        start("of the inner block")
                self.assertEqual([leak.name for leak in caught.exception.leaks], ["of the inner block"])

        asyncio.run(main())

    def test_a_leak_of_the_outer_block(self):
        """What the outer block started before is a leak of the outer block only."""

        ends = []

        async def main(*, drop):
            async with no_leaks():
                kept = [start("of the outer block")]
                await asyncio.sleep(0)
                if drop:
                    del kept
                async with no_leaks():
                    await asyncio.sleep(0)
                ends.append("the inner block is clean")

        for drop in (True, False):
            with (
                self.assertRaises(LeakError) as caught,
                self.assertLogs("asyncio") if drop else contextlib.nullcontext(),
            ):
                asyncio.run(main(drop=drop))
            self.assertEqual([leak.name for leak in caught.exception.leaks], ["of the outer block"])
        self.assertEqual(len(ends), 2)

    def test_concurrent_blocks(self):
        """Concurrent clean blocks in two tasks disturb neither each other nor the process."""

        async def guarded(entered, other):
            async with no_leaks(settle_time=0.0):
                entered.set()
                await other.wait()

        async def main():
            events = asyncio.Event(), asyncio.Event()
            await asyncio.gather(guarded(*events), guarded(*reversed(events)))
            async with no_leaks():
                start()

        with self.assertRaises(LeakError) as caught:
            asyncio.run(main())
        self.assertEqual(len(caught.exception.leaks), 1)


class DeadlineTests(unittest.TestCase):
    def overrun(self, body, **settings):
        async def main():
            async with no_leaks(deadline=0.1, grace_period=0.1, **settings):
                await body()

        with hard_cap(), self.assertRaises(DeadlineError) as caught:
            asyncio.run(main())
        return caught.exception

    def test_a_block_that_never_ends(self):
        """It is cancelled; DeadlineError names the block, the limit and the line that it awaits."""
        text = str(self.overrun(for_ever))
        self.assertIn(f"the block at {__file__}:", text)
        self.assertIn("not over after 0.1 s of wall time", text)
        self.assertIn("Event.wait", text)

    def test_a_block_that_blocks(self):
        """It is interrupted, and the blocked stack is shown."""

        async def blocks():
            time.sleep(1000)

        self.assertIn("time.sleep(1000)", str(self.overrun(blocks)))

    def test_a_block_that_swallows_its_cancellation(self):
        """It is ended after the grace period, whether it waits by itself, for a task, or spins."""

        async def swallows():
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await for_ever()

        async def swallows_twice():
            for _ in range(2):
                with contextlib.suppress(asyncio.CancelledError):
                    await start()

        async def spins_twice():
            for _ in range(2):
                with contextlib.suppress(asyncio.CancelledError):
                    while True:
                        await asyncio.sleep(0)

        async def awaits_one_that_swallows():
            await asyncio.create_task(swallows())

        for body in (swallows, swallows_twice, spins_twice, awaits_one_that_swallows):
            with self.subTest(body.__name__):
                self.assertIn(f"in {body.__name__}\n", str(self.overrun(body)))

    @unittest.skipUnless(hasattr(asyncio.Task, "cancelling"), "cancellations are counted from 3.11 on")
    def test_cancellations_come_out_even(self):
        """However often the block was cancelled, its task has no cancellation request left."""

        async def heeds():
            await for_ever()

        async def swallows_twice():
            for _ in range(2):
                with contextlib.suppress(asyncio.CancelledError):
                    await start()

        async def main(body):
            with contextlib.suppress(DeadlineError):
                async with no_leaks(deadline=0.1, grace_period=0.1):
                    await body()
            return asyncio.current_task().cancelling()

        for body in (heeds, swallows_twice):
            with hard_cap():
                self.assertEqual(asyncio.run(main(body)), 0)

    def test_the_task_goes_on(self):
        """The task of an overrun block is no longer cancelled: it may catch the error and await."""

        async def main():
            with contextlib.suppress(DeadlineError):
                async with no_leaks(deadline=0.1):
                    await for_ever()
            await asyncio.sleep(0)
            return "went on"

        with hard_cap():
            self.assertEqual(asyncio.run(main()), "went on")

    def test_leaks_of_a_block_that_overran(self):
        """The leaks of an overrun block are a note on the DeadlineError."""

        async def leaks():
            start()
            await for_ever()

        error = self.overrun(leaks)
        (note,) = error.__notes__
        self.assertIn("task 'leaked'", note)

    def test_a_stubborn_task(self):
        """A task that ignores its cancellation is reported and detached: the block ends."""

        async def refuses():
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        async def main():
            async with no_leaks(grace_period=0.05):
                asyncio.create_task(refuses(), name="mule")
                await asyncio.sleep(0)

        with hard_cap(), self.assertRaisesRegex(LeakError, "'mule', stubborn"):
            asyncio.run(main())

    def test_a_task_that_blocks_when_it_is_cancelled(self):
        """It is interrupted, as in a test; the block's own exception still propagates."""

        async def blocks():
            try:
                await for_ever()
            except asyncio.CancelledError:
                time.sleep(1000)

        async def main(error):
            async with no_leaks(deadline=0.1, grace_period=0.1):
                asyncio.create_task(blocks(), name="leaked")
                await asyncio.sleep(0)
                if error is not None:
                    raise error

        with hard_cap(), self.assertRaisesRegex(DeadlineError, r"time\.sleep\(1000\)"):
            asyncio.run(main(None))
        with hard_cap(), self.assertRaises(ValueError) as caught:
            asyncio.run(main(ValueError("its own")))
        self.assertTrue(any("time.sleep(1000)" in note for note in caught.exception.__notes__))


class WithinATestTests(unittest.TestCase):
    def test_a_leak_within_a_test(self):
        """A LeakError that the test catches does not charge the test around the block."""

        async def body(case):
            with case.assertRaises(LeakError):
                async with no_leaks():
                    start()

        finished = run_body(body)
        self.assertEqual((finished.kinds, finished.warned), (["ok"], []))

    def test_a_leak_around_the_block(self):
        """Leaks outside of the block, before or after it, are charged to the test."""

        async def body(_):
            start("before")
            async with no_leaks():
                pass
            start("after")

        finished = run_body(body)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertIn("left behind: task 'before', task 'after'\n", finished.text())

    def test_background_tasks_of_the_test(self):
        """A background task that the case started before the block goes on."""

        class Case(HygienicAsyncTestCase):
            async def test(self):
                task = self.startBackground(for_ever())
                async with no_leaks():
                    await self.settle()
                self.assertFalse(task.done())

        self.assertEqual(run_body(Case.test).kinds, ["ok"])
