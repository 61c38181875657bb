"""Virtual time jumps only if nothing else can happen, and not for ever."""

import asyncio
import os
import selectors
import signal
import socket
import threading
import time
import weakref
from unittest import mock

from asynctestkit.loops.selector import Standstill
from asynctestkit.loops.virtual import virtual_selector
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop
from tests.loops.test_selector import SelectorTestCase


class JumpTests(SelectorTestCase):
    make = VirtualEventLoop
    clock = "virtual"  # of the loops that it makes

    def elapsed(self):
        return self.loop.clock.elapsed

    def test_an_hour(self):
        """Time jumps to the next timer if nothing else can run."""
        self.run_in_loop(asyncio.sleep(3600))
        self.assertEqual(self.elapsed(), 3600)

    def test_data_that_cannot_come(self):
        """It does not wait for new clients or when all has arrived, and only shortly before a short jump."""

        async def behind_a_server(connects):
            writers = []
            server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
            if connects:
                writers.append((await asyncio.open_connection(*server.sockets[0].getsockname()))[1])
            await asyncio.sleep(3600)
            for writer in writers:
                writer.close()
                await writer.wait_closed()
            server.close()

        async def beside_a_pipe():
            reading, writing = os.pipe()
            self.loop.add_reader(reading, print)
            await asyncio.sleep(0.01)
            self.loop.remove_reader(reading)
            os.close(reading)
            os.close(writing)

        waits = []

        def select(selector, timeout=None):
            waits.append(timeout)
            return original(selector, timeout)

        original = selectors.DefaultSelector.select
        for body, longest in (
            (behind_a_server(False), 0),
            (behind_a_server(True), 0.05),  # for the connection to be made
            (beside_a_pipe(), 0.02),
        ):
            with (
                self.subTest(longest=longest),
                mock.patch.object(virtual_selector, "busy_threads", return_value=[]),  # of other tests
                mock.patch.object(virtual_selector, "has_children", return_value=False),
                mock.patch.object(selectors.DefaultSelector, "select", select),
                mock.patch.object(virtual_selector, "_WAIT_WITHIN_PROCESS", 30.0),
            ):
                waits.clear()
                self.run_in_loop(body)
                self.assertLessEqual(max(waits), longest)
        with (
            mock.patch.object(selectors.DefaultSelector, "select", select),
            mock.patch.object(virtual_selector, "has_unsent", return_value=True),
        ):
            waits.clear()
            self.run_in_loop(behind_a_server(True))
            self.assertIn(virtual_selector._WAIT_WITHIN_PROCESS, waits)

    def test_a_job_of_the_executor(self):
        """Time stands still while a job runs."""

        async def body():
            await asyncio.wait_for(asyncio.to_thread(time.sleep, 0.2), 60)  # waits: a job that takes time

        self.run_in_loop(body())
        self.assertEqual(self.elapsed(), 0)

    def test_a_thread_that_waits_for_the_loop(self):
        """Without an event from the thread for a second, time passes at real speed."""
        done = []

        def serve():
            done.append(asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1, "served"), self.loop).result())

        self.run_in_loop(asyncio.to_thread(serve))
        self.assertEqual(done, ["served"])
        self.assertEqual(self.elapsed(), 0.1)

    def test_a_handler_of_pythons_that_readies_a_callback(self):
        """A callback that a signal handler schedules while time stands still runs before time goes on."""

        async def body():
            event = asyncio.Event()
            before = signal.signal(signal.SIGALRM, lambda *_: event.set())
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            await asyncio.wait_for(event.wait(), 60)
            signal.signal(signal.SIGALRM, before)

        self.run_in_loop(body())
        self.assertEqual(self.elapsed(), 0)

    def test_data_on_its_way(self):
        """Before a jump a connection gets a moment, and a remote one a little more."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)

        async def body():
            event = asyncio.Event()
            self.loop.add_reader(reader, event.set)
            os.write(writer, b"x")
            await asyncio.wait_for(event.wait(), 60)
            self.loop.remove_reader(reader)

        self.run_in_loop(body())
        self.assertEqual(self.elapsed(), 0)

    def test_data_that_comes_in_the_last_moment(self):
        """Data that arrives within that moment is read before time goes on."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)

        def arrives(_):
            os.write(writer, b"x")
            return False

        async def body():
            event = asyncio.Event()
            self.loop.add_reader(reader, event.set)
            await asyncio.wait_for(event.wait(), 60)
            self.loop.remove_reader(reader)

        with mock.patch.object(virtual_selector, "stays_within", side_effect=arrives):
            self.run_in_loop(body())
        self.assertEqual(self.elapsed(), 0)

    def test_data_that_arrives_between_two_looks(self):
        """Data that was on its way at the last check, and has arrived at the next, is read as well."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)

        def arrives(_):
            theirs.send(b"x")
            return False

        async def body():
            event = asyncio.Event()
            self.loop.add_reader(ours, event.set)
            await asyncio.wait_for(event.wait(), 60)
            self.loop.remove_reader(ours)

        with mock.patch.object(virtual_selector, "has_unsent", side_effect=arrives):
            self.run_in_loop(body())
        self.assertEqual(self.elapsed(), 0)

    def test_a_quiet_connection(self):
        """An idle connection does not stop time."""
        for descriptor in self.socketpair(), self.pipe():
            self.loop.add_reader(descriptor, print)
            before = self.elapsed()
            self.run_in_loop(asyncio.sleep(3600))
            self.assertEqual(self.elapsed(), before + 3600)
            self.loop.remove_reader(descriptor)

    def socketpair(self):
        ends = socket.socketpair()
        for end in ends:
            self.addCleanup(end.close)
        return ends[0].fileno()

    def pipe(self):
        ends = os.pipe()
        for end in ends:
            self.addCleanup(os.close, end)
        return ends[0]


class LimitTests(SelectorTestCase):
    make = VirtualEventLoop
    clock = "virtual"  # of the loops that it makes

    def test_the_limit(self):
        """A timer beyond the limit is reported, and not run; the extension then lets time go on."""
        self.loop.clock.limit = 10
        ran = []
        self.loop.call_later(15, ran.append, 1)
        self.listen()
        self.run_to_standstill(Standstill.RUNAWAY)
        self.assertEqual((ran, self.loop.clock.elapsed), ([], 0))
        self.loop.run_until_complete(asyncio.sleep(16))
        self.assertEqual((ran, self.reported), ([1], [Standstill.RUNAWAY]))

    def test_without_a_listener(self):
        """Without a listener nothing is reported, and time goes on."""
        self.loop.clock.limit = 10
        self.run_in_loop(asyncio.sleep(15))


class SpinTests(SelectorTestCase):
    make = VirtualEventLoop
    clock = "virtual"  # of the loops that it makes

    def spin(self, turns):
        async def body():
            for _ in range(turns):
                await asyncio.sleep(0)

        self.listen()
        self.loop.run_until_complete(body())

    def test_many_turns_are_legitimate(self):
        """Thirty thousand turns without time passing are not reported."""
        self.spin(30_000)
        self.assertEqual(self.reported, [])

    def limits(self, turns, *, seconds=0.0, pipe_seconds=3600.0):
        return mock.patch.multiple(
            virtual_selector, _SPINS=turns, _SPIN_SECONDS=seconds, _PIPE_SECONDS=pipe_seconds, _ROUND=10
        )

    async def spins(self):
        while True:
            await asyncio.sleep(0)

    def test_a_spinner(self):
        """A task that spins without time passing is reported."""
        self.started(self.spins())
        self.listen()
        with self.limits(100):
            self.run_to_standstill(Standstill.SPIN)

    def test_a_spinner_has_some_seconds(self):
        """A task may spin for some seconds, however many turns that makes."""
        self.listen()
        with self.limits(10, seconds=3600):
            self.spin(5000)
        self.assertEqual(self.reported, [])

    def test_a_callback_that_spins(self):
        """A spinning callback is reported as well, but later, as it may make progress."""
        self.listen()

        def again():
            self.loop.call_soon(again)

        again()
        with self.limits(100, pipe_seconds=0.05):
            self.run_to_standstill(Standstill.SPIN)

    def test_items_on_their_way(self):
        """Tasks that pass items to each other make progress, however many turns they take."""

        async def body():
            queue = asyncio.Queue(1)

            async def produce():
                for number in range(3000):
                    await queue.put(number)

            producer = asyncio.create_task(produce())
            for _ in range(3000):
                await queue.get()
            await producer

        self.listen()
        with self.limits(100):
            self.run_in_loop(body())

    def test_turns_between_which_time_passes(self):
        """The count begins again when time has passed."""

        async def body():
            for _ in range(10):
                for _ in range(90):
                    await asyncio.sleep(0)
                await asyncio.sleep(1)

        self.listen()
        with self.limits(100):
            self.run_in_loop(body())

    def test_a_spinner_that_waits_for_a_thread(self):
        """A task that spins while there is outside activity may be waiting for that."""
        ended = threading.Event()

        async def body():
            while not ended.is_set():
                await asyncio.sleep(0)

        self.listen()
        threading.Timer(0.1, ended.set).start()
        with self.limits(100):
            self.run_in_loop(body())


class BackgroundTests(SelectorTestCase):
    make = VirtualEventLoop
    clock = "virtual"  # of the loops that it makes

    def setUp(self):
        super().setUp()
        limits = mock.patch.multiple(virtual_selector, _MOST_BACKGROUND_JUMPS=100, _ROUND=10)
        limits.start()
        self.addCleanup(limits.stop)
        self.event = asyncio.Event()
        self.listen(self.event.set)
        self.loop.background_tasks = weakref.WeakSet()

    def start(self, coroutine):
        self.loop.background_tasks.add(self.started(coroutine))

    async def beats(self, times=10**6, each=lambda number: None):
        for number in range(times):
            await asyncio.sleep(1)
            each(number)

    def test_nothing_else_goes_on(self):
        """If only background tasks' timers let time pass, a standstill is reported."""
        self.start(self.beats())
        self.loop.run_until_complete(self.event.wait())
        self.assertEqual(self.reported, [Standstill.BACKGROUND])
        self.assertLess(self.loop.clock.elapsed, 200)

    def test_they_wake_another_in_the_end(self):
        """A background task that wakes a waiting task in the end has the time for it."""
        self.start(self.beats(50, lambda number: number == 49 and self.event.set()))
        self.run_in_loop(self.event.wait())

    def test_they_wake_another_now_and_then(self):
        """If another task moves because of background tasks, nothing is reported."""
        queue = asyncio.Queue()

        async def body():
            for _ in range(100):
                await queue.get()

        self.start(self.beats(each=lambda number: number % 5 or queue.put_nowait(number)))
        self.run_in_loop(body())

    def test_others_have_timers_as_well(self):
        """While another task has timers of its own, nothing is reported."""

        async def body():
            for _ in range(10):
                await asyncio.sleep(50.5)

        self.start(self.beats())
        self.run_in_loop(body())
