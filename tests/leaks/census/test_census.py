"""What was created since a mark is found, whatever the user does to the process meanwhile."""

import asyncio
import gc
import logging
import sys
import unittest
import warnings
from unittest import mock

from asynctestkit import STRICT_DETECTORS, LeakDetector, no_leaks
from asynctestkit.cpython import interpreter
from asynctestkit.leaks.census.census import Census
from tests.leaks.contract import Inner, run_body
from tests.running import Overheard, overhearing


async def forgotten():
    pass


async def hang():
    await asyncio.get_running_loop().create_future()


def kinds(outcome):
    return [leak.kind for leak in outcome.leaks]


class ProcessTests(unittest.TestCase):
    """What the mark changes in the process is restored."""

    def process(self):
        return (
            interpreter.heap_is_frozen(),
            gc.isenabled(),
            list(gc.callbacks),
            sys.get_coroutine_origin_tracking_depth(),
            sys.get_asyncgen_hooks(),
            sys.unraisablehook,
            warnings.showwarning,
            warnings._showwarnmsg_impl,
            warnings._warn_unawaited_coroutine,
            list(warnings.filters),
            list(logging.getLogger("asyncio").handlers),
        )

    def assertRestored(self, body, **members):
        before = self.process()
        outcome = run_body(body, **members)
        self.assertEqual(self.process(), before)
        return outcome

    def test_all_hooks_are_restored(self):
        """After a clean, a leaking, a failing and a skipped test the process is as it was."""

        async def leaks(case):
            case.kept = [asyncio.create_task(hang()), forgotten()]

        async def fails(case):
            forgotten()
            case.fail()

        async def skips(case):
            case.skipTest("why not")

        for body in (Inner.test, leaks, fails, skips):
            with self.subTest(body.__name__):
                self.assertRestored(body)

    def test_hooks_are_restored_where_set_up_fails(self):
        """After a test whose set-up failed, the process is as it was."""

        def set_up(case):
            raise LookupError

        outcome = self.assertRestored(Inner.test, setUp=set_up)
        self.assertEqual([type(each) for each in outcome.errors], [LookupError])

    def test_a_loop_keeps_no_hook(self):
        """A loop that outlives the block has no new attribute."""

        async def main():
            loop = asyncio.get_running_loop()
            attributes, hooks = dict(vars(loop)), sys.get_asyncgen_hooks()
            async with no_leaks():
                pass
            self.assertEqual((vars(loop).keys(), sys.get_asyncgen_hooks()), (attributes.keys(), hooks))

        asyncio.run(main())

    def test_a_users_hooks_of_the_same_name_are_put_back(self):
        """A hook of that name that the user has set before is restored."""

        def own_hook(coroutine):
            pass

        with mock.patch("warnings._warn_unawaited_coroutine", own_hook):
            self.assertRestored(Inner.test)

    def test_overlapping_blocks_leave_no_hook(self):
        """Blocks of two tasks, the first of which ends first, restore everything together."""

        async def first(begun, go_on):
            async with no_leaks():
                begun.set()
                await go_on.wait()

        async def second(begun, go_on, done):
            await begun.wait()
            async with no_leaks():
                go_on.set()
                await done

        async def main():
            begun, go_on = asyncio.Event(), asyncio.Event()
            one = asyncio.create_task(first(begun, go_on))
            two = asyncio.create_task(second(begun, go_on, one))
            await asyncio.gather(one, two)

        before = self.process()
        asyncio.run(main())
        self.assertEqual(self.process(), before)


class PendingTasksTests(unittest.TestCase):
    def test_a_loop_that_was_closed_has_none(self):
        """Callbacks that a closed loop still lists will never run."""
        loop = asyncio.SelectorEventLoop()
        census = Census((), ())
        census.open(loop)
        self.addCleanup(census.close)
        task = loop.create_task(hang())
        self.assertEqual(census.pending_tasks(), {task})
        task.cancel()
        loop.run_until_complete(asyncio.wait([task]))
        loop.close()
        self.assertEqual(census.pending_tasks(), set())


class CollectorTests(unittest.TestCase):
    """The user freezes, thaws and collects."""

    def test_a_heap_that_was_frozen_before_stays_frozen(self):
        """A heap that was frozen before, as by a server that forks, stays frozen, and leaks are found."""

        async def leaks(case):
            case.kept = forgotten()

        gc.freeze()
        try:
            outcome = run_body(leaks)
            self.assertTrue(interpreter.heap_is_frozen())
            self.assertEqual(run_body(Inner.test).complaints, [])
        finally:
            gc.unfreeze()
        self.assertEqual(kinds(outcome), ["coroutine"])

    def test_on_a_frozen_heap_older_things_are_known(self):
        """On a heap frozen by other code, existing objects are recorded instead, and not charged."""

        async def drops(case):
            older.clear()

        gc.freeze()
        try:
            older = [forgotten()]
            with overhearing(Overheard()):
                outcomes = [run_body(Inner.test), run_body(drops)]
        finally:
            gc.unfreeze()
        self.assertEqual([outcome.failures for outcome in outcomes], [[], []])

    def test_a_heap_that_is_thawed_in_the_test(self):
        """After `gc.unfreeze()` new and old objects cannot be told apart: only tasks are judged."""

        async def test(case):
            case.kept = [forgotten(), asyncio.create_task(hang())]
            await asyncio.sleep(0)
            gc.unfreeze()

        with overhearing(Overheard()):
            outcome = run_body(test)
        self.assertEqual(kinds(outcome), ["task"])

    def test_a_heap_that_is_frozen_in_the_test(self):
        """After `gc.freeze()` earlier objects are invisible, and later ones are found."""

        async def test(case):
            case.unseen = forgotten()
            gc.freeze()
            case.seen = forgotten()

        with overhearing(Overheard()):
            outcome = run_body(test)
        self.assertEqual(kinds(outcome), ["coroutine"])
        self.assertFalse(interpreter.heap_is_frozen())

    def test_classes_that_cannot_be_hashed(self):
        """A metaclass that makes its classes unhashable does not break the census."""

        class Unhashable(type):
            def __eq__(cls, other):
                return cls is other

            __hash__ = None

        async def test(case):
            case.kept = [Unhashable("Thing", (), {})(), forgotten()]

        outcome = run_body(test)
        self.assertEqual((kinds(outcome), outcome.errors), (["coroutine"], []))

    def test_a_detector_of_classes_that_cannot_be_hashed(self):
        """A detector of such classes breaks no test without objects of theirs."""

        class Unhashable(type):
            __hash__ = None

        class Things(LeakDetector):
            kind = "thing"
            types = (Unhashable("Thing", (), {}),)

            def examine(self, obj): ...

        outcome = run_body(Inner.test, leak_detectors=(*STRICT_DETECTORS, Things))
        self.assertEqual((outcome.complaints, outcome.leaks), ([], ()))

    def test_objects_that_lie_about_their_class(self):
        """A proxy or mock whose `__class__` is a coroutine or a task is neither."""

        class Proxy:
            @property
            def __class__(self):
                raise LookupError("asked a proxy for its class")

        async def test(case):
            case.kept = [Proxy(), mock.create_autospec(asyncio.Task, instance=True)]

        self.assertEqual(run_body(test).complaints, [])
