"""What an exploration finds and reports."""

import asyncio
import threading
import time
import unittest
from unittest import mock

from asynctestkit import HygienicAsyncTestCase, allow_leaks, explore, replay
from asynctestkit.exploration import exploring
from tests.case_runs import run, run_body
from tests.exploration.programs import copy_of


async def lost_update(self):
    """Fails if the slow task writes what it has read before the other one has written."""
    balance, begins = [0], asyncio.Event()

    async def add(amount):
        await begins.wait()
        before = balance[0]
        if amount == 2:
            await asyncio.sleep(0)
        balance[0] = before + amount

    tasks = [asyncio.create_task(add(amount), name=f"add-{amount}") for amount in (1, 2)]
    await asyncio.sleep(0)
    begins.set()
    await asyncio.wait(tasks)
    self.assertEqual(balance, [3])


class ExplorationTests(unittest.TestCase):
    clock = "virtual"

    def test_the_schedule_that_fails_is_reported(self):
        """A failing schedule is reported once: sentence, diagram, a line to replay it, statistics."""
        ran = run_body(explore(copy_of(lost_update)))
        self.assertEqual(ran.kinds, ["FAIL"])
        text = ran.text()
        for said in (
            "Lists differ: [2] != [3]",
            "the schedule in which it fails, found in run ",
            "task 'add-1' was slow before its 1st step, at tests/exploration/test_exploring.py:",
            "SLOW start → ",
            'to replay it: @replay("hold:add-1@1"), or\n'
            'ASYNCTESTKIT_SCHEDULE="hold:add-1@1" python -m unittest ',
            "explored ",
        ):
            self.assertIn(said, text)
        self.assertEqual(text.count("explored "), 1)

    def test_a_schedule_by_chance_is_made_short(self):
        """A schedule found by chance is reported with as few deviations as possible."""
        ran = run_body(explore(holds=1, seconds=60, max_runs=3000)(copy_of(needs_two_holds)))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertRegex(ran.text(), r'@replay\("hold:\w@1[^,]*,hold:\w@1[^,]*"\)')

    def test_a_replay(self):
        """A replay fails in the same way, with the diagram; it passes when the fault is fixed."""
        text = run_body(replay("hold:add-1@1")(copy_of(lost_update))).text()
        self.assertIn("the schedule that was replayed:\n- task 'add-1' was slow before its 1st step", text)
        self.assertIn("SLOW", text)
        mended = replay("hold:a@1")(copy_of(needs_two_holds))
        self.assertEqual(run_body(mended).kinds, ["ok"])

    def test_a_replay_that_does_not_match(self):
        """A replay that does not match the test says so, even if the test fails for another reason."""
        ran = run_body(replay("hold:nobody@2")(copy_of(lost_update)))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("hold:nobody@2 did not occur", ran.text())
        text = run_body(replay("hold:nobody@2,hold:add-1@1")(copy_of(lost_update))).text()
        self.assertIn("!= [3]", text)
        self.assertIn("the schedule hold:nobody@2,hold:add-1@1 does not match: hold:nobody@2 did not", text)

    def test_a_replay_of_a_test_that_skips_itself(self):
        """A replay of a test that skips itself is skipped."""

        async def test(self):
            self.skipTest("not now")

        self.assertEqual(run_body(replay("hold:a@1")(test)).kinds, ["skip"])
        self.assertEqual(run_body(explore(test)).kinds, ["skip"])

    def test_a_test_that_fails_anyway(self):
        """A test that fails unexplored fails as usual, and is not explored."""

        async def test(self):
            self.fail("anyway")

        ran = run_body(explore(test))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertNotIn("schedule", ran.text())

    def test_state_that_outlives_a_run(self):
        """The second run must equal the first in its steps, their number and their results."""
        runs = []

        async def other_steps(self):
            runs.append(None)
            await asyncio.create_task(asyncio.sleep(0), name=f"run-{len(runs)}")

        async def more_steps(self):
            runs.append(None)
            for _ in runs:
                await asyncio.sleep(0)

        async def fails(self):
            runs.append(None)
            self.assertEqual(len(runs), 1)

        for body, said in (
            (other_steps, "run-2@1 instead of run-1@1"),
            (more_steps, r"\d steps instead of \d, from test@\d on"),
            (fails, "the same steps, but another outcome"),
        ):
            with self.subTest(body):
                runs.clear()
                ran = run_body(explore(body))
                self.assertEqual(ran.kinds, ["FAIL"])
                self.assertIn("the second run of the unchanged test differed from the first", ran.text())
                self.assertRegex(ran.text(), said)
                self.assertIn("in setUp, create anew or reset", ran.text())

    def test_fewer_steps(self):
        """Missing steps are reported as well."""
        runs = []

        async def test(self):
            runs.append(None)
            for _ in range(3 - len(runs)):
                await asyncio.sleep(0)

        self.assertRegex(run_body(explore(test)).text(), r"\d steps instead of \d, from test@\d on")


class RunsTests(unittest.TestCase):
    """Runs that differ from others, and where they do."""

    clock = "virtual"

    def test_threads_are_not_controlled(self):
        """Different runs because of threads are no fault; if one fails, the threads are mentioned."""
        runs = []

        async def test(self):
            runs.append(None)
            await asyncio.get_running_loop().run_in_executor(None, threading.get_ident)
            for _ in range(len(runs) % 2):
                await asyncio.create_task(asyncio.sleep(0))
            await lost_update(self)

        ran = run_body(explore(test))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("(the order of its threads is not controlled)", ran.text())

    def test_a_failure_that_does_not_come_again(self):
        """A failure that is not reproduced is reported, with the fact that the second run passed."""
        failed = []

        async def test(self):
            order = []

            async def say(name):
                order.append(name)

            await asyncio.gather(*(asyncio.create_task(say(name), name=name) for name in "ab"))
            if order == ["b", "a"] and not failed:
                failed.append(True)
                self.fail("once")

        text = run_body(explore(test)).text()
        self.assertIn("AssertionError: once", text)
        self.assertIn("run again in this schedule, the test passed", text)

    def test_a_run_that_takes_too_long(self):
        """A run that takes too long is not repeated, neither to shorten nor to show it."""
        runs = []

        async def test(self):
            order = []

            async def say(name):
                order.append(name)

            await asyncio.gather(*(asyncio.create_task(say(name), name=name) for name in "ab"))
            runs.append(order)
            if order == ["b", "a"]:
                time.sleep(60)

        text = run_body(explore(test), deadline=0.1).text()
        self.assertIn("DeadlineError", text)
        self.assertIn("- task 'a' was slow before its 1st step", text)
        self.assertIn('@replay("hold:a@1")', text)
        self.assertEqual(runs.count(["b", "a"]), 1)

    def test_a_run_that_goes_two_ways(self):
        """For runs that differ, the step at which they differ is reported."""
        runs = []

        async def test(self):
            order = []

            async def say(name):
                order.append(name)

            await asyncio.gather(*(asyncio.create_task(say(name), name=name) for name in "ab"))
            if order == ["b", "a"]:
                runs.append(True)
                await asyncio.create_task(asyncio.sleep(0), name=f"run-{len(runs)}")
                self.fail("each time")

        text = run_body(explore(test)).text()
        self.assertIn("two runs in this schedule differed: at position ", text)


class EndsTests(unittest.TestCase):
    """The limits of an exploration, and what ends it early."""

    clock = "virtual"

    def test_the_limits(self):
        """Runs and seconds do not exceed the limits; shortening has a limit of its own."""
        for options in ({"max_runs": 5}, {"seconds": 0}):
            with mock.patch.object(exploring.Exploration, "calls", autospec=True) as calls:
                kept = []
                original = exploring.Exploration._explored

                def note(self, kept=kept, original=original):
                    kept.append(self)
                    return original(self)

                calls.side_effect = note
                run_body(explore(**options)(copy_of(takes_turns)))
            self.assertEqual(kept[0]._runs, 5 if "max_runs" in options else 2)
        with mock.patch.object(exploring, "_MOST_SHRINKING", 0):
            ran = run_body(explore(holds=1, seconds=60, max_runs=3000)(copy_of(needs_two_holds)))
        self.assertIn("hold:", ran.text())

    def test_tasks_of_asyncio_itself_are_not_cancelled(self):
        """asyncio's own tasks are not cancelled, as no program does that: an unaccepted connection hangs."""

        async def serve(reader, writer):
            writer.write(await reader.readline())
            await writer.drain()
            writer.close()

        async def test(self):
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            self.addCleanup(server.close)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            self.assertEqual(await reader.readline(), b"hello\n")
            writer.close()
            await writer.wait_closed()

        ran = run_body(explore(cancellations=True, tasks="BaseSelectorEventLoop*", max_runs=20)(test))
        self.assertEqual(ran.kinds, ["ok"], ran.text())

    def test_an_allowance_that_a_cancellation_makes_stale(self):
        """An allowance need not match in every schedule; in the unchanged test it has to."""

        async def test(self):
            async def leave():
                self.left = asyncio.create_task(asyncio.sleep(3600), name="poller")

            await asyncio.wait([asyncio.create_task(leave())])

        tolerates = allow_leaks("task", name="poller", reason="it is the test's")
        self.assertEqual(run_body(explore(cancellations=True)(tolerates(test))).kinds, ["ok"])
        ran = run_body(explore(cancellations=True)(tolerates(copy_of(takes_turns))))
        self.assertIn("StaleAllowanceError", ran.text())

    def test_what_was_not_begun(self):
        """A coroutine whose task is cancelled before its first step is no forgotten await."""

        async def test(self):
            calls = [asyncio.wait_for(asyncio.Event().wait(), 1), asyncio.wait_for(asyncio.sleep(0), 1)]
            await asyncio.gather(*calls, return_exceptions=True)

        ran = run_body(explore(cancellations=True, holds=0, max_runs=100)(test))
        self.assertEqual((ran.kinds, ran.warned), (["ok"], []), ran.text())

    def test_what_a_cancelled_test_leaves(self):
        """After a cancellation has ended the test early, its leaks are not reported."""

        async def test(self):
            await asyncio.gather(asyncio.sleep(1), asyncio.sleep(2))  # waits: on virtual time

        ran = run_body(explore(cancellations=True)(test))
        self.assertEqual((ran.kinds, ran.leak_warnings), (["ok"], []), ran.text())

    def test_garbage_is_collected_now_and_then(self):
        """Garbage is collected between runs, so that many of them take no more memory than a few."""
        with (
            mock.patch.object(exploring, "_RUNS_OF_GARBAGE", 3),
            mock.patch.object(exploring, "gc") as collector,
        ):
            run_body(explore(max_runs=7)(copy_of(takes_turns)))
        self.assertEqual(collector.collect.call_count, 2)

    def test_ctrl_c(self):
        """Ctrl-C ends the exploration, and the progress is reported."""

        async def test(self):
            await takes_turns(self)
            Counted.runs += 1
            if Counted.runs == 5:
                raise KeyboardInterrupt

        class Counted:
            runs = 0

        with self.assertRaises(KeyboardInterrupt) as caught:
            run_body(explore(test))
        self.assertIn("explored 4 schedules, ", "".join(caught.exception.__notes__))

    def test_a_run_that_runs_away(self):
        """A keep-alive that hides a stuck body is reported after a day of virtual time."""

        async def test(self):
            stops, state = asyncio.Event(), []

            async def beat():
                while not stops.is_set():
                    await asyncio.sleep(600)

            async def first():
                state.append(1)

            async def second():
                if not state:
                    await asyncio.Event().wait()
                stops.set()

            await asyncio.gather(beat(), first(), second())

        ran = run_body(explore(test))
        self.assertEqual(ran.kinds, ["FAIL"])
        self.assertIn("RunawayError", ran.text())
        self.assertIn("hold:", ran.text())

    def test_a_loop_factory(self):
        """With a loop factory the order of steps cannot be controlled, which is an error."""

        class Case(HygienicAsyncTestCase):
            def _hygieneMakeLoop(self):
                return asyncio.new_event_loop()

            @explore
            async def test(self): ...

        ran = run(Case)
        self.assertEqual(ran.kinds, ["ERROR"])
        self.assertIn("cannot be explored: that needs the loop of asynctestkit", ran.text())

    def test_progress_on_a_terminal(self):
        """A long exploration shows its progress on a terminal, and erases it."""
        with (
            mock.patch("sys.stderr", isatty=lambda: True) as terminal,
            mock.patch.multiple(exploring, _PROGRESS_AFTER=0.0, _PROGRESS_EVERY=0.0),
        ):
            result = unittest.TestResult()
            type("Case", (HygienicAsyncTestCase,), {"test": explore(max_runs=5)(copy_of(takes_turns))})(
                "test"
            ).run(result)
        written = [call.args[0] for call in terminal.write.call_args_list]
        self.assertIn("explored 2 schedules", written[0])
        self.assertEqual(written[-1], "\r\x1b[K")


async def takes_turns(self):
    async def turn():
        await asyncio.sleep(0)

    await asyncio.gather(*(turn() for _ in range(3)))


async def needs_two_holds(self):
    """Fails in one order of five first steps, which no single hold produces."""
    order = []

    async def say(name):
        order.append(name)

    await asyncio.gather(*(asyncio.create_task(say(name), name=name) for name in "abc"))
    self.assertNotEqual(order, ["c", "b", "a"])
