"""A census never charges a test with another's object, or with what the test itself has observed."""

import asyncio
import contextlib
import gc
import unittest
import warnings
from unittest import mock

from asynctestkit import Allowance, CoroutineLeaks, no_leaks
from tests.leaks.contract import Inner, run_body
from tests.running import Overheard, overhearing


async def forgotten():
    pass


async def hang():
    await asyncio.get_running_loop().create_future()


def kinds(outcome):
    return [leak.kind for leak in outcome.leaks]


class OlderThingsTests(unittest.TestCase):
    """Created before the test, dropped in it."""

    def assertNotCharged(self, older):
        async def drops(case):
            older.clear()
            gc.collect()

        with overhearing(Overheard()):
            outcome = run_body(drops, asyncio_debug=False)
        self.assertEqual(outcome.failures, [])

    def test_a_coroutine(self):
        """A coroutine from before the test is not charged, and Python's own warning is issued."""
        heard, older = Overheard(), [forgotten()]

        async def drops(case):
            older.clear()

        with overhearing(heard):
            outcome = run_body(drops)
        self.assertEqual(outcome.failures, [])
        self.assertEqual(
            [str(each.message) for each in outcome.warnings], ["coroutine 'forgotten' was never awaited"]
        )

    def test_a_coroutine_that_debug_mode_has_noted(self):
        """An origin recorded by debug mode in a plain IsolatedAsyncioTestCase does not charge a coroutine."""
        older = []

        class Plain(unittest.IsolatedAsyncioTestCase):
            async def test(self):
                older.append(forgotten())

        Plain("test").run(unittest.TestResult())
        self.assertNotCharged(older)

    def test_tasks_and_futures_of_another_loop(self):
        """Errors of an earlier loop's tasks and futures are not charged."""
        older = []

        async def fail():
            raise ValueError

        async def leaves():
            older.append(asyncio.create_task(fail()))
            await asyncio.wait(older)

        loop = asyncio.SelectorEventLoop()
        loop.run_until_complete(leaves())
        loop.close()
        self.assertNotCharged(older)

    def test_a_task_of_the_same_loop(self):
        """A task that was pending before the block is not charged, even if it ends or is dropped within."""

        async def waits(future):
            await future

        async def main():
            loop = asyncio.get_running_loop()
            for ends in (lambda future: None, lambda future: future.set_exception(ValueError())):
                future = loop.create_future()
                task = loop.create_task(waits(future))
                await asyncio.sleep(0)
                async with no_leaks():
                    ends(future)
                    del task, future
                    await asyncio.sleep(0)
                    gc.collect()

        with overhearing(Overheard()):
            asyncio.run(main())

    def test_a_failed_future_of_the_same_loop(self):
        """A future that failed before the block is not charged, of whatever class; one created in it is."""

        class Own(asyncio.Future):
            pass

        def make(kind, cycle=False):
            future = kind(loop=asyncio.get_running_loop())
            future.set_exception(ValueError())
            if cycle:
                future.itself = future
            return future

        async def main():
            for kind in (asyncio.Future, Own, asyncio.futures._PyFuture):
                for outer in (contextlib.AsyncExitStack(), no_leaks(on_leak="ignore")):
                    with self.subTest(kind=kind, outer=type(outer)):
                        async with outer:
                            older = make(kind)
                            async with no_leaks():
                                del older
                            for cycle in (False, kind is Own):
                                with self.assertRaisesRegex(AssertionError, "never retrieved"):
                                    async with no_leaks():
                                        make(kind, cycle)

        with overhearing(Overheard()):
            asyncio.run(main())

    def test_a_failed_task_of_the_same_loop(self):
        """A task that failed before the block, and is dropped in it, is not charged."""

        async def fail():
            raise ValueError

        async def main():
            task = asyncio.create_task(fail())
            await asyncio.wait([task])
            async with no_leaks():
                del task

        with overhearing(Overheard()):
            asyncio.run(main())

    def test_a_pending_task_of_the_same_loop(self):
        """A task that was pending before the block goes on after it."""

        async def main():
            task = asyncio.create_task(hang())
            async with no_leaks():
                pass
            self.assertFalse(task.done())
            task.cancel()

        asyncio.run(main())


class WatchedWarningsTests(unittest.TestCase):
    """The test observes Python's own warning."""

    def assertNoLeak(self, body):
        outcome = run_body(body)
        self.assertEqual([outcome.leaks, outcome.failures, outcome.errors], [(), [], []])

    def test_assert_warns(self):
        """`assertWarns` sees the warning, and its record may be kept."""

        async def test(case):
            with case.assertWarnsRegex(RuntimeWarning, "'forgotten' was never awaited") as case.warned:
                forgotten()

        self.assertNoLeak(test)

    def test_catch_warnings(self):
        """A test that records warnings gets this one."""

        async def test(case):
            with warnings.catch_warnings(record=True) as case.caught:
                warnings.simplefilter("always")
                forgotten()
            case.assertEqual(len(case.caught), 1)

        self.assertNoLeak(test)

    def test_a_hook_for_errors_of_finalizers(self):
        """A test that makes errors of warnings, and has a hook for what finalizers raise, gets this one."""

        def test(case):
            with (
                mock.patch("sys.unraisablehook", lambda args: case.seen.append(str(args.exc_value))),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("error")
                case.seen = []
                forgotten()
            case.assertIn("'forgotten' was never awaited", case.seen[0])

        self.assertNoLeak(test)

    def test_filters_for_something_else(self):
        """Filters for other warnings, and one that makes this an error, do not hide the leak."""
        for filtered in (
            {"action": "ignore", "category": DeprecationWarning},
            {"action": "ignore", "message": "coroutine 'another'"},
            {"action": "ignore", "module": "elsewhere"},
            {"action": "error"},
        ):

            async def test(case, filtered=filtered):
                with warnings.catch_warnings():
                    warnings.resetwarnings()
                    warnings.filterwarnings(**filtered)
                    forgotten()

            with self.subTest(filtered):
                self.assertEqual(kinds(run_body(test)), ["coroutine"])

    def test_filters_that_were_set_before(self):
        """A run that ignores RuntimeWarnings altogether still reports leaks."""

        async def test(case):
            forgotten()

        with overhearing(Overheard()):
            warnings.simplefilter("ignore")
            outcome = run_body(test)
        self.assertEqual(kinds(outcome), ["coroutine"])


class NestingTests(unittest.TestCase):
    """A test that runs tests."""

    def test_each_test_has_its_own(self):
        """An inner test is charged with its own leaks, the outer one with the others."""
        inner = []

        async def leaks_inside(case):
            case.kept = [asyncio.create_task(hang()), forgotten()]

        def test(case):
            case.kept = forgotten()
            inner.append(run_body(leaks_inside))

        outer = run_body(test)
        self.assertEqual(sorted(kinds(inner[0])), ["coroutine", "task"])
        self.assertEqual(kinds(outer), ["coroutine"])

    def test_what_the_outer_test_holds_is_not_the_inners(self):
        """A clean test inside of one that has created objects before is clean."""
        inner = []

        def test(case):
            case.kept = [forgotten() for _ in range(3)]
            inner.append(run_body(Inner.test))
            for coroutine in case.kept:
                coroutine.close()

        self.assertEqual(run_body(test).complaints, [])
        self.assertEqual(inner[0].complaints, [])

    def test_what_the_inner_test_allows_is_not_the_outers(self):
        """The outer test is not charged with what the inner one was allowed to leave, or ignored."""

        async def leaks_inside(case):
            kept.append(forgotten())

        def test(case):
            run_body(leaks_inside, on_leak="ignore")

        kept = []
        self.assertEqual(run_body(test).complaints, [])

    def test_a_block_in_a_test(self):
        """A guarded block within a guarded test is charged with its own leaks, on the same loop."""

        async def test(case):
            task = asyncio.create_task(hang())
            await asyncio.sleep(0)
            async with no_leaks():
                await asyncio.sleep(0)
            with case.assertRaisesRegex(AssertionError, "left 1 thing behind"):
                async with no_leaks():
                    asyncio.create_task(hang())
            task.cancel()

        self.assertEqual(run_body(test).complaints, [])

    def test_new_things_at_old_addresses(self):
        """In a nested test a new object at the address of a known one is judged."""
        inner = []

        async def replaces(case):
            for _ in range(100):
                older.pop().close()
            case.kept = [forgotten() for _ in range(100)]

        def test(case):
            older.extend(forgotten() for _ in range(100))
            inner.append(run_body(replaces, leak_detectors=(CoroutineLeaks,)))

        older = []
        self.assertEqual(run_body(test).complaints, [])
        self.assertEqual(len(inner[0].leaks), 100)

    def test_types_without_weak_references(self):
        """Without weak references, a nested test takes an object at a known address for an older one."""

        class Slotted:
            __slots__ = ("value",)

        detector = type("SlottedLeaks", (CoroutineLeaks,), {"types": (Slotted,), "kind": "slotted"})
        inner = []

        def test(case):
            case.kept = Slotted()
            case.kept.value = case.kept  # in a cycle, and so tracked by the collector
            inner.append(run_body(Inner.test, leak_detectors=(detector,)))

        self.assertEqual(run_body(test).complaints, [])
        self.assertEqual(inner[0].complaints, [])


class LateDeathTests(unittest.TestCase):
    def test_arguments_that_live_on_hide_no_leak(self):
        """Arguments reported with a forgotten coroutine, if awaited after all, hide no other leak."""

        async def outer(inner):
            pass

        async def test(case):
            inner = forgotten()
            outer(inner)
            await inner
            del inner
            for _ in range(100):
                forgotten()

        outcome = run_body(test)
        names = [leak.name.rpartition(".")[2] for leak in outcome.leaks]
        self.assertEqual(names, ["outer"] + ["forgotten"] * 100)

    def test_the_phase_is_that_of_the_creation(self):
        """An object created in set-up and destroyed later is charged to set-up, despite a reused address."""

        def set_up(case):
            case.kept = [forgotten() for _ in range(50)]
            case.awaited = [forgotten() for _ in range(50)]

        async def test(case):
            for _ in range(50):
                await case.awaited.pop()
            for _ in range(50):
                forgotten()
            case.kept.clear()

        outcome = run_body(test, setUp=set_up)
        self.assertEqual([leak.phase for leak in outcome.leaks], ["test"] * 50 + ["setUp"] * 50)

    def test_the_phase_of_a_failed_future_on_a_loop_of_the_users(self):
        """Without a creation site, an object that existed when set-up ended was created in set-up."""

        async def set_up(case):
            case.kept = asyncio.get_running_loop().create_future()
            case.kept.set_exception(ValueError())

        async def test(case):
            del case.kept

        factory = staticmethod(asyncio.SelectorEventLoop)
        (leak,) = run_body(test, asyncSetUp=set_up, loop_factory=factory).leaks
        self.assertEqual((leak.kind, leak.phase), ("exception", "setUp"))

    def test_an_allowed_coroutine_may_be_awaited_later(self):
        """An allowed coroutine is not closed, and its later destruction hides no other leak."""
        kept = []

        async def leaves(case):
            kept.append(forgotten())

        async def awaits(case):
            await kept.pop()

        async def leaks(case):
            for _ in range(100):
                forgotten()

        run_body(leaves, allowed_leaks=(Allowance("coroutine", reason="this is what is tested"),))
        self.assertEqual(run_body(awaits).complaints, [])
        self.assertEqual(len(run_body(leaks).leaks), 100)
