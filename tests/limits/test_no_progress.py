"""The failure of a test without progress: the reason, the culprits as far as known, and the remedy."""

import asyncio
import functools
import unittest
from unittest import mock

from asynctestkit import DeadlockError, RunawayError, Settings
from asynctestkit.cpython.versions import HAS_RUNNER
from asynctestkit.lifecycle.guard import Guard
from asynctestkit.limits.deadlock import Cause, Facts
from asynctestkit.limits.no_progress import REMEDIES, failure_of
from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.loops.runner import Runner
from asynctestkit.loops.selector import Standstill
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop


async def beat():
    await asyncio.sleep(60)


class Failing(unittest.TestCase):
    def text_on(self, standstill, body=None, *, loop=VirtualEventLoop):
        """The message for a test whose task has begun `body`."""
        runner = Runner(None, lambda loop: None, loop)
        self.addCleanup(runner.close)
        guard = Guard("Feed.test", (__file__, 1), Settings(), {}, runner)
        guard.open(runner.get_loop())
        self.addCleanup(guard.close)

        async def main():
            if body is not None:
                await body()
            await asyncio.sleep(0)
            return failure_of(standstill, guard, "its body", "test")

        error = runner.run(main())
        self.assertIs(type(error), DeadlockError if standstill is Standstill.DEADLOCK else RunawayError)
        return str(error)


class FailureTests(Failing):
    clock = "virtual"  # of the loops that it makes

    def test_a_deadlock(self):
        """A deadlock's message lists what is missing, the clock, where tasks stand, and the remedy."""
        text = self.text_on(Standstill.DEADLOCK, lambda: asyncio.sleep(5))
        self.assertTrue(
            text.startswith(
                "Feed.test: deadlock: nothing can ever wake its body on the virtual clock: no timer is set, "
                "no descriptor watched, no thread or child at work, no signal handler installed (phase test)"
            ),
            text,
        )
        self.assertIn("\n\nremedy: have another task set, notify or end what is waited for", text)

    def test_the_remedy_of_a_deadlock(self):
        """Each kind of cause has its own remedy."""
        for cause in Cause:
            facts = Facts({}, set(), [cause, Cause.SIGNAL])
            with mock.patch("asynctestkit.limits.no_progress.facts_about", return_value=facts):
                remedy = self.text_on(Standstill.DEADLOCK).partition("remedy: ")[2]
            self.assertEqual(remedy, "; ".join([REMEDIES[cause], REMEDIES[Cause.SIGNAL]]))
        self.assertEqual(len(set(REMEDIES.values())), len(Cause))

    def test_the_real_clock(self):
        """The message names the clock."""
        self.assertIn(
            "wake its body on the real clock: ", self.text_on(Standstill.DEADLOCK, loop=HygienicEventLoop)
        )

    def owner(self, set_timer):
        async def body():
            set_timer()
            for _ in range(3):
                await asyncio.sleep(0)

        first = self.text_on(Standstill.RUNAWAY, body).splitlines()[0]
        self.assertIn(
            "its body has not ended after 0 s of virtual time, and its next timer lies beyond", first
        )
        self.assertIn("clock.limit = 2592000", first)
        return first.partition("2592000")[2]

    def test_the_owner_of_a_sleep(self):
        """The sleeping task is named, with its coroutine, its definition, and the line that sleeps."""
        slept_at = beat.__code__.co_firstlineno + 1
        for debug in (False, True):
            with self.subTest(debug=debug):

                def start(debug=debug):
                    asyncio.get_running_loop().set_debug(debug)
                    self.task = asyncio.create_task(beat(), name="bg:{beat}")

                owner = self.owner(start)
                self.assertIn("; that timer belongs to task 'bg:{beat}', beat(), defined at ", owner)
                self.assertRegex(owner, rf", set at \S*test_no_progress\.py:{slept_at} in beat ")

    @unittest.skipUnless(HAS_RUNNER, "asyncio.timeout is new in 3.11")
    def test_the_owner_of_a_time_out(self):
        """The task under the timeout is named."""

        async def limited():
            async with asyncio.timeout(60):
                await asyncio.Event().wait()

        owner = self.owner(lambda: setattr(self, "task", asyncio.create_task(limited(), name="limited")))
        self.assertIn("belongs to task 'limited'", owner)

    def test_the_owner_of_a_callback(self):
        """A callback is named, with its definition if it is written in Python."""
        loop = asyncio.get_running_loop
        owner = self.owner(lambda: loop().call_later(60, self.owner, 1))
        self.assertRegex(
            owner,
            r"that timer calls FailureTests\.owner, defined at \S+ in FailureTests\.owner, "
            r"set at \S+ in <lambda> ",
        )
        self.assertIn("that timer calls print", self.owner(lambda: loop().call_later(60, print)))

    def test_no_timer_any_more(self):
        """If the timer has gone meanwhile, no owner is named."""
        self.assertEqual(self.owner(lambda: None), " (phase test)")

    def test_nothing_but_background_tasks(self):
        """The message says that the other tasks wait, and how far the clock has advanced."""

        async def body():
            await asyncio.sleep(7)

        self.assertIn(
            "its body is waiting, and nothing but background tasks has run for a long time, 7 s of",
            self.text_on(Standstill.BACKGROUND, body),
        )

    def test_a_spinner(self):
        """The tasks that are ready, which are those that spin, are named."""

        async def spin():
            while True:
                await asyncio.sleep(0)

        async def body():
            self.tasks = [asyncio.create_task(spin(), name="spins"), asyncio.create_task(asyncio.sleep(9))]
            for _ in range(2):
                await asyncio.sleep(0)

        text = self.text_on(Standstill.SPIN, body)
        self.assertIn(
            "its body kept the loop turning while no virtual time passed, 0 s after the test "
            "began; it was about to run tasks 'Task-",
            text,
        )
        self.assertRegex(text.splitlines()[0], r"'spins' \(phase test\)$")
        self.assertIn("instead of sleep(0)", text)

    def turn(self, body):
        """What the loop was about to run, without the test's own task."""
        text = self.text_on(Standstill.SPIN, body).splitlines()[0]
        return text.partition("about to run task '")[2].partition("', ")[2].removesuffix(" (phase test)")

    def test_a_callback_that_spins(self):
        """Five spinning callbacks at most are named with their definition, none of asyncio's own."""

        def again(*args):
            asyncio.get_running_loop().call_soon(functools.partial(again, 1))

        async def body():
            asyncio.get_running_loop().call_soon(again).cancel()
            again()

        turn = self.turn(body)
        name = "FailureTests.test_a_callback_that_spins.<locals>.again"
        self.assertRegex(turn, rf"^the callback {name}, defined at \S+test_no_progress\.py:\d+ in {name}$")

        class Again:
            def __call__(self):
                asyncio.get_running_loop().call_soon(self)

            def __repr__(self):
                return "<Again>"

        async def calls_object():
            asyncio.get_running_loop().call_soon(Again())
            await asyncio.sleep(0)

        self.assertRegex(self.turn(calls_object), r"^the callback <Again>, defined at \S+ in <Again>$")

        def spin(number):
            def again():
                asyncio.get_running_loop().call_soon(again)

            again.__qualname__ = f"spin{number}"
            again()

        async def many():
            for number in range(7):
                spin(number)

        self.assertEqual(self.turn(many).count("the callback spin"), 5)

    def test_a_task_that_is_about_to_go_on(self):
        """A task whose future is done is ready."""

        async def body():
            future = asyncio.get_running_loop().create_future()
            self.task = asyncio.create_task(asyncio.wait_for(future, None), name="woken")
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(future.set_result, None)

        self.assertIn("'woken'", self.text_on(Standstill.SPIN, body).splitlines()[0])

    def test_only_callbacks_of_asyncio(self):
        """If nothing of the user's is ready, asyncio's own callbacks are named."""

        with mock.patch("asynctestkit.limits.no_progress._tasks", return_value=[]):
            self.assertIn(
                "it was about to run nothing of the test's own (", self.text_on(Standstill.SPIN, None)
            )


class HeartbeatTests(Failing):
    clock = "virtual"  # of the loops that it makes

    def test_a_body_that_can_never_wake(self):
        """The message says how long timers went on, and whose the next one is, if there still is one."""

        async def body():
            await asyncio.sleep(7)

        self.assertIn(
            "Feed.test: its body can never wake: nothing that still runs refers to what it waits for, and "
            "only timers go on, 7 s of virtual time after the test began (phase test)\n",
            self.text_on(Standstill.HEARTBEAT, body),
        )

        async def beats():
            self.task = asyncio.create_task(beat(), name="beats")
            await asyncio.sleep(0)

        self.assertIn(
            "after the test began; the next one belongs to task 'beats', beat(), defined at ",
            self.text_on(Standstill.HEARTBEAT, beats),
        )
