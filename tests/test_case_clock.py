"""case.py on the virtual clock."""

import asyncio
import selectors
import subprocess
import threading
import time
import unittest
from unittest import mock

from asynctestkit import HygieneMixin, HygienicAsyncTestCase, hygiene, no_leaks
from asynctestkit.cpython.versions import HAS_RUNNER
from asynctestkit.loops.virtual import virtual_selector
from asynctestkit.loops.virtual.clock import Clock
from tests.case_runs import hard_cap, run, run_body


class Virtual(HygienicAsyncTestCase):
    clock = "virtual"


class CleanTestCase(unittest.TestCase):
    def assertClean(self, finished):
        self.assertEqual((finished.kinds, finished.warned), (["ok"], []), finished.outcomes)


class ClockTests(CleanTestCase):
    clock = "virtual"  # of the loops that it makes

    def test_virtual_time(self):
        """The body, its hooks and its cleanups share one virtual clock, which begins with the test."""
        seen = []

        class Case(Virtual):
            def setUp(self):
                seen.append(self.clock.elapsed)

            async def asyncSetUp(self):
                await asyncio.sleep(60)
                self.addAsyncCleanup(self.ends)

            async def test(self):
                await asyncio.sleep(3600)
                seen.append(self.clock.elapsed)
                self.assertEqual(asyncio.get_running_loop().time(), self.clock.time())

            async def ends(self):
                await asyncio.sleep(60)
                seen.append(self.clock.elapsed)

        case = Case("test")
        for _ in range(2):  # an instance may run again
            self.assertClean(run(case))
            self.assertEqual(case.clock, "virtual")
        self.assertEqual(seen, [0, 3660, 3720] * 2)

    def test_the_real_clock(self):
        """On the real clock `self.clock` is the loop's time."""

        async def test(self):
            self.assertIs(type(self.clock), Clock)
            self.assertLess(abs(self.clock.time() - time.monotonic()), 5)
            self.assertLess(self.clock.elapsed, 5)

        self.assertClean(run_body(test))

    def test_one_test_of_a_class(self):
        """`@hygiene` sets the clock of a single test, virtual or real."""

        @hygiene(clock="virtual")
        async def virtual(self):
            await asyncio.sleep(3600)

        @hygiene(clock="real")
        async def real(self):
            self.assertIs(type(self.clock), Clock)

        self.assertClean(run_body(virtual))
        self.assertClean(run_body(real, Virtual))

    def test_background_tasks_do_not_keep_time_running(self):
        """Once the body has ended, a background task's heartbeat lets no time pass."""
        ended = []

        async def test(self):
            async def beat():
                while True:
                    await asyncio.sleep(1)

            self.addCleanup(lambda: ended.append(self.clock.elapsed))
            self.startBackground(beat())
            await asyncio.sleep(10)

        self.assertClean(run_body(test, Virtual))
        self.assertEqual(ended, [10])

    def test_assertions_about_time(self):
        """Assertions about time use virtual time, and their messages say so."""

        async def test(self):
            await self.assertTimesOut(asyncio.wait_for(asyncio.Event().wait(), 60), within=100)
            await self.assertAwaitedWithin(asyncio.sleep(89), 90)
            for fails in (self.assertAwaitedWithin(asyncio.sleep(91), 90), step(self)):
                with self.assertRaisesRegex(
                    AssertionError, r"(?s)after 90 s\n.*\n\(seconds of virtual time\)$"
                ):
                    await fails

        async def step(self):
            async with self.assertStepWithin("load", 90):
                await asyncio.sleep(91)

        self.assertClean(run_body(test, Virtual))

    def test_a_blocked_loop(self):
        """A loop is blocked by wall time, and not by hours of virtual time."""

        async def waits(self):
            await asyncio.sleep(3600)

        async def blocks(self):
            until = time.thread_time() + 0.2
            while time.thread_time() < until:
                pass

        self.assertClean(run_body(waits, Virtual, blocking_threshold=0.1))
        self.assertRegex(
            run_body(blocks, Virtual, blocking_threshold=0.1).text(),
            r"for \d+\.\d+ s of wall time in the test",
        )

    def test_settling(self):
        """A task that a timer ends within `settle_time` is no leak, as in real time; a longer sleep is."""

        async def soon(self):
            self.task = asyncio.create_task(asyncio.sleep(0.9))

        async def later(self):
            self.task = asyncio.create_task(asyncio.sleep(1.5))

        async def beat(self):
            async def beats():
                while True:
                    await asyncio.sleep(0.1)

            self.task = asyncio.create_task(beats())

        self.assertClean(run_body(soon, Virtual))
        began = time.monotonic()
        self.assertIn("waits on sleep(1.5)", run_body(later, Virtual).text())
        self.assertIn("waits on sleep(0.1)", run_body(beat, Virtual).text())
        self.assertLess(time.monotonic() - began, 60)

    def test_settling_on_a_busy_machine(self):
        """However long the turns of the loop take, the task gets its virtual seconds."""

        async def test(self):
            async def beats():
                for _ in range(9):
                    await asyncio.sleep(0.1)
                    time.sleep(0.05)  # waits: it stands for a busy machine

            self.task = asyncio.create_task(beats())

        self.assertClean(run_body(test, Virtual))

    def test_deadlines_are_wall_time(self):
        """A day of virtual time is within a deadline of seconds; a blocked loop is not."""

        @hygiene(deadline=5)
        async def sleeps(self):
            await asyncio.sleep(24 * 3600)

        @hygiene(deadline=0.1)
        async def blocks(self):
            time.sleep(1000)

        self.assertClean(run_body(sleeps, Virtual))
        with hard_cap():
            self.assertIn("DeadlineError", run_body(blocks, Virtual).text())

    def test_a_loop_of_the_users(self):
        """Virtual time on a loop without it is an error with the remedy."""

        class Case(Virtual):
            loop_factory = staticmethod(lambda: asyncio.SelectorEventLoop(selectors.SelectSelector()))

            async def test(self):
                raise AssertionError("it does not run")

        finished = run(Case)
        self.assertEqual(finished.kinds, ["ERROR"])
        self.assertIn('clock = "virtual" needs the loop of asynctestkit', finished.text())
        self.assertIn("take away its loop_factory", finished.text())

    def test_a_runner_of_the_users(self):
        """So is virtual time on a suite's own runner, or its own loop on 3.10."""

        class Own(unittest.IsolatedAsyncioTestCase):
            if HAS_RUNNER:

                def _setupAsyncioRunner(self):
                    self._asyncioRunner = asyncio.Runner()

            else:

                def _setupAsyncioLoop(self):
                    super()._setupAsyncioLoop()

            async def test(self):
                raise AssertionError("it does not run")

        class Case(HygieneMixin, Own):
            clock = "virtual"

        self.assertIn('clock = "virtual" needs the loop of asynctestkit', run(Case).text())

    def test_a_block(self):
        """A block cannot change the clock of its loop."""

        async def body():
            async with no_leaks(clock="virtual"):
                pass

        with self.assertRaisesRegex(RuntimeError, 'clock = "virtual" needs'):
            asyncio.run(body())


class OutsideTests(CleanTestCase):
    clock = "virtual"  # of the loops that it makes

    def test_what_keeps_time_from_jumping(self):
        """If outside activity stops virtual time until the deadline, the report names it."""
        ended = threading.Event()
        thread = threading.Thread(target=ended.wait, args=(60,), name="ticker")

        @hygiene(deadline=0.2)
        async def test(self):
            thread.start()
            with subprocess.Popen(["cat"], stdin=subprocess.PIPE):
                await asyncio.sleep(3600)

        self.addCleanup(thread.join)
        self.addCleanup(ended.set)
        self.assertIn(
            "virtual time did not jump, because of work outside the loop: thread 'ticker', a child process\n",
            run_body(test, Virtual, leak_detectors=()).text(),
        )

    def test_a_real_server(self):
        """A server and its client on loopback, with timeouts, have the same results as in real time."""

        async def test(self):
            async def answer(reader, writer):
                while line := await asyncio.wait_for(reader.readline(), 30):
                    if line == b"slow\n":
                        await asyncio.sleep(10)
                    writer.write(line.upper())
                    await writer.drain()
                writer.close()
                await writer.wait_closed()

            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for word in (b"fast\n", b"slow\n", b"fast\n"):
                writer.write(word)
                self.assertEqual(await asyncio.wait_for(reader.readline(), 11), word.upper())
            writer.write(b"slow\n")
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(reader.readline(), 9.5)
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()
            self.assertGreaterEqual(self.clock.elapsed, 19.5)
            self.assertLess(self.clock.elapsed, 21)

        self.assertClean(run_body(test, Virtual))

    def test_a_child_process(self):
        """The virtual clock does not advance while a child process answers."""

        async def test(self):
            child = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
            answer, _ = await asyncio.wait_for(child.communicate(b"hello"), 60)
            self.assertEqual(answer, b"hello")
            self.assertLess(self.clock.elapsed, 60)

        self.assertClean(run_body(test, Virtual))


class PatchTimeTests(unittest.TestCase):
    clock = "virtual"

    def test_the_time_module_follows(self):
        """The `time` module follows from set-up to the last cleanup, and is restored even after a failure."""
        original = time.monotonic
        seen = []

        class Case(Virtual):
            patch_time = True

            def setUp(self):
                self.addCleanup(self.look)
                self.look()

            async def test(self):
                await asyncio.sleep(3600)
                time.sleep(60)
                self.look()

            async def test_fails(self):
                self.fail()

            def look(self):
                seen.append(time.monotonic() - self.clock.time())

        began = original()
        finished = run(Case)
        self.assertEqual((finished.kinds, seen), (["ok", "FAIL"], [0] * 5), finished.outcomes)
        self.assertIs(time.monotonic, original)
        self.assertLess(original() - began, 10)

    def test_settling_and_deadlines(self):
        """Settling and deadlines use wall time while the module is patched."""

        @hygiene(deadline=0.2)
        async def blocks(self):
            while True:
                time.sleep(1)

        with hard_cap():
            self.assertIn("DeadlineError", run_body(blocks, Virtual, patch_time=True).text())

    def test_the_real_clock(self):
        """On the real clock `patch_time` is an error that says what is missing, and nothing is patched."""
        original = time.monotonic

        async def test(self):
            pass

        finished = run_body(test, patch_time=True)
        self.assertEqual(finished.kinds, ["ERROR"])
        self.assertIn("patch_time = True needs virtual time", finished.text())
        self.assertIs(time.monotonic, original)


class RunawayTests(unittest.TestCase):
    clock = "virtual"  # of the loops that it makes

    def test_a_heartbeat_without_a_waiting_task(self):
        """A heartbeat is ended at the limit, with the timer's owner named; hooks and cleanups run."""
        ran = []

        async def test(self):
            async def beat():
                while True:
                    await asyncio.sleep(60)

            async def ends():
                await asyncio.sleep(60)
                ran.append("cleanup")

            self.addAsyncCleanup(ends)
            self.clock.limit = 3600
            self.startBackground(beat(), name="bg:beat")
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(60)
                ran.append("finally")

        finished = run_body(test, Virtual)
        self.assertEqual((finished.kinds, ran), (["FAIL"], ["finally", "cleanup"]))
        self.assertIn("RunawayError", finished.text())
        self.assertIn("that timer belongs to task 'bg:beat'", finished.text())

    def test_a_spinner(self):
        """A task that spins is named, and the test ended; after 5 s, here sooner."""

        async def test(self):
            async def spin():
                while True:
                    await asyncio.sleep(0)

            self.startBackground(spin(), name="bg:spin")
            await asyncio.sleep(1)

        self.assertEqual(virtual_selector._SPIN_SECONDS, 5)
        with mock.patch.object(virtual_selector, "_SPIN_SECONDS", 0.5):
            finished = run_body(test, Virtual)
        self.assertEqual(finished.kinds, ["FAIL"])
        self.assertIn("kept the loop turning while no virtual time passed, 0 s", finished.text())
        self.assertIn("it was about to run task 'bg:spin' (phase test)", finished.text())
