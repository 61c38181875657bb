"""A loop is quiet when nothing is ready; if it is unknown what could wake it, anything may."""

import asyncio
import concurrent.futures
import os
import signal
import socket
import threading
import time
import unittest
from unittest import mock

from asynctestkit.cpython import loop_internals
from asynctestkit.cpython.versions import ON_WINDOWS
from asynctestkit.loops import quiescence
from asynctestkit.loops.outside.busy_threads import busy_threads
from asynctestkit.loops.quiescence import can_wake, is_quiet, pause, turn_until_quiet

OPAQUE = mock.patch("asynctestkit.cpython.loop_internals.is_transparent", return_value=False)
"""Makes every loop opaque, as uvloop's is."""


class LoopTestCase(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)

    def run_in_loop(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def make_task(self, coroutine):
        """A task that is cancelled at the end of the test."""
        task = self.loop.create_task(coroutine)
        self.addCleanup(lambda: self.loop.run_until_complete(asyncio.wait([task])))
        self.addCleanup(task.cancel)
        return task


class IsQuietTests(LoopTestCase):
    def test_a_ready_callback(self):
        """A loop is quiet until a callback is ready."""
        self.assertTrue(is_quiet(self.loop))
        self.loop.call_soon(int)
        self.assertFalse(is_quiet(self.loop))

    def test_a_timer_is_not_ready(self):
        """A timer that is not due does not make a loop busy."""
        self.loop.call_later(3600, int)
        self.assertTrue(is_quiet(self.loop))

    def test_an_opaque_loop(self):
        """An opaque loop is never known to be quiet."""
        with OPAQUE:
            self.assertFalse(is_quiet(self.loop))


class TurnUntilQuietTests(LoopTestCase):
    def test_tasks_run_until_they_wait(self):
        """When it returns, the others have had all the turns that they need."""
        turns = []

        async def busy():
            for turn in range(100):
                turns.append(turn)
                await asyncio.sleep(0)
            await asyncio.sleep(3600)

        self.make_task(busy())
        self.assertTrue(self.run_in_loop(turn_until_quiet(self.loop, 60)))
        self.assertEqual(turns, list(range(100)))

    def test_a_spinner_ends_the_attempt(self):
        """While a task spins, the loop is not quiet, and the attempt ends with its time."""

        async def spins():
            while True:
                await asyncio.sleep(0)

        self.make_task(spins())
        self.assertFalse(self.run_in_loop(turn_until_quiet(self.loop, 0.01)))

    def test_a_busy_machine(self):
        """If the time is over at once, the others get some turns all the same."""
        turns = []

        async def counts():
            while len(turns) < 10:
                turns.append(None)
                await asyncio.sleep(0)

        self.make_task(counts())
        self.assertFalse(self.run_in_loop(turn_until_quiet(self.loop, -1)))
        self.assertGreaterEqual(len(turns), 2)

    def test_an_opaque_loop_gets_some_turns(self):
        """An opaque loop counts as quiet after as many turns as real suites need."""
        turns = []

        async def counts():
            while True:
                turns.append(None)
                await asyncio.sleep(0)

        self.make_task(counts())
        with OPAQUE:
            self.assertTrue(self.run_in_loop(turn_until_quiet(self.loop, 60)))
        self.assertGreater(len(turns), 7)


class PauseTests(LoopTestCase):
    def test_it_ends_with_the_last_task(self):
        """It returns when all tasks are done, long before the time is up."""
        events = [asyncio.Event(), asyncio.Event()]

        async def body():
            tasks = [asyncio.ensure_future(event.wait()) for event in events]
            for delay, event in enumerate(events):
                self.loop.call_later(delay * 0.001, event.set)
            charged = await pause(self.loop, tasks, 600)
            return charged, [task.done() for task in tasks]

        charged, done = self.run_in_loop(body())
        self.assertEqual(done, [True, True])
        self.assertLess(charged, 600)

    def test_it_ends_with_the_time(self):
        """Tasks that go on are left alone, and only the given time is charged."""
        task = self.make_task(asyncio.sleep(3600))
        charged = self.run_in_loop(pause(self.loop, [task], 0.01))
        self.assertFalse(task.done())
        self.assertLessEqual(charged, 0.01)

    def test_lateness_is_not_charged(self):
        """If the loop is delayed, the wait is charged as if it had been on time."""
        task = self.make_task(asyncio.sleep(3600))
        self.loop.call_soon(time.sleep, 0.05)  # waits: it stands for a busy machine
        began = time.monotonic()
        self.assertEqual(self.run_in_loop(pause(self.loop, [task], 0.01)), 0.01)
        self.assertGreaterEqual(time.monotonic() - began, 0.05)

    def test_a_clock_that_a_test_has_frozen(self):
        """On a frozen clock it ends all the same: with the time, or with the last task."""
        for patch in (
            mock.patch.object(self.loop, "time", return_value=0.0),
            mock.patch("time.monotonic", return_value=0.0),
        ):
            with self.subTest(patch), patch:
                task = self.make_task(asyncio.Event().wait())
                self.assertEqual(self.run_in_loop(pause(self.loop, [task], 0.01)), 0.01)
                task.cancel()
                self.assertLess(self.run_in_loop(pause(self.loop, [task], 600)), 600)

    def test_a_clock_of_the_loops_own(self):
        """On a loop class with its own clock, such as a virtual one, the wait uses that clock."""
        loop = type("Fast", (asyncio.SelectorEventLoop,), {"time": lambda _: 1e9 + 1000 * time.monotonic()})()
        loop.set_debug(False)
        self.addCleanup(loop.close)
        task = loop.create_task(asyncio.sleep(1))  # waits: on that clock
        loop.run_until_complete(pause(loop, [task], 60))
        self.assertTrue(task.done())

    def test_tasks_and_time_may_be_up_at_once(self):
        """The second of two simultaneous reasons to end does no harm."""

        async def body():
            task = asyncio.ensure_future(asyncio.sleep(0))
            return await pause(self.loop, [task], 0), task.done()

        charged, _ = self.run_in_loop(body())
        self.assertEqual(charged, 0)

    def test_nothing_is_left_on_loop_or_task(self):
        """Cancelled in the middle, it removes its timer and its callbacks."""
        seen = []

        class Watching(asyncio.Task):
            def remove_done_callback(self, callback):
                seen.append(callback)
                return super().remove_done_callback(callback)

        async def for_ever():
            await asyncio.sleep(3600)

        task = Watching(for_ever(), loop=self.loop)
        waiting = self.make_task(pause(self.loop, [task], 600))
        self.run_in_loop(turn_until_quiet(self.loop, 60))
        waiting.cancel()
        self.run_in_loop(asyncio.wait([waiting]))
        self.assertTrue(waiting.cancelled())
        self.assertEqual(len(seen), 1)
        task.cancel()
        self.run_in_loop(asyncio.wait([task]))
        self.assertIsNone(loop_internals.next_timer(self.loop))


class CanWakeTests(LoopTestCase):
    def setUp(self):
        super().setUp()
        # Threads that other tests have left are ignored here.
        others = {each.number for each in busy_threads()}
        patch = mock.patch(
            "asynctestkit.loops.quiescence.busy_threads",
            lambda: [each for each in busy_threads() if each.number not in others],
        )
        patch.start()
        self.addCleanup(patch.stop)

    def watch(self, file):
        """Has the loop watch a file or socket that is closed with the test."""
        self.addCleanup(file.close)
        self.loop.add_reader(file, int)

    def test_nothing(self):
        """A loop without any activity cannot be woken."""
        self.assertFalse(can_wake(self.loop, 3600))

    def test_a_callback(self):
        """A callback that is ready can wake tasks."""
        self.loop.call_soon(int)
        self.assertTrue(can_wake(self.loop, 0))

    def test_a_timer_in_time(self):
        """A timer wakes if it is due within the time; a cancelled one does not."""
        timer = self.loop.call_later(1000, int)
        self.assertFalse(can_wake(self.loop, 900))
        self.assertTrue(can_wake(self.loop, 1100))
        timer.cancel()
        self.assertFalse(can_wake(self.loop, 1100))

    @unittest.skipIf(ON_WINDOWS, "loops there take no signal handlers")
    def test_a_signal_handler(self):
        """A loop with a signal handler can be woken by a signal."""
        self.loop.add_signal_handler(signal.SIGUSR1, int)
        self.assertTrue(can_wake(self.loop, 0))

    def test_a_connected_socket(self):
        """A connected socket can be written to from the other end."""
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.watch(ours)
        self.assertTrue(can_wake(self.loop, 0))

    def test_a_listening_socket(self):
        """A listening socket alone cannot wake the loop."""
        self.watch(socket.create_server(("127.0.0.1", 0)))
        self.assertFalse(can_wake(self.loop, 0))

    def test_a_pipe(self):
        """A pipe may be written to; asking takes no descriptor."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        self.watch(os.fdopen(reader))
        lowest_free = os.dup(writer)
        os.close(lowest_free)
        self.assertTrue(can_wake(self.loop, 0))
        again = os.dup(writer)
        os.close(again)
        self.assertEqual(again, lowest_free)

    def test_a_descriptor_closed_too_early(self):
        """A descriptor that is closed but still registered is unknown, so it may wake the loop."""
        reader, writer = os.pipe()
        os.close(writer)
        self.loop.add_reader(reader, int)
        os.close(reader)
        self.assertTrue(can_wake(self.loop, 0))

    def test_a_busy_thread(self):
        """A running thread may wake the loop until it ends."""
        over = threading.Event()
        thread = threading.Thread(target=over.wait, args=(30,))
        thread.start()
        try:
            self.assertTrue(can_wake(self.loop, 0))
        finally:
            over.set()
            thread.join()
        self.assertComesToRest()

    def test_a_thread_that_ends_while_it_is_looked_for(self):
        """What it has called in the loop just before it ended is seen."""

        def call_and_end(loop):
            loop.call_soon(print)
            return []

        with mock.patch.object(quiescence, "threads_around", call_and_end):
            self.assertTrue(can_wake(self.loop, 0))

    def assertComesToRest(self):
        """Asserts that nothing can wake the loop soon: a thread takes a moment to end."""
        until = time.monotonic() + 30
        while can_wake(self.loop, 0):
            self.assertLess(time.monotonic(), until)

    def test_a_thread_pool(self):
        """A pool's worker counts while it has a job, and not while it waits for one."""
        busy, over = threading.Event(), threading.Event()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            job = pool.submit(lambda: (busy.set(), over.wait(30)))
            self.assertTrue(busy.wait(30))
            self.assertTrue(can_wake(self.loop, 0))
            over.set()
            job.result(30)
            self.assertComesToRest()

    def test_a_thread_that_has_not_begun(self):
        """A thread that was not started cannot wake the loop."""
        threading.Thread(target=int)
        self.assertFalse(can_wake(self.loop, 0))

    def test_an_opaque_loop(self):
        """An opaque loop may always be woken."""
        with OPAQUE:
            self.assertTrue(can_wake(self.loop, 0))
