"""A selector reports a standstill only when it is certain; virtual time jumps only then."""

import asyncio
import functools
import math
import queue
import signal
import socket
import threading
import time
import unittest
from unittest import mock

from asynctestkit.cpython.wall import wall_time
from asynctestkit.loops import selector
from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.loops.selector import Standstill
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop
from tests.case_runs import hard_cap


class SelectorTestCase(unittest.TestCase):
    make = HygienicEventLoop

    def setUp(self):
        guard = hard_cap()
        guard.__enter__()
        self.addCleanup(guard.__exit__, None, None, None)
        self.loop = self.make()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)
        self.reported = []
        self.heartbeats = 0

    def listen(self, then=None):
        """Records what is reported, and ends the run; but goes on if only timers run."""

        def listener(standstill):
            if standstill is Standstill.HEARTBEAT:
                self.heartbeats += 1
                return
            self.reported.append(standstill)
            (then or self.loop.stop)()

        self.loop.standstill_listeners.append(listener)

    def started(self, coroutine):
        """A task that is cancelled at the end of the test."""
        task = self.loop.create_task(coroutine)
        self.addCleanup(lambda: self.loop.run_until_complete(asyncio.wait([task])))
        self.addCleanup(task.cancel)
        return task

    def run_to_standstill(self, *expected):
        self.loop.run_forever()
        self.assertEqual(self.reported, list(expected))

    def run_in_loop(self, coroutine):
        result = self.loop.run_until_complete(coroutine)
        self.assertEqual(self.reported, [])
        return result

    def wait_for_event(self, wake):
        """Waits for what `wake(event)` starts, and for nothing else."""

        async def body():
            event = asyncio.Event()
            wake(event)
            await event.wait()

        self.listen()
        self.run_in_loop(body())


class DeadlockTests(SelectorTestCase):
    def test_nothing_can_happen(self):
        """A deadlock is reported at once, in the first turn that would wait."""
        self.listen()
        began = time.monotonic()
        self.run_to_standstill(Standstill.DEADLOCK)
        self.assertLess(time.monotonic() - began, 60)

    def test_a_timer_at_infinity(self):
        """A timer at infinity is never due."""
        self.loop.call_at(math.inf, print)
        self.listen()
        self.run_to_standstill(Standstill.DEADLOCK)

    def test_without_a_listener(self):
        """Without a listener nothing is reported, and the loop waits as the standard one does."""
        threading.Timer(0.1, self.loop.call_soon_threadsafe, [self.loop.stop]).start()
        self.run_to_standstill()

    def test_several_listeners(self):
        """The last listener is called, whichever came before or was removed."""
        heard = []
        first, second, third = (functools.partial(heard.append, name) for name in ("1st", "2nd", "3rd"))
        listeners = [lambda _, note=note: (note(), self.loop.stop()) for note in (first, second, third)]
        for listener in listeners:
            self.loop.standstill_listeners.append(listener)
        self.loop.run_forever()
        self.loop.standstill_listeners.remove(listeners[1])
        self.loop.run_forever()
        self.loop.standstill_listeners.remove(listeners[2])
        self.loop.run_forever()
        self.assertEqual(heard, ["3rd", "3rd", "1st"])

    def test_a_listener_that_has_gone(self):
        """A standstill that is found after the listener was removed is not reported."""
        self.assertEqual(self.loop._selector._report(Standstill.DEADLOCK), [])
        self.assertEqual(self.loop._ready.__len__(), 0)

    def test_a_later_timer(self):
        """A loop with a timer is not deadlocked."""
        self.wait_for_event(lambda event: self.loop.call_later(0.1, event.set))

    def test_a_thread(self):
        """A loop with a thread, which may wake it just before it ends, is not deadlocked."""

        def wake(event):
            threading.Timer(0.1, self.loop.call_soon_threadsafe, [event.set]).start()

        self.wait_for_event(wake)

    def test_a_thread_that_ends_without_a_word(self):
        """Once the thread has ended without waking the loop, the loop is deadlocked."""
        threading.Timer(0.1, int).start()
        self.listen()
        self.run_to_standstill(Standstill.DEADLOCK)

    def test_a_reader(self):
        """A loop that watches a descriptor is not deadlocked."""
        one, other = socket.socketpair()
        self.addCleanup(one.close)
        self.addCleanup(other.close)

        def wake(event):
            def read():
                self.loop.remove_reader(one)
                event.set()

            self.loop.add_reader(one, read)
            other.send(b"x")

        self.wait_for_event(wake)

    def test_a_child(self):
        """A loop that waits for a child process is not deadlocked."""

        async def body():
            child = await asyncio.create_subprocess_exec("sleep", "0.1")
            return await child.wait()

        self.listen()
        asyncio.set_event_loop(self.loop)
        self.addCleanup(asyncio.set_event_loop, None)
        self.assertEqual(self.run_in_loop(body()), 0)

    def test_a_signal(self):
        """A loop with a signal handler, its own or Python's, is not deadlocked."""

        def by_loop(event):
            self.loop.add_signal_handler(signal.SIGALRM, event.set)
            signal.setitimer(signal.ITIMER_REAL, 0.1)

        def by_python(event):
            signal.signal(signal.SIGALRM, lambda *_: event.set())
            signal.setitimer(signal.ITIMER_REAL, 0.1)

        before = signal.getsignal(signal.SIGALRM)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        for wake in (by_loop, by_python):
            with self.subTest(wake.__name__):
                self.wait_for_event(wake)
                self.loop.remove_signal_handler(signal.SIGALRM)

    def test_an_alarm(self):
        """A loop with a timer of the process, and a handler in Python, is not deadlocked."""
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.listen()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with self.assertRaises(KeyboardInterrupt):
            self.loop.run_forever()
        self.assertEqual(self.reported, [])

    def test_unseen_threads(self):
        """While a C library may have unseen threads, no deadlock is reported."""
        self.listen()
        with mock.patch.object(selector, "may_have_unseen_threads", side_effect=[True, True, False]) as asked:
            self.run_to_standstill(Standstill.DEADLOCK)
        self.assertEqual(asked.call_count, 3)

    def test_a_thread_that_waits_for_others(self):
        """A thread that waits for the loop does not prevent the report."""
        jobs = queue.SimpleQueue()
        thread = threading.Thread(target=jobs.get)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(jobs.put, None)
        self.listen()
        self.run_to_standstill(Standstill.DEADLOCK)

    def test_a_thread_that_is_spared(self):
        """A thread that an allowance names does not prevent the report."""
        over = threading.Event()
        thread = threading.Thread(target=over.wait, args=(30,), name="metrics-1")
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        self.loop.contacts.enter(("metrics-*",))
        self.listen()
        self.run_to_standstill(Standstill.DEADLOCK)


class VirtualDeadlockTests(DeadlockTests):
    """The same on the virtual clock."""

    make = VirtualEventLoop


class StoppedClockTests(SelectorTestCase):
    def setUp(self):
        super().setUp()
        patch = mock.patch("time.monotonic", return_value=1000.0)
        self.clock = patch.start()
        self.addCleanup(patch.stop)

    def test_a_timer_that_will_never_be_due(self):
        """A stopped clock is reported soon, however far away the timer is."""
        for delay in (0.01, 3600, 40 * 24 * 3600):
            timer = self.loop.call_later(delay, print)
            self.reported.clear()
            self.listen()
            self.run_to_standstill(Standstill.STOPPED_CLOCK)
            timer.cancel()

    def test_a_clock_that_was_replaced_and_goes(self):
        """On a clock that has been shifted, a timer is due in time."""
        began = wall_time()
        self.clock.side_effect = lambda: 1000.0 + wall_time() - began
        self.listen()
        self.run_in_loop(asyncio.sleep(0.2))  # waits: for longer than a clock needs to be called stopped

    def test_a_clock_that_goes_by_leaps(self):
        """A clock that is moved before it counts as stopped is not reported."""

        def leaps():
            self.turns += 1
            return float(self.turns // (selector._ROUNDS // 2))

        self.turns = 0
        self.clock.side_effect = leaps
        self.listen()
        self.run_in_loop(asyncio.sleep(7))  # waits: for as many leaps

    def test_a_thread_may_move_it(self):
        """While a thread is alive that may move the clock, nothing is reported."""
        moved = threading.Event()

        def move():
            moved.wait(0.3)
            self.clock.return_value += 1

        thread = threading.Thread(target=move)
        self.listen()
        thread.start()
        self.run_in_loop(asyncio.sleep(1))  # waits: for that thread
        thread.join()

    def test_a_thread_moves_it_as_its_last_act(self):
        """A thread that has just ended may have moved the clock: it is read again."""

        def moves():
            self.clock.return_value += 1
            return False

        self.listen()
        with mock.patch.object(selector, "has_alarm", moves):
            self.run_in_loop(asyncio.sleep(1))  # waits: for a clock of numbers

    def test_without_a_listener(self):
        """Without a listener the loop waits as the standard one does."""
        self.loop.call_later(0.01, print)
        threading.Timer(0.1, self.loop.call_soon_threadsafe, [self.loop.stop]).start()
        self.run_to_standstill()
