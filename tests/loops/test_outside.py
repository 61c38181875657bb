"""What goes on outside of the loop is seen, whatever it is, and nothing else is taken for it."""

import _thread
import concurrent.futures
import contextlib
import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from types import FunctionType, ModuleType
from unittest import mock

from asynctestkit import _cpython_process
from asynctestkit.cpython import originals
from asynctestkit.loops import outside
from asynctestkit.loops.outside import (
    foreign_threads,
    has_alarm,
    has_busy_threads,
    has_children,
    has_users_signal_handler,
    may_have_foreign_threads,
    note_jobs,
    what_is_at_work,
)
from asynctestkit.watchdog import Watch
from tests.case_runs import environment


class ThreadsTests(unittest.TestCase):
    def test_a_live_thread(self):
        """A thread is busy until it has ended."""
        self.assertFalse(has_busy_threads())
        go = threading.Event()
        thread = threading.Thread(target=go.wait)
        thread.start()
        self.assertTrue(has_busy_threads())
        go.set()
        thread.join()
        self.assertFalse(has_busy_threads())

    def test_a_thread_that_threading_does_not_know(self):
        """A thread of the `_thread` module counts as well."""
        begun, go = _thread.allocate_lock(), _thread.allocate_lock()
        ended = _thread.allocate_lock()
        for lock in (begun, go, ended):
            lock.acquire()

        def run():
            begun.release()
            go.acquire()
            ended.release()

        _thread.start_new_thread(run, ())
        begun.acquire()
        self.assertTrue(has_busy_threads())
        go.release()
        ended.acquire()

    def test_the_watchdog_is_none(self):
        """The thread that watches deadlines does nothing that a test could wait for."""
        Watch(mock.Mock(), 3600, 1).stop()
        self.assertFalse(has_busy_threads())

    def test_an_idle_worker_is_none(self):
        """A pool's worker counts while there is a job for it."""
        go = threading.Event()
        note_jobs()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            jobs = [pool.submit(go.wait) for _ in range(2)]
            self.assertTrue(has_busy_threads())
            go.set()
            concurrent.futures.wait(jobs)
            while has_busy_threads():  # it is on its way back to where it waits
                pass

    def test_a_job_on_its_way(self):
        """A worker that looks idle still may have been given a job: the job itself counts."""
        note_jobs()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(int).result()
            while has_busy_threads():
                pass
            frames = sys._current_frames()
            go = threading.Event()
            self.addCleanup(go.set)
            job = pool.submit(go.wait)
            with mock.patch.object(sys, "_current_frames", return_value=frames):
                self.assertTrue(has_busy_threads())
            go.set()
            job.result()

    def test_a_job_that_is_done(self):
        """It does not count any more, though its result may keep it alive."""
        note_jobs()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            frame = pool.submit(sys._getframe).result()
            self.assertIn("run", {frame.f_code.co_name, frame.f_back.f_code.co_name})
            while has_busy_threads():
                pass
            self.assertEqual(what_is_at_work(), [])

    def test_a_job_that_a_thread_gave_as_its_last_act(self):
        """It came after the look at the jobs, and its thread has gone before the look at threads."""
        note_jobs()
        go = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:

            def meanwhile():
                pool.submit(go.wait)
                return iter(())

            with mock.patch.object(outside, "_busy_threads", meanwhile):
                self.assertTrue(has_busy_threads())
            go.set()

    def test_a_pool_of_processes(self):
        """Its threads and processes count while it has a job."""
        context = multiprocessing.get_context("spawn")  # from 3.12, to fork a process with threads warns
        with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            job = pool.submit(time.sleep, 0.2)  # waits: in another process
            self.assertEqual((has_busy_threads(), has_children()), (True, True))
            job.result()
            while has_busy_threads() or has_children():
                pass
            self.assertEqual(pool.submit(int).result(), 0)

    def test_a_feeder(self):
        """The thread that hands on what is put into a queue for other processes counts until that is done."""
        queue = multiprocessing.get_context("spawn").Queue()
        self.addCleanup(queue.join_thread)
        self.addCleanup(queue.close)
        with queue._wlock:
            queue.put(1)
            self.assertTrue(has_busy_threads())
        self.assertEqual(queue.get(), 1)
        while has_busy_threads():
            pass

    def test_threads_of_test_runners(self):
        """That by which pytest-xdist hears from its parent, and pytest-timeout's, are nobody's work."""
        go, begun = threading.Event(), threading.Event()
        self.addCleanup(go.set)
        listens = FunctionType(self.wait.__code__, {"__name__": "execnet.gateway_base"})
        for start in (
            lambda: _thread.start_new_thread(listens, (begun, go)),
            threading.Thread(target=listens, args=(begun, go)).start,
        ):
            begun.clear()
            start()
            begun.wait()
            self.assertFalse(has_busy_threads())
        ends = lambda: None  # noqa: E731  # it is to have another module's name
        ends.__module__ = "pytest_timeout"
        timer = threading.Timer(3600, ends)
        timer.start()
        self.addCleanup(timer.join)
        self.addCleanup(timer.cancel)
        self.assertFalse(has_busy_threads())

    @staticmethod
    def wait(begun, go):
        begun.set()
        go.wait()

    def test_threads_of_c(self):
        """A thread of a library in C, such as that of faulthandler, is seen."""
        program = (  # in a process of its own: here, threads of other tests may be on their way out
            "import faulthandler\nfrom asynctestkit.loops import outside\n"
            "before = outside.may_have_foreign_threads()\nfaulthandler.dump_traceback_later(3600)\n"
            "print(before, outside.may_have_foreign_threads(), outside.foreign_threads())"
        )
        told = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True)
        self.assertEqual(told.stdout.split(), [b"False", b"True", b"1"], told.stderr)

    def test_no_linux(self):
        """Where the system does not tell, whoever has loaded compiled code of others may have them."""
        module = ModuleType("driver.native")
        standard = {name: each for name, each in sys.modules.items() if name in sys.stdlib_module_names}
        with (
            mock.patch.object(originals.os, "stat", side_effect=FileNotFoundError),
            mock.patch.dict(sys.modules, standard, clear=True),
        ):
            self.assertFalse(may_have_foreign_threads())
            self.assertEqual(foreign_threads(), 0)
            sys.modules["driver.native"] = module
            self.assertFalse(may_have_foreign_threads(), "of nobody knows what")
            module.__spec__ = ModuleSpec("driver.native", SourceFileLoader("driver.native", "native.py"))
            self.assertFalse(may_have_foreign_threads(), "written in Python")
            module.__spec__.loader = ExtensionFileLoader("driver.native", "native.so")
            self.assertTrue(may_have_foreign_threads())


class WordsTests(unittest.TestCase):
    def test_what_is_at_work(self):
        """It is named for a report, as far as it has a name."""
        self.assertEqual(what_is_at_work(), [])
        note_jobs()
        go = threading.Event()
        self.addCleanup(go.set)
        with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
            self.addCleanup(go.set)
            pool.submit(go.wait)
            with mock.patch.object(outside, "has_alarm", return_value=True):
                found = what_is_at_work()
            go.set()
        self.assertEqual(found, ["thread 'fetch_0'", "a job of a pool of threads", "an alarm that is set"])


class ChildrenTests(unittest.TestCase):
    @contextlib.contextmanager
    def child(self):
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
            yield child

    def keeping(self, helper):
        """Other tests may have brought real helpers to life."""
        helpers = {*_cpython_process.helpers_of_multiprocessing(), helper.pid}
        return mock.patch.object(_cpython_process, "helpers_of_multiprocessing", return_value=helpers)

    def test_a_child(self):
        """A child process counts until it was waited for, and looking at it does not do that."""
        self.assertFalse(has_children())
        with self.child() as child:
            self.assertTrue(has_children())
            child.stdin.close()
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            self.assertTrue(has_children(), "ended, not yet waited for")
        self.assertFalse(has_children())

    def test_helpers_of_multiprocessing(self):
        """What `multiprocessing` keeps for itself wakes nobody; another child beside it may."""
        with self.child() as helper, self.keeping(helper):
            self.assertFalse(has_children())
            with self.child():
                self.assertTrue(has_children())
            self.assertFalse(has_children())

    def test_a_process_of_the_fork_server(self):
        """It is no child of this process, and counts until it was waited for."""
        context = multiprocessing.get_context("forkserver")
        process = context.Process(target=time.sleep, args=[0.2])  # waits: in that process
        self.assertFalse(has_children())
        process.start()
        self.assertTrue(has_children())
        process.join()
        self.assertFalse(has_children())

    def test_children_that_cannot_be_told_apart(self):
        """Where the system does not say which children there are, any child counts."""
        with self.child() as helper, self.keeping(helper):
            for error in (FileNotFoundError, ProcessLookupError):
                with mock.patch.object(originals.os, "listdir", side_effect=error):
                    self.assertTrue(has_children())


class SignalsTests(unittest.TestCase):
    def handle(self, number, handler):
        before = signal.signal(number, handler)
        self.addCleanup(signal.signal, number, before)

    def test_a_handler_of_the_users(self):
        """A handler written in Python counts, also as a partial or as an object."""

        class Handler:
            def __call__(self, *_):
                pass

        self.assertFalse(has_users_signal_handler())
        handlers = [lambda *_: None, functools.partial(functools.partial(lambda *_: None)), Handler()]
        for handler in (*handlers, mock.Mock()):
            self.handle(signal.SIGUSR1, handler)
            self.assertTrue(has_users_signal_handler())

    def test_other_handlers(self):
        """What Python, unittest or this package installs is none of the user's."""
        for handler in (
            signal.SIG_IGN,
            signal.default_int_handler,
            unittest.signals._InterruptHandler(print),
        ):
            self.handle(signal.SIGINT, handler)
            self.assertFalse(has_users_signal_handler())

    def test_a_signal_of_a_test_runner(self):
        """That by which pytest-timeout ends a test which hangs wakes nobody else."""

        def handler(*_):
            pass

        handler.__module__ = "pytest_timeout"
        self.handle(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 3600)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        self.assertFalse(has_users_signal_handler())
        self.assertFalse(has_alarm())

    def test_an_alarm(self):
        """A timer of the process is seen while it is set."""
        self.handle(signal.SIGALRM, lambda *_: None)
        self.assertFalse(has_alarm())
        signal.setitimer(signal.ITIMER_REAL, 3600)
        self.assertTrue(has_alarm())
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertFalse(has_alarm())

    def test_a_system_without_such_timers(self):
        """Without `getitimer` there is no alarm."""
        with mock.patch.object(outside, "signal", mock.Mock(spec=[])):
            self.assertFalse(has_alarm())
