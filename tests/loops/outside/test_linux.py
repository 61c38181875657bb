"""What Linux shows of threads and children, and what not."""

import _thread
import contextlib
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
import types
import unittest
from unittest import mock

from asynctestkit.cpython import originals
from asynctestkit.loops.outside import linux
from asynctestkit.loops.outside.linux import (
    child_numbers,
    has_started_before,
    seconds_since_boot,
    thread_count,
    thread_numbers,
    waiting_for_others,
)


@unittest.skipUnless(sys.platform == "linux", "other systems do not tell")
class LinuxTestCase(unittest.TestCase):
    def setUp(self):
        self.threads = []
        self.addCleanup(self.join)  # after all that ends them, or later tests would find them running

    def join(self):
        for thread in self.threads:
            thread.join(60)

    def started(self, target, *args):
        """The number of a daemon thread that has begun."""
        begun = queue.SimpleQueue()

        def run():
            begun.put(threading.get_native_id())
            with contextlib.suppress(queue.Empty):
                target(*args)

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()
        return begun.get()

    def comes_to_wait(self, number, within=60):
        """Whether the thread begins to wait for others, within some time."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if waiting_for_others([number]):
                return True
        return False


class ThreadsTests(LinuxTestCase):
    def test_all_are_counted(self):
        """Threads are counted and numbered, whatever has started them."""
        numbers = thread_numbers()  # threads of other tests may be ending
        self.assertIn(threading.get_native_id(), numbers)
        go, begun = _thread.allocate_lock(), _thread.allocate_lock()
        go.acquire()
        begun.acquire()
        _thread.start_new_thread(lambda: (begun.release(), go.acquire()), ())
        begun.acquire()
        try:
            self.assertEqual(len(thread_numbers() - numbers), 1)
            self.assertTrue(any(thread_count() == len(thread_numbers()) for _ in range(10_000)))
        finally:
            go.release()
        while thread_numbers() - numbers:
            pass

    def test_a_listing_that_misses_one(self):
        """A listing with too few threads is repeated; if none is reliable, all that were listed count."""
        for listings, numbers in (
            (["12", "123", "123"], {1, 2, 3}),
            (["124", "123", "123"], {1, 2, 3}),
            (["124", "13"] * linux._MOST_LISTINGS, {1, 2, 3, 4}),
        ):
            with (
                self.subTest(listings),
                mock.patch.object(linux, "thread_count", return_value=3),
                mock.patch.object(originals.os, "listdir", side_effect=listings),
            ):
                self.assertEqual(thread_numbers(), numbers)

    def test_age(self):
        """A thread has started before the present moment, and not before its start."""
        numbers, begun = [], threading.Event()

        def run():
            numbers.append(threading.get_native_id())
            begun.wait(30)

        before = seconds_since_boot()
        thread = threading.Thread(target=run)
        thread.start()
        while not numbers:
            pass
        self.assertFalse(has_started_before(numbers[0], before))
        self.assertTrue(has_started_before(numbers[0], seconds_since_boot() + 1))
        begun.set()
        thread.join()
        while numbers[0] in thread_numbers():  # it ends a little later than `join` says
            pass
        self.assertTrue(has_started_before(threading.get_native_id(), before + 1))

    def test_an_age_that_is_unknown(self):
        """If a sandbox says that all threads started at once, or a thread has ended, nothing is certain."""
        with mock.patch.object(linux, "_read", return_value=b"1 (python) S" + b" 0" * 40):
            self.assertFalse(has_started_before(1, 1e9))
        with mock.patch.object(linux, "_read", return_value=b""):
            self.assertFalse(has_started_before(1, 1e9))
        with mock.patch.object(linux, "_read", side_effect=ProcessLookupError):
            self.assertFalse(has_started_before(1, 1e9))

    def test_no_linux(self):
        """Without `/proc` and the clock, nothing is known."""
        with mock.patch.object(linux, "time", types.SimpleNamespace()):
            self.assertEqual(seconds_since_boot(), 0.0)
        for name in ("stat", "listdir"):
            patch = mock.patch.object(originals.os, name, side_effect=FileNotFoundError)
            patch.start()
            self.addCleanup(patch.stop)
        self.assertIsNone(thread_count())
        self.assertIsNone(thread_numbers())
        self.assertEqual(child_numbers(), set())


class WaitingTests(LinuxTestCase):
    def test_waits_without_end(self):
        """A thread that waits for a lock, an event, a condition or a queue waits for others."""
        lock, event, jobs, items = threading.Lock(), threading.Event(), queue.SimpleQueue(), queue.Queue()
        lock.acquire()
        self.addCleanup(lock.release)
        for target, end in (
            (lock.acquire, None),
            (event.wait, event.set),
            (jobs.get, lambda: jobs.put(1)),
            (items.get, lambda: items.put(1)),
        ):
            with self.subTest(target):
                self.assertTrue(self.comes_to_wait(self.started(target)))
                if end is not None:
                    end()

    def test_waits_that_end(self):
        """A thread that sleeps, computes, or waits with a timeout or for a descriptor does not."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        over = threading.Event()
        self.addCleanup(over.set)

        def compute():
            while not over.is_set():
                pass

        for target, *args in (
            (threading.Event().wait, 1),
            (queue.Queue().get, True, 1),
            (time.sleep, 1),  # waits: that is what it is about
            (select.select, [ours], [], [], None),
            (compute,),
        ):
            with self.subTest(target):
                self.assertFalse(self.comes_to_wait(self.started(target, *args), 0.2))

    def test_waits_of_the_interpreter(self):
        """A thread at a mutex, as that of the GIL, does not: its holder goes on without another's act."""
        calls = [f"{linux._FUTEX} 0x7f00 {operation} 0x2 {timeout} 0x0 0x0" for operation, timeout in (
            ("0x80", "0x0"), ("0x89", "0x0"), ("0x189", "0x0"), ("0x189", "0x7f10"), ("0x109", "0x0"),
        )]  # fmt: skip
        looks = [linux._Look(call.encode(), b"S", b"1 1 1") for call in calls]
        self.assertEqual([look.is_waiting for look in looks], [False, True, True, False, False])

    def test_waits_for_another_process(self):
        """A thread at a semaphore shared with other processes does not, as one of them may wake it."""
        program = (
            "import multiprocessing, threading, time\n"
            "from asynctestkit.loops.outside.linux import waiting_for_others\n"
            "semaphore = multiprocessing.get_context('spawn').Semaphore(0)\n"
            "thread = threading.Thread(target=semaphore.acquire, daemon=True)\n"
            "thread.start()\n"
            "time.sleep(0.2)\n"
            "print(waiting_for_others([thread.native_id]))\n"
        )
        finished = subprocess.run([sys.executable, "-c", program], capture_output=True)
        self.assertEqual(finished.stdout, b"set()\n", finished.stderr)

    def test_one_that_has_run_meanwhile(self):
        """A thread that ran between the two inspections, and waits again, does not count."""
        event = threading.Semaphore(0)
        number = self.started(lambda: [event.acquire() for _ in range(2)])
        self.assertTrue(self.comes_to_wait(number))
        looks = []
        look = linux._look_at

        def look_and_wake(asked):
            looks.append(asked)
            if len(looks) == 2:
                event.release()
                while look(asked) == before:
                    pass
            return look(asked)

        before = look(number)
        with mock.patch.object(linux, "_look_at", look_and_wake):
            self.assertEqual(waiting_for_others([number]), set())
        event.release()

    def test_one_that_has_ended(self):
        """A thread that has ended does not wait."""
        number = self.started(int)
        while number in thread_numbers():
            pass
        self.assertEqual(waiting_for_others([number]), set())


class ChildrenTests(LinuxTestCase):
    def test_children(self):
        """Each child is listed until it was waited for."""
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
            self.assertIn(child.pid, child_numbers())
            child.stdin.close()
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            self.assertIn(child.pid, child_numbers())
        self.assertNotIn(child.pid, child_numbers())

    def test_a_long_list(self):
        """A file of any length is read to its end."""
        with mock.patch.object(linux, "_CHUNK_SIZE", 3):
            self.test_children()
