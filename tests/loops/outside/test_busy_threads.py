"""Threads that can act by themselves are found, and those that cannot are not."""

import _thread
import concurrent.futures
import contextlib
import multiprocessing
import queue
import subprocess
import sys
import threading
import time
import unittest
from types import FunctionType
from unittest import mock

from asynctestkit.limits.deadline import Watch
from asynctestkit.loops.outside import busy_threads as module
from asynctestkit.loops.outside.busy_threads import (
    busy_threads,
    foreign_threads,
    is_alone,
    is_waiting,
)
from asynctestkit.loops.outside.jobs import note_jobs
from tests.case_runs import environment


class BusyThreadsTestCase(unittest.TestCase):
    def setUp(self):
        note_jobs()
        # Threads that other tests have left are ignored here; one without a number would not be told apart.
        until = time.monotonic() + 60
        with self.without_linux():
            while any(not each.number for each in busy_threads()):
                self.assertLess(time.monotonic(), until, "another test's raw thread has not ended")
        self.others = {each.number for each in busy_threads()}

    def busy(self, *spared):
        return [each for each in busy_threads(spared) if each.number not in self.others]

    def started(self, target, *args, name=None):
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        thread.start()
        return thread

    def assertComesToRest(self):
        """Asserts that soon no thread is busy."""
        until = time.monotonic() + 20
        while self.busy():
            self.assertLess(time.monotonic(), until, self.busy())

    @contextlib.contextmanager
    def without_linux(self):
        """As on a system that does not show what a thread waits for."""
        with (
            mock.patch.object(module, "thread_numbers", return_value=None),
            mock.patch.object(module, "thread_count", return_value=None),
        ):
            yield

    def each_system(self):
        return (("Linux", contextlib.nullcontext), ("another system", self.without_linux))


class OwnThreadsTests(BusyThreadsTestCase):
    def test_a_thread_that_waits_for_a_while(self):
        """A thread that waits with a timeout is busy until it has ended."""
        for name, system in self.each_system():
            with self.subTest(name), system():
                over = threading.Event()
                thread = self.started(over.wait, 30, name="ticker")
                self.assertEqual([(each.thread, each.name) for each in self.busy()], [(thread, "ticker")])
                self.assertFalse(is_waiting(thread))
                over.set()
                thread.join()
                self.assertComesToRest()

    def test_a_thread_that_waits_for_others(self):
        """A thread that waits for an event or for work is not busy once it has begun to wait."""
        for name, system in self.each_system():
            for make in (threading.Event, queue.Queue):
                thing = make()
                target = getattr(thing, "wait", None) or thing.get
                with self.subTest(name, target=target), system():
                    thread = self.started(target)
                    self.assertComesToRest()
                    self.assertTrue(is_waiting(thread))
                    thing.set() if target == getattr(thing, "wait", None) else thing.put(1)
                    thread.join()

    def test_a_thread_that_has_just_been_woken(self):
        """A thread that was woken is busy before it has run again."""
        for name, system in self.each_system():
            with self.subTest(name), system():
                event, go = threading.Event(), threading.Event()

                def waits_twice(event=event, go=go):
                    event.wait()
                    go.wait(30)

                thread = self.started(waits_twice)
                self.assertComesToRest()
                event.set()
                self.assertTrue(self.busy())
                go.set()
                thread.join()

    def test_a_thread_that_another_starts_as_its_last_act(self):
        """A thread that another one starts just before it waits, after the threads were listed, is found."""
        go, over = threading.Event(), threading.Event()
        self.addCleanup(over.set)
        waiting = module.waiting_for_others

        def meanwhile(numbers):
            self.started(over.wait, 30)
            return waiting(numbers)

        thread = self.started(go.wait)
        self.addCleanup(thread.join)
        self.addCleanup(go.set)
        self.assertComesToRest()
        with mock.patch.object(module, "waiting_for_others", meanwhile):
            self.assertEqual(len(self.busy()), 1)

    def test_a_thread_that_threading_does_not_know(self):
        """A thread of the `_thread` module counts as well, without a name."""
        for name, system in self.each_system():
            with self.subTest(name), system():
                begun, over = _thread.allocate_lock(), threading.Event()
                begun.acquire()
                _thread.start_new_thread(self.release_and_wait, (begun, over))
                begun.acquire()
                self.assertEqual([(each.thread, each.name) for each in self.busy()], [(None, "")])
                over.set()
                self.assertComesToRest()

    @staticmethod
    def release_and_wait(begun, over):
        begun.release()
        over.wait(30)

    def test_a_thread_that_is_spared(self):
        """A thread whose name matches a pattern does not count; others do."""
        for name, system in self.each_system():
            with self.subTest(name), system():
                over = threading.Event()
                thread = self.started(over.wait, 30, name="metrics-1")
                self.assertEqual(self.busy("metrics-*"), [])
                self.assertEqual(self.busy("other", "*-1"), [])
                self.assertEqual(len(self.busy("other")), 1)
                over.set()
                thread.join()


class ThreadsOfOthersTests(BusyThreadsTestCase):
    def test_the_watchdog_does_not_count(self):
        """The watchdog's thread does not count, as no test waits for it."""
        Watch(mock.Mock(), 3600, 1).stop()
        for name, system in self.each_system():
            with self.subTest(name), system():
                self.assertEqual(self.busy(), [])

    def test_no_other_thread(self):
        """A process with no other thread than the watchdog's is alone."""
        program = (
            "import threading\nfrom unittest import mock\n"
            "from asynctestkit.loops.outside.busy_threads import is_alone\n"
            "from asynctestkit.limits.deadline import Watch\n"
            "print(is_alone(), end=' ')\n"
            "Watch(mock.Mock(), 3600, 1).stop()\n"
            "print(is_alone(), end=' ')\n"
            "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
            "print(is_alone())\n"
        )
        finished = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True)
        self.assertEqual(finished.stdout.split(), [b"True", b"True", b"False"], finished.stderr)

    def test_a_pool_of_threads(self):
        """A worker counts while it runs a job."""
        for name, system in self.each_system():
            with self.subTest(name), system(), concurrent.futures.ThreadPoolExecutor(1) as pool:
                over = threading.Event()
                jobs = [pool.submit(over.wait, 30) for _ in range(2)]
                self.assertTrue(self.busy())
                over.set()
                concurrent.futures.wait(jobs)
                self.assertComesToRest()
                again = pool.submit(over.is_set)  # a worker that has waited, and now is to work
                again.result()
                self.assertComesToRest()

    def test_a_job_that_was_just_given(self):
        """A worker is busy from the moment it is given a job, begun or not."""
        for name, system in self.each_system():
            with self.subTest(name), system(), concurrent.futures.ThreadPoolExecutor(1) as pool:
                pool.submit(int).result()
                self.assertComesToRest()
                over = threading.Event()
                job = pool.submit(over.wait, 30)
                self.assertTrue(self.busy())
                over.set()
                job.result()

    def test_a_pool_of_processes(self):
        """A process pool's threads count while it has a job."""
        context = multiprocessing.get_context("spawn")  # from 3.12, to fork a process with threads warns
        with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            for name, system in self.each_system():
                with self.subTest(name), system():
                    job = pool.submit(time.sleep, 0.2)  # waits: in another process
                    self.assertTrue(self.busy())
                    job.result()
                    self.assertComesToRest()

    def test_a_queue_for_other_processes(self):
        """The thread of a multiprocessing queue counts until it has sent everything."""
        shared = multiprocessing.get_context("spawn").Queue()
        self.addCleanup(shared.join_thread)
        self.addCleanup(shared.close)
        with shared._wlock:
            shared.put(1)
            self.assertTrue(self.busy())
        self.assertEqual(shared.get(), 1)
        self.assertComesToRest()

    def test_threads_of_test_runners(self):
        """The threads of pytest-xdist and pytest-timeout do not count."""
        over, begun = threading.Event(), threading.Event()
        self.addCleanup(over.set)
        listens = FunctionType(self.wait.__code__, {"__name__": "execnet.gateway_base"})
        ends = lambda: None  # noqa: E731  # it is to have another module's name
        ends.__module__ = "pytest_timeout"
        timer = threading.Timer(3600, ends)
        timer.start()
        self.addCleanup(timer.join)
        self.addCleanup(timer.cancel)
        for start in (
            threading.Thread(target=listens, args=(begun, over)).start,
            lambda: _thread.start_new_thread(listens, (begun, over)),
        ):
            begun.clear()
            start()
            begun.wait()
            for name, system in self.each_system():
                with self.subTest(name), system():
                    self.assertEqual(self.busy(), [])

    @staticmethod
    def wait(begun, over):
        begun.set()
        over.wait(30)


class ForeignThreadsTests(unittest.TestCase):
    def told_by(self, *statements):
        """The output of such a program: here, threads of other tests may be ending."""
        program = "\n".join(["import faulthandler, _thread, time, threading", IMPORT, *statements])
        finished = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True)
        return finished.stdout.decode().split() or finished.stderr.decode()

    def test_threads_of_c(self):
        """A thread of a C library, such as faulthandler's, is busy if it can act by itself."""
        self.assertEqual(
            self.told_by(
                "print(len(busy_threads()), len(foreign_threads()))",
                "faulthandler.dump_traceback_later(3600)",
                "threading.Thread(target=threading.Event().wait, daemon=True).start()",
                "time.sleep(0.1)",
                "print(len(busy_threads()), len(foreign_threads()))",
            ),
            ["0", "0", "1", "1"],
        )

    def test_threads_that_cannot_be_told_apart(self):
        """Beside a thread of the `_thread` module, no thread is known to be foreign."""
        self.assertEqual(
            self.told_by(
                "faulthandler.dump_traceback_later(3600)",
                "_thread.start_new_thread(threading.Event().wait, (60,))",
                "time.sleep(0.1)",
                "print(len(busy_threads()), len(foreign_threads()))",
            ),
            ["2", "0"],
        )

    def test_no_linux(self):
        """If the system does not count threads, none is foreign."""
        with (
            mock.patch.object(module, "thread_numbers", return_value=None),
            mock.patch.object(module, "thread_count", return_value=None),
        ):
            self.assertFalse(is_alone())
            self.assertEqual(foreign_threads(), set())


IMPORT = "from asynctestkit.loops.outside.busy_threads import busy_threads, foreign_threads"
