"""case.py with tests that nothing can wake, on either clock."""

import asyncio
import collections.abc
import re
import sys
import threading
import time
import unittest

from asynctestkit import HygienicAsyncTestCase, no_leaks
from tests.case_runs import hard_cap, run_body


class Virtual(HygienicAsyncTestCase):
    clock = "virtual"


class DeadlockTests(unittest.TestCase):
    bases = (HygienicAsyncTestCase, Virtual)

    def test_it_is_reported_at_once(self):
        """The deadlocked body is cancelled at once; tear-down and cleanups run."""

        async def test(self):
            self.addCleanup(ran.append, "cleanup")
            try:
                await asyncio.Queue().get()
            finally:
                ran.append("finally")

        async def tear_down(self):
            ran.append("tearDown")

        for base in self.bases:
            with self.subTest(base):
                ran = []
                began = time.monotonic()
                finished = run_body(test, base, asyncTearDown=tear_down)
                self.assertLess(time.monotonic() - began, 60)
                self.assertEqual((finished.kinds, ran), (["FAIL"], ["finally", "tearDown", "cleanup"]))
                self.assertIn("DeadlockError", finished.text())
                self.assertIn("which waits on Queue.get", finished.text())
                self.assertIn("1 get() and 0 put() are waiting", finished.text())
                self.assertEqual((finished.warned, finished.logged, finished.stderr), ([], "", ""))

    def test_tasks_that_were_just_shown(self):
        """Tasks that the failure lists are not reported as leaks; one that refuses to end is."""

        async def refuses():
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    if over:
                        raise

        async def test(self):
            self.tasks = [asyncio.create_task(asyncio.Event().wait(), name="waits")]
            if refusing:
                self.tasks.append(asyncio.create_task(refuses(), name="refuses"))
            await asyncio.Event().wait()

        for refusing in (False, True):
            with self.subTest(refusing=refusing):
                over = []
                finished = run_body(test, Virtual, grace_period=0.05)
                self.assertIn("task 'waits', Event.wait()", finished.text())
                reports = [str(text).split("\n\n")[1:] for text in finished.warned]
                self.assertEqual([len(each) for each in reports], [1] * refusing, finished.warned)
                self.assertIn(
                    "1. task 'refuses', stubborn" if refusing else "", "".join(map("".join, reports))
                )
                over.append(True)

    def test_in_every_phase(self):
        """Set-up, tear-down and a cleanup are watched like the body."""

        async def hangs(self):
            await asyncio.Event().wait()

        async def passes(self):
            await asyncio.sleep(0)

        async def with_cleanup(self):
            self.addAsyncCleanup(asyncio.Event().wait)

        for words, members in (
            ("its set-up", {"asyncSetUp": hangs}),
            ("its tear-down", {"asyncTearDown": hangs}),
            ("a cleanup", {"asyncSetUp": with_cleanup}),
        ):
            finished = run_body(passes, **members)
            self.assertIn(f"nothing can ever wake {words}", finished.text(), finished.outcomes)

    def test_code_that_swallows_its_cancellation(self):
        """A second deadlock ends code that swallows the first, and its return value changes nothing."""

        async def stubborn(self):
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    pass

        async def heeds(self):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass

        for body in (stubborn, heeds):
            with self.subTest(body.__name__), hard_cap():
                finished = run_body(body)
                self.assertEqual(finished.kinds[0], "FAIL", finished.outcomes)
                self.assertIn("DeadlockError", finished.text())

    def test_what_it_raises_instead(self):
        """An exception that the cancelled code raises is the cause of the failure."""

        async def test(self):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ValueError("on the way out") from None

        text = run_body(test).text()
        self.assertIn("ValueError: on the way out", text)
        self.assertIn("DeadlockError", text)

    def test_a_loop_that_a_sync_test_runs(self):
        """A loop that a sync test runs is stopped, and the test fails with the deadlock."""

        def test(self):
            self._asyncioRunner.get_loop().run_until_complete(asyncio.Event().wait())

        with hard_cap():
            finished = run_body(test)
        self.assertIn("DeadlockError", finished.text())

    def test_a_block_in_a_test(self):
        """The deadlock of a block is reported for the block, not for the test around it."""

        async def test(self):
            with self.assertRaisesRegex(AssertionError, "deadlock: nothing can ever wake it on the "):
                async with no_leaks():
                    await asyncio.Event().wait()
            await asyncio.sleep(0)

        for base in self.bases:
            finished = run_body(test, base)
            self.assertEqual(finished.kinds, ["ok"], finished.outcomes)

    def test_a_thread_that_sets_an_event(self):
        """While a thread lives, no deadlock is reported."""

        async def test(self):
            event, loop = asyncio.Event(), asyncio.get_running_loop()
            threading.Timer(0.2, loop.call_soon_threadsafe, [event.set]).start()
            await event.wait()

        for base in self.bases:
            self.assertEqual(run_body(test, base).kinds, ["ok"])


class ReportTests(unittest.TestCase):
    def test_locks_in_the_wrong_order(self):
        """Each task is shown with the lock that it waits for, and the holder."""

        async def test(self):
            one, other = asyncio.Lock(), asyncio.Lock()

            async def takes(first, second):
                async with first:
                    await asyncio.sleep(0)
                    async with second:
                        pass

            tasks = [
                asyncio.create_task(takes(one, other), name="a"),
                asyncio.create_task(takes(other, one), name="b"),
            ]
            await asyncio.gather(*tasks)

        for base in (HygienicAsyncTestCase, Virtual):
            text = run_body(test, base).text()
            for holder in "ab":
                self.assertIn(f"the Lock is held by task '{holder}', acquired at ", text)
            self.assertIn("\nremedy: acquire locks in the same order everywhere\n", text)

    def test_tasks_that_await_each_other(self):
        """The ring is shown, and its tasks are ended."""

        async def test(self):
            tasks = {}

            async def awaits(name):
                await tasks[name]

            for name, awaited in (("a", "b"), ("b", "a")):
                tasks[name] = asyncio.create_task(awaits(awaited), name=name)
            await asyncio.wait(tasks.values())

        with hard_cap():
            text = run_body(test).text()
        self.assertIn("the tasks await each other: 'a' → 'b' → 'a'", text)
        self.assertIn("remedy: let no task await one that awaits it in turn", text)

    def test_a_coroutine_of_a_kind_of_its_own(self):
        """A task whose coroutine has no frame is shown as well, in a deadline's report too."""

        class Waits(collections.abc.Coroutine):
            def __init__(self, future):
                self._inner = future.__await__()

            def send(self, value):
                return self._inner.send(value)

            def throw(self, *error):
                return self._inner.throw(*error)

            def close(self):
                self._inner.close()

            def __await__(self):
                return self._inner

        async def test(self):
            self.task = asyncio.create_task(Waits(asyncio.get_running_loop().create_future()), name="foreign")
            self.addCleanup(self.task.cancel)
            await (self.task if self.waits else asyncio.sleep(60))

        for waits, words in ((True, "nothing can ever wake its body"), (False, "was not over after 0.2 s")):
            with self.subTest(words), hard_cap():
                finished = run_body(test, waits=waits, deadline=None if waits else 0.2)
                self.assertEqual(finished.kinds, ["FAIL"])
                self.assertIn(words, finished.text())
                self.assertRegex(finished.text(), r"task 'foreign', \S*Waits\(\)\n +which waits on a Future")
                self.assertEqual(finished.logged, "")

    def test_a_condition(self):
        """A task that waits for a notification is no holder; the holder is listed before waiting tasks."""

        async def test(self):
            condition = asyncio.Condition()

            async def notified():
                async with condition:
                    await condition.wait()

            async def holds():
                async with condition:
                    await asyncio.Event().wait()

            async def wants():
                async with condition:
                    pass

            tasks = [asyncio.create_task(each(), name=each.__name__) for each in (notified, holds, wants)]
            await asyncio.gather(*tasks)

        text = run_body(test).text()
        self.assertEqual(re.findall(r"held by task '(\w+)'", text), ["holds"])
        self.assertEqual(text.count("no notify() of the Condition has reached it"), 1)
        self.assertEqual(re.findall(r"\n  task '(\w+)', ", text), ["holds", "notified", "wants"])


class HostileTests(unittest.TestCase):
    """Code that is hard to end, or to report."""

    def test_blocks_that_overlap(self):
        """Of overlapping blocks the deadlock is reported for one still running, not for an ended one."""

        async def test(self):
            begun, ended = asyncio.Event(), asyncio.Event()

            async def first():
                async with no_leaks():
                    begun.set()
                    await ended.wait()

            async def second():
                async with no_leaks():
                    ended.set()
                    await asyncio.Event().wait()

            task = asyncio.create_task(first())
            await begun.wait()
            with self.assertRaisesRegex(AssertionError, "deadlock"):
                await second()
            await task

        with hard_cap():
            finished = run_body(test)
        self.assertEqual(finished.kinds, ["ok"], finished.outcomes)

    def test_the_test_awaits_itself(self):
        """A ring that the test waits for is ended, without a recursion that would break the interpreter."""

        async def test(self):
            self.addCleanup(sys.setrecursionlimit, sys.getrecursionlimit())
            sys.setrecursionlimit(10**6)
            tasks = []

            async def awaits():
                await tasks[0]

            async def first():
                tasks.append(asyncio.current_task())
                await asyncio.create_task(awaits(), name="second")

            await asyncio.create_task(first(), name="first")

        with hard_cap():
            finished = run_body(test)
        self.assertIn("DeadlockError", finished.text())
        self.assertIn("the tasks await each other: 'first' → 'second' → 'first'", finished.text())
        self.assertEqual(finished.logged, "")

    def test_a_report_that_cannot_be_made_in_full(self):
        """If inspecting the user's objects fails, the deadlock is reported all the same, once."""

        class Rude(asyncio.Task):
            def get_name(self):
                raise SystemError("do not ask")

        async def test(self):
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)
            loop.set_task_factory(lambda loop, coro, **options: Rude(coro, loop=loop))
            with self.subTest():
                await loop.create_task(asyncio.Event().wait())

        with hard_cap():
            finished = run_body(test)
        self.assertIn("DeadlockError: ", finished.text())
        self.assertIn("its body makes no progress: nothing can ever wake it", finished.text())
