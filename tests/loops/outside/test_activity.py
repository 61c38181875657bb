"""Activity outside of the loop is detected, whatever its kind, and nothing else is taken for it."""

import _thread
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
from types import ModuleType
from unittest import mock

from asynctestkit.cpython import executor_internals, originals, process_internals
from asynctestkit.loops.outside import activity
from asynctestkit.loops.outside.activity import (
    has_alarm,
    has_children,
    has_users_signal_handler,
    may_have_unseen_threads,
    what_is_at_work,
)


class UnseenThreadsTests(unittest.TestCase):
    def test_linux(self):
        """On Linux all threads can be listed."""
        self.assertFalse(may_have_unseen_threads())

    def test_another_system(self):
        """On other systems, a process with compiled third-party code may have unseen threads."""
        module = ModuleType("driver.native")
        standard = {name: each for name, each in sys.modules.items() if name in sys.stdlib_module_names}
        with (
            mock.patch.object(originals.os, "stat", side_effect=FileNotFoundError),
            mock.patch.dict(sys.modules, standard, clear=True),
        ):
            self.assertFalse(may_have_unseen_threads())
            sys.modules["driver.native"] = module
            self.assertFalse(may_have_unseen_threads(), "of nobody knows what")
            module.__spec__ = ModuleSpec("driver.native", SourceFileLoader("driver.native", "native.py"))
            self.assertFalse(may_have_unseen_threads(), "written in Python")
            module.__spec__.loader = ExtensionFileLoader("driver.native", "native.so")
            self.assertTrue(may_have_unseen_threads())


class WordsTests(unittest.TestCase):
    def test_what_is_at_work(self):
        """Activity is named for a report, if it has a name; spared threads are not."""
        while "a thread" in (before := what_is_at_work()):
            pass  # one of another test, which is ending
        over = threading.Event()
        self.addCleanup(over.set)
        for name in ("fetch", "fetch", "metrics"):
            threading.Thread(target=over.wait, args=(30,), name=name, daemon=True).start()
        _thread.start_new_thread(over.wait, (30,))
        with mock.patch.object(activity, "has_alarm", return_value=True):
            found = [each for each in what_is_at_work(["metrics"]) if each not in before]
        over.set()
        self.assertEqual(found, ["a thread", "thread 'fetch'", "an alarm that is set"])


class ChildrenTests(unittest.TestCase):
    @contextlib.contextmanager
    def child(self):
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
            yield child

    def keeping(self, helper):
        """Other tests may have started real helper processes."""
        helpers = {*process_internals.helpers_of_multiprocessing(), helper.pid}
        return mock.patch.object(process_internals, "helpers_of_multiprocessing", return_value=helpers)

    def test_a_child(self):
        """A child process counts until it was waited for, which asking does not do."""
        self.assertFalse(has_children())
        with self.child() as child:
            self.assertTrue(has_children())
            child.stdin.close()
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            self.assertTrue(has_children(), "ended, not yet waited for")
        self.assertFalse(has_children())

    def test_helpers_of_multiprocessing(self):
        """The helpers of `multiprocessing` do not count; another child beside them does."""
        with self.child() as helper, self.keeping(helper):
            self.assertFalse(has_children())
            with self.child():
                self.assertTrue(has_children())
            self.assertFalse(has_children())

    def test_a_process_of_the_fork_server(self):
        """A process of the fork server is no child of this process, and counts until it was waited for."""
        context = multiprocessing.get_context("forkserver")
        process = context.Process(target=time.sleep, args=[0.2])  # waits: in that process
        self.assertFalse(has_children())
        process.start()
        self.assertTrue(has_children())
        process.join()
        self.assertFalse(has_children())

    def test_processes_of_an_idle_pool(self):
        """The processes of an idle pool do not count."""
        with self.child() as worker:
            thread = threading.current_thread()
            with (
                mock.patch.object(executor_internals, "is_jobless_manager", lambda each: each is thread),
                mock.patch.object(executor_internals, "managed_processes", lambda _: {worker.pid}),
            ):
                self.assertFalse(has_children())
                with self.child():
                    self.assertTrue(has_children())

    def test_children_that_cannot_be_told_apart(self):
        """If the system cannot list the children, any child counts."""
        with self.child() as helper, self.keeping(helper):
            for error in (FileNotFoundError, ProcessLookupError):
                with mock.patch.object(originals.os, "listdir", side_effect=error):
                    self.assertTrue(has_children())


class SignalsTests(unittest.TestCase):
    def handle(self, number, handler):
        before = signal.signal(number, handler)
        self.addCleanup(signal.signal, number, before)

    def test_a_handler_of_the_users(self):
        """A handler written in Python counts, also a partial or an object."""

        class Handler:
            def __call__(self, *_):
                pass

        self.assertFalse(has_users_signal_handler())
        handlers = [lambda *_: None, functools.partial(functools.partial(lambda *_: None)), Handler()]
        for handler in (*handlers, mock.Mock()):
            self.handle(signal.SIGUSR1, handler)
            self.assertTrue(has_users_signal_handler())

    def test_other_handlers(self):
        """Handlers that Python, unittest or this package installs do not count."""
        for handler in (
            signal.SIG_IGN,
            signal.default_int_handler,
            unittest.signals._InterruptHandler(print),
        ):
            self.handle(signal.SIGINT, handler)
            self.assertFalse(has_users_signal_handler())

    def test_a_signal_of_a_test_runner(self):
        """The signal by which pytest-timeout ends a hanging test does not count."""

        def handler(*_):
            pass

        handler.__module__ = "pytest_timeout"
        self.handle(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 3600)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        self.assertFalse(has_users_signal_handler())
        self.assertFalse(has_alarm())

    def test_an_alarm(self):
        """A timer of the process is detected while it is set."""
        self.handle(signal.SIGALRM, lambda *_: None)
        self.assertFalse(has_alarm())
        signal.setitimer(signal.ITIMER_REAL, 3600)
        self.assertTrue(has_alarm())
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertFalse(has_alarm())

    def test_a_system_without_such_timers(self):
        """Without `getitimer` there is no alarm."""
        with mock.patch.object(activity, "signal", mock.Mock(spec=[])):
            self.assertFalse(has_alarm())
