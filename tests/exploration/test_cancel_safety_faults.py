"""`assertCancelSafe`: each fault is reported with its place, and with its remedy."""

import asyncio
import contextlib
import unittest
import warnings

from asynctestkit import CancelAssertions, HygienicAsyncTestCase
from asynctestkit.mocks import after
from tests.case_runs import lines_of, run_body


async def nap():
    await asyncio.sleep(1)  # waits: on virtual time


class Faults(unittest.TestCase):
    """Runs an assertion that fails, and checks its message."""

    def text_of(self, make_coro, kind="FAIL", base=HygienicAsyncTestCase, **options):
        async def test(self):
            await self.assertCancelSafe(make_coro, **options)

        ran = run_body(test, base)
        self.assertEqual(ran.kinds, [kind], ran.text())
        self.assertEqual(ran.leak_warnings, [])
        return ran.text()

    def check(self, make_coro, *said, **options):
        text = self.text_of(make_coro, **options)
        for each in said:
            self.assertIn(each, text)
        return text


class EndingTests(Faults):
    def test_a_swallowed_cancellation(self):
        """The place of a swallowed cancellation is named with its source line and the returned value."""

        async def work():
            with contextlib.suppress(asyncio.CancelledError):
                await nap()
            return 7

        text = self.check(
            work, "not safe to cancel: in run 3 it was cancelled as it began to wait, for the 1st time",
            "and it returned 7: it has swallowed the cancellation", "swallow=True",
        )  # fmt: skip
        self.assertRegex(text, rf"_faults.py:{lines_of(work, 'await nap')[0]} in work\n *await nap\(\)")

    def test_one_that_goes_on_for_ever(self):
        """Code that swallows every cancellation is abandoned, and does not use up the deadline."""

        async def work():
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await nap()

        self.check(
            work, "in run 3 it was cancelled as it began to wait, for the 1st time",
            "and it went on, for 30,000 more steps, and was abandoned", "re-raise it",
        )  # fmt: skip

    def test_a_long_clean_up(self):
        """A clean-up of many steps is not taken for a refusal."""

        async def work():
            try:
                await nap()
            except asyncio.CancelledError:
                for _ in range(20_000):
                    await asyncio.sleep(0)
                return 7

        self.check(work, "and it returned 7: it has swallowed the cancellation")

    def test_another_exception(self):
        """Another exception is the cause of the failure."""

        async def work():
            try:
                await nap()
            except asyncio.CancelledError:
                raise ValueError("lost") from None

        text = self.check(work, "raised ValueError: lost instead of CancelledError", "BaseException")
        self.assertIn("direct cause", text)

    def test_system_exit_is_another_exception(self):
        """SystemExit counts as another exception, and does not end the test run."""

        async def work():
            try:
                await nap()
            finally:
                raise SystemExit(3)

        self.check(lambda: work(), "SystemExit: 3", kind="ERROR")

    def test_a_result_that_is_lost(self):
        """An item taken from a queue and lost is found at the place before the wake-up."""
        kept = []

        async def work():
            queue = asyncio.Queue()
            asyncio.get_running_loop().call_later(1, queue.put_nowait, "job")
            kept.clear()
            kept.append(queue)
            try:
                await queue.join() if queue.qsize() else await nap()
                await queue.get()
            finally:
                kept.append(None)

        def check():
            if kept[1:] and kept[0].empty():
                raise AssertionError("the job is lost")

        self.check(work, "check() failed after a run that was not cancelled at all", check=check)

    def test_the_check(self):
        """What the check raises is reported, and is the cause."""
        free = [3]

        async def work():
            free[0] -= 1
            await nap()
            free[0] += 1

        def check():
            assert free == [3], f"{free[0]} free"

        self.check(work, "and afterwards check() raised AssertionError: 2 free", "in run 3", check=check)

    def test_a_task_left_behind(self):
        """The report of the sweep is part of the failure."""

        async def work():
            task = asyncio.create_task(asyncio.sleep(3600), name="poller")
            await nap()
            task.cancel()
            await asyncio.wait({task})

        self.check(work, "and afterwards:\n  left behind: task 'poller'", "in run 3")

    def test_a_task_that_is_always_left_behind(self):
        """A task that is always left behind is reported as not caused by a cancellation."""

        async def work():
            asyncio.create_task(asyncio.sleep(3600), name="poller")

        self.check(work, "something was left behind after a run that was not cancelled at all", "'poller'")

    def test_what_a_local_variable_held(self):
        """An object that announces itself as unclosed is found, though the cancellation's frames held it."""

        class Conversation:
            def __init__(self):
                self.loop, self.closed = asyncio.get_running_loop(), False

            def __del__(self):
                if not self.closed:
                    warnings.warn("Unclosed conversation", ResourceWarning, stacklevel=1, source=self)

        async def work():
            conversation = Conversation()
            await nap()
            conversation.closed = True

        self.check(work, "left behind: unclosed ", "it says 'Unclosed conversation'", "in run 3")

    def test_a_lock_that_is_still_held(self):
        """A held lock is reported with its line; one held at the end of every run does not count."""
        lock, kept = asyncio.Lock(), asyncio.Lock()

        async def work():
            await lock.acquire()
            if not kept.locked():
                await kept.acquire()
            await nap()
            lock.release()

        text = self.check(work, "and it did not release what it had acquired:", "a Lock that was acquired at")
        self.assertIn(f":{lines_of(work, 'lock.acquire')[0]} in work", text)

    def test_a_mock_that_is_not_left(self):
        """A context of the test's mocks that was entered must be left."""

        async def test(self):
            manager = self.makeAsyncContext()

            async def work():
                await manager.__aenter__()
                await nap()
                await manager.__aexit__(None, None, None)

            await self.assertCancelSafe(work)

        self.assertIn("entered and never left", run_body(test).text())

    def test_a_response_that_is_not_released(self):
        """A response of the test's mocks must be released, and the failure says where it was cancelled."""

        async def test(self):
            session = self.makeSession({"GET u": self.makeResponse(chunks=[after(1, b"x")])})

            async def work():
                response = await session.get("u")
                await response.text()
                response.release()

            await self.assertCancelSafe(work)

        text = run_body(test).text()
        for each in (
            "not safe to cancel: in run ",
            "GET u (requested at ",
            "never read to its end, released",
        ):
            self.assertIn(each, text)

    def test_one_that_does_not_end(self):
        """A clean-up that nothing can wake is a deadlock, shown with its await chain."""

        async def work():
            try:
                await nap()
            finally:
                await asyncio.Event().wait()

        self.check(
            work, "and it did not end:\n  deadlock: nothing can ever wake it", "Event.wait", "in run 3"
        )


class MomentTests(Faults):
    def test_one_that_is_cancelled_as_it_goes_on(self):
        """A cancellation just before the wake-up loses a result that is already there."""
        given = []

        async def work():
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(1, future.set_result, "connection")
            try:
                await future
            except asyncio.CancelledError:
                given.append(future.done() and not future.cancelled())
                raise

        self.check(
            work, "in run 4", "as it was about to go on after its 1st wait, with the result there",
            check=lambda: self.assertNotIn(True, given),
        )  # fmt: skip

    def test_a_task_of_its_own(self):
        """If a separate task was cancelled, it is named."""
        seen = []

        async def client():
            try:
                await nap()
            except asyncio.CancelledError:
                seen.append(True)
                raise

        async def work():
            tasks = [asyncio.create_task(client(), name=f"client-{number}") for number in range(2)]
            await asyncio.wait(tasks)

        text = self.check(
            work, "it was cancelled as its task 'client-0' began to wait", tasks="client-0", max_runs=50,
            check=lambda: self.assertEqual(seen, []),
        )  # fmt: skip
        self.assertNotIn("client-1", text.partition("was cancelled")[2].partition("\n")[0])

    def test_before_the_first_step(self):
        """A resource opened by the call, and not in the first step, is not closed."""
        opened = []

        def make():
            opened.append(True)
            return work()

        async def work():
            opened.pop()

        self.check(
            make,
            "in run 2 it was cancelled before its first step",
            check=lambda: self.assertEqual(opened, []),
        )

    def test_a_lock_of_another_loop(self):
        """A lock made outside is bound to the loop of the first run that waits for it, as the report says."""

        queue = asyncio.Queue()

        async def work():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(queue.get(), 1)

        remedy = "create in make_coro what belongs to a loop"
        self.check(work, remedy, "run 3", "is bound to a different event loop")
        self.assertIn(remedy, self.text_of(work, kind="ERROR"))

    def test_a_failure_without_a_cancellation(self):
        """Without a cancellation, the coroutine's own exception propagates."""

        async def work():
            await nap()
            raise ValueError("mine")

        self.assertIn("ValueError: mine", self.text_of(work, kind="ERROR"))

    def test_an_error_of_make_coro(self):
        """What `make_coro` raises, in whichever run, is no fault of cancelling, and propagates."""
        coroutines = [nap(), nap()]
        text = self.text_of(lambda: coroutines.pop(), kind="ERROR")
        self.assertIn("IndexError: pop from empty list", text)
        self.assertNotIn("not safe to cancel", text)

    def test_the_same_coroutine_again(self):
        """A coroutine that was awaited already is rejected, and not accused of swallowing a cancellation."""
        coroutine = nap()
        text = self.text_of(lambda: coroutine, kind="ERROR")
        self.assertIn("TypeError: make_coro has to return a new coroutine each time it is called", text)
        self.assertIn("not the same again", text)

    def test_a_task_of_another_loop(self):
        """A task made outside belongs to the test's own loop, as the error says."""

        async def test(self):
            task = self.startBackground(nap())
            await self.assertCancelSafe(lambda: asyncio.wait_for(task, 5))

        ran = run_body(test)
        self.assertEqual(ran.kinds, ["ERROR"], ran.text())
        self.assertIn("remedy: create in make_coro what belongs to a loop", ran.text())

    def test_wrong_arguments(self):
        """A coroutine in place of a function is closed and rejected, and so is a wrong number of runs."""
        self.assertIn("takes a function that makes a coroutine", self.text_of(nap(), kind="ERROR"))
        self.assertIn("not 7", self.text_of(7, kind="ERROR"))
        self.assertIn(
            "tasks must be a pattern for names, such as 'client-*', not 7",
            self.text_of(nap, kind="ERROR", tasks=7),
        )
        self.assertIn(
            "check must be a function, plain or async", self.text_of(nap, kind="ERROR", check=nap())
        )
        self.assertIn("max_runs must be 1 or more", self.text_of(nap, kind="ERROR", max_runs=0))
        self.assertIn("max_runs must be a number", self.text_of(nap, kind="ERROR", max_runs=True))

    def test_the_mixin_alone(self):
        """The mixin needs nothing of a test case but async methods."""
        base = type("Plain", (CancelAssertions, unittest.IsolatedAsyncioTestCase), {})

        async def work():
            with contextlib.suppress(asyncio.CancelledError):
                await nap()

        self.check(work, "it has swallowed the cancellation", base=base)
