"""The sweep: what may end by itself, and for how long it is waited for."""

import asyncio
import gc
import signal
import socket
import sys
import threading
import time
import unittest
import weakref
from unittest import mock

from asynctestkit import Allowance
from asynctestkit.leaks.census import census
from asynctestkit.leaks.census.heap import heap
from tests.leaks.contract import Inner, run_body

GENEROUS = 10.0
"""Wall seconds that no machine is too slow for."""


async def hang():
    await asyncio.get_running_loop().create_future()


class SettlingTests(unittest.TestCase):
    """Tasks that something will end are waited for; these tests leave them running."""

    def assertSettles(self, body, **members):
        """Asserts no leak, however long it takes: a slow machine must not fail this test."""
        members.setdefault("settle_time", GENEROUS)
        outcome = run_body(body, **members)
        self.assertEqual(outcome.complaints, [], outcome.report)

    def test_many_turns_of_the_loop(self):
        """Callbacks that are ready run to their end."""

        async def turns():
            for _ in range(1000):
                await asyncio.sleep(0)

        async def test(case):
            case.task = asyncio.create_task(turns())

        self.assertSettles(test)

    def test_a_cancellation_that_takes_its_time(self):
        """A task that the test has cancelled may clean up."""

        async def cleans_up():
            try:
                await hang()
            finally:
                await asyncio.sleep(0.02)  # waits: the clean-up that takes time is what is tested

        async def test(case):
            task = asyncio.create_task(cleans_up())
            await asyncio.sleep(0)
            task.cancel()

        self.assertSettles(test)

    def test_a_timer(self):
        """A timer that is due in time wakes its task."""

        async def test(case):
            case.task = asyncio.create_task(asyncio.sleep(0.05))  # waits: the timer is what is tested

        self.assertSettles(test)

    def test_a_socket(self):
        """A connection that is still closing, here by a peer in a thread, is waited for."""

        async def reads(ours):
            await asyncio.get_running_loop().sock_recv(ours, 1)
            ours.close()

        async def test(case):
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            case.task = asyncio.create_task(reads(ours))
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_later(0.05, theirs.close)

        self.assertSettles(test)

    def test_a_thread(self):
        """A task that awaits a thread's work is waited for, as long as the thread lives."""

        async def test(case):
            case.task = asyncio.create_task(asyncio.to_thread(time.sleep, 0.05))  # waits: the thread's work

        self.assertSettles(test)

    def test_a_job_for_an_idle_worker(self):
        """A pool worker that looks idle and has just been given a job counts as at work."""

        async def test(case):
            await asyncio.to_thread(int)
            case.task = asyncio.create_task(asyncio.to_thread(time.sleep, 0.001))  # waits: the thread's work

        for _ in range(20):  # a race: it failed in seven of ten runs before it was handled
            self.assertSettles(test)

    def test_a_future_of_another_thread(self):
        """A plain thread that sets a future through `call_soon_threadsafe` is waited for."""

        async def waits(future):
            await future

        async def test(case):
            loop = asyncio.get_running_loop()
            future, go_on = loop.create_future(), threading.Event()
            case.task = loop.create_task(waits(future))

            def sets():
                go_on.wait(GENEROUS)
                loop.call_soon_threadsafe(future.set_result, None)

            thread = threading.Thread(target=sets)
            thread.start()
            case.addCleanup(go_on.set)

        self.assertSettles(test)

    def test_a_child_process(self):
        """A task that awaits a child's exit is waited for."""

        async def waits():
            process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", "")
            await process.wait()

        async def test(case):
            case.task = asyncio.create_task(waits())

        self.assertSettles(test)

    def test_a_signal_handler(self):
        """A task that waits is given the time if a signal handler is installed."""

        async def test(case):
            event, loop = asyncio.Event(), asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, event.set)
            case.task = asyncio.create_task(event.wait())
            await asyncio.sleep(0)
            sends = threading.Thread(target=signal.raise_signal, args=(signal.SIGUSR1,))
            sends.start()
            case.addCleanup(sends.join)

        allowance = Allowance("signal_handler", reason="removed before, it would not hear the signal")
        self.assertSettles(test, allowed_leaks=(allowance,))

    def test_the_finalizer_of_a_generator(self):
        """A dropped generator's `aclose()` task, which the loop starts, may run to its end."""

        async def ticks():
            try:
                yield 1
            finally:
                await asyncio.sleep(0.01)  # waits: the clean-up that takes time is what is tested

        async def test(case):
            async for _ in ticks():
                break
            cycle = [ticks()]
            cycle.append(cycle)
            await cycle[0].__anext__()

        self.assertSettles(test, leak_detectors=())
        self.assertSettles(test, allowed_leaks=(Allowance("async_generator", reason="dropped on purpose"),))

    def test_garbage_that_wakes_a_task(self):
        """A task that a finalizer wakes when the sweep collects garbage is waited for."""

        class Finalized:
            def __init__(self, event):
                self.event, self.cycle = event, self

            def __del__(self):
                self.event.set()

        async def test(case):
            event = asyncio.Event()
            case.task = asyncio.create_task(event.wait())
            await asyncio.sleep(0)
            Finalized(event)

        gc.disable()
        try:
            self.assertSettles(test)
        finally:
            gc.enable()

    def test_a_busy_machine_is_no_excuse(self):
        """A task that blocks the loop for longer than the settle time, and then ends, is no leak."""

        async def computes():
            for _ in range(3):
                until = time.monotonic() + 0.05
                while time.monotonic() < until:
                    pass
                await asyncio.sleep(0)

        async def test(case):
            case.task = asyncio.create_task(computes())

        self.assertSettles(test, settle_time=0.1)

    def test_on_an_opaque_loop(self):
        """A loop that cannot be inspected gets some turns and the settle time."""

        async def test(case):
            case.task = asyncio.create_task(asyncio.sleep(0.02))  # waits: the timer is what is tested

        async def leaks(case):
            case.task = asyncio.create_task(hang())

        with mock.patch("asynctestkit.cpython.loop_internals.is_transparent", return_value=False):
            self.assertSettles(test)
            outcome = run_body(leaks, settle_time=0.05)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["task"])


class JudgedAtOnceTests(unittest.TestCase):
    """Tasks that nothing can wake in time are not waited for."""

    def test_a_leaking_suite_stays_fast(self):
        """Fifty tests that leave tasks which nothing can wake take no settle time."""

        async def test(case):
            case.tasks = [
                asyncio.create_task(waits)
                for waits in (asyncio.sleep(3600), hang(), asyncio.Queue().get(), asyncio.Event().wait())
            ]

        started = time.monotonic()
        for _ in range(50):
            outcome = run_body(test, settle_time=60.0)
            self.assertEqual(len(outcome.leaks), 4)
        self.assertLess(time.monotonic() - started, 60.0)

    def test_a_server_that_listens(self):
        """A listening socket alone wakes no task: a client would be a descriptor, too."""

        async def test(case):
            server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
            task = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(0)
            case.server = server
            case.task = task

        started = time.monotonic()
        outcome = run_body(test, settle_time=60.0)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["task"])
        self.assertLess(time.monotonic() - started, 60.0)

    def test_an_idle_pool(self):
        """Workers without a job wake no task."""

        async def test(case):
            await asyncio.to_thread(int)
            case.task = asyncio.create_task(hang())

        started = time.monotonic()
        outcome = run_body(test, settle_time=60.0)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["task"])
        self.assertLess(time.monotonic() - started, 60.0)

    def test_no_settle_time_at_all(self):
        """With a settle time of zero, any waiting task is a leak, though a timer is due."""

        async def test(case):
            case.task = asyncio.create_task(asyncio.sleep(0.5))  # waits: for nothing, it is cancelled

        outcome = run_body(test, settle_time=0)
        self.assertEqual([leak.waits_on for leak in outcome.leaks], ["sleep(0.5)"])

    def test_a_heartbeat(self):
        """A task that wakes itself for ever is waited for during the settle time only."""

        async def beats():
            while True:
                await asyncio.sleep(0.01)  # waits: for nothing, it is cancelled

        async def test(case):
            case.task = asyncio.create_task(beats())

        outcome = run_body(test, settle_time=0.1)
        self.assertEqual([leak.waits_on for leak in outcome.leaks], ["sleep(0.01)"])

    def test_nothing_to_do_turns_no_loop(self):
        """After a test that leaves nothing the loop does not turn."""
        turns = []

        async def test(case):
            loop = asyncio.get_running_loop()
            run_forever = loop.run_forever
            loop.run_forever = lambda: (turns.append(1), run_forever())[1]

        self.assertEqual(run_body(test).complaints, [])
        self.assertEqual(turns, [])

    def test_a_loop_that_the_test_has_closed(self):
        """On a closed loop there is nothing to sweep."""

        def test(case):
            asyncio.get_event_loop().close()

        self.assertEqual(run_body(test).complaints, [])
        self.assertEqual(run_body(Inner.test).complaints, [])


class GarbageTests(unittest.TestCase):
    def test_a_finalizer_that_starts_a_task(self):
        """A task started by a finalizer that the sweep's collection runs is charged to the test."""
        started = []

        async def test(case):
            loop = asyncio.get_running_loop()

            class Starting:
                def __del__(self):
                    started.append(loop.create_task(asyncio.sleep(3600)))

            cycle = [Starting()]
            cycle.append(cycle)

        self.assertEqual([leak.kind for leak in run_body(test).leaks], ["task"])
        self.assertTrue(started[0].cancelled())

    def test_what_garbage_does_by_other_means(self):
        """So is a generator suspended in a `try`, a finalizer, and a weak reference's callback."""

        def starts(case, started):
            started.append(case.loop.create_task(asyncio.sleep(3600)))

        def standing(case, started, cycle):
            try:
                yield cycle
            finally:
                starts(case, started)

        def by_generator(case, started, cycle):
            generator = standing(case, started, cycle)
            next(generator)
            cycle.itself = generator

        def by_finalizer(case, started, cycle):
            weakref.finalize(cycle, starts, case, started)

        def by_reference(case, started, cycle):
            case.kept = weakref.ref(cycle, lambda _: starts(case, started))

        class Cycle:
            pass

        for way in (by_generator, by_finalizer, by_reference):
            started = []

            async def test(case, way=way, started=started):
                case.loop = asyncio.get_running_loop()
                cycle = Cycle()
                cycle.itself = cycle
                way(case, started, cycle)

            with self.subTest(way.__name__):
                self.assertEqual([leak.kind for leak in run_body(test).leaks], ["task"])
                self.assertTrue(started[0].cancelled())

    def test_a_clean_test_is_collected_once(self):
        """Where all objects have ended, in cycles or not, garbage is collected once."""

        async def clean(case):
            task = asyncio.create_task(asyncio.sleep(0))
            await task
            await asyncio.wait_for(asyncio.sleep(0), 10)
            async with asyncio.Lock():
                future = asyncio.get_running_loop().create_future()
            cycle = [task, future, mock.AsyncMock()]
            cycle.append(cycle)
            case.kept = task

        async def leaking(case):
            cycle = [asyncio.create_task(hang())]
            cycle.append(cycle)

        def plain(case):
            """On 3.10 the task that carries the context has not begun then."""
            case.kept = [[] for _ in range(100)]

        for test, collections in ((plain, 1), (clean, 1), (leaking, 2)):
            with (
                self.subTest(test.__name__),
                mock.patch.object(heap, "_added", 0),  # what earlier tests have left is another matter
                mock.patch.object(census.gc, "collect", wraps=gc.collect) as collect,
            ):
                outcome = run_body(test)
                self.assertEqual(outcome.complaints == [], test is not leaking, outcome.report)
                self.assertEqual(collect.call_count, collections)
