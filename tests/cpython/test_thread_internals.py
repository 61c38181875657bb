"""Canaries for threads: each says what has moved when a new Python breaks it."""

import concurrent.futures
import gc
import subprocess
import sys
import threading
import time
import types
import unittest
from unittest import mock

from asynctestkit.cpython import executor_internals, thread_internals
from tests.cpython.test_process_internals import Hooked


class MadeTests(Hooked):
    def test_hook_thread_starts(self):
        """Every thread goes through a global of Lib/threading.py, which gets the Thread."""
        name = (
            "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"
        )
        self.restore(threading, name)
        thread_internals.hook_thread_starts(self.note)
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        self.assertEqual(self.seen, [(thread, "start")])

    def test_threads_started_by_hand_are_let_be(self):
        """A function started through the global that is no thread's is not passed to the hook."""
        name = (
            "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"
        )
        self.restore(threading, name)
        thread_internals.hook_thread_starts(self.note)
        done = threading.Event()
        getattr(threading, name)(done.set, *(() if "joinable" in name else ((),)))
        done.wait()
        self.assertEqual(self.seen, [])


class ThreadTests(unittest.TestCase):
    def test_thread_of(self):
        """A running thread is found by its identifier, and no dummy is created for a foreign one."""
        self.assertIs(thread_internals.thread_of(threading.get_ident()), threading.current_thread())
        self.assertIsNone(thread_internals.thread_of(-1))

    def test_target_of_and_arguments_of(self):
        """A running thread has its target and arguments, and afterwards neither."""
        over = threading.Event()
        thread = threading.Thread(target=over.wait, args=(30,))
        thread.start()
        self.assertEqual(thread_internals.target_of(thread), over.wait)
        self.assertEqual(thread_internals.arguments_of(thread), (30,))
        over.set()
        thread.join()
        self.assertIsNone(thread_internals.target_of(thread))
        self.assertIsNone(thread_internals.arguments_of(thread))

    def test_frames_of_others(self):
        """There is a frame for each thread that runs Python code, except the calling one, and no cycle."""
        over, begun = threading.Event(), threading.Event()
        thread = threading.Thread(target=lambda: (begun.set(), over.wait(30)))
        thread.start()
        begun.wait(30)
        frames = thread_internals.frames_of_others()
        self.assertIn(thread.ident, frames)
        self.assertNotIn(threading.get_ident(), frames)
        frames.clear()
        over.set()
        thread.join()

    def test_begins_a_thread(self):
        """The interpreter holds certain methods of a running thread, and no others."""
        over = threading.Event()
        thread = threading.Thread(target=over.wait)
        thread.start()
        held = [each for each in gc.get_referrers(thread) if isinstance(each, types.MethodType)]
        # At its start there may be more than one.
        self.assertEqual({thread_internals.begins_a_thread(each) for each in held}, {True})
        self.assertFalse(thread_internals.begins_a_thread(thread.join))
        self.assertFalse(thread_internals.begins_a_thread([].append))
        over.set()
        thread.join()

    def test_registries(self):
        """A thread, a child, a patch and a pool's queue are each entered in one of them."""
        over = threading.Event()
        thread = threading.Thread(target=over.wait)
        thread.start()
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        patch = mock.patch("os.getcwd")
        patch.start()
        pool = concurrent.futures.ThreadPoolExecutor(1)
        pool.submit(int).result()
        try:
            entered = {id(each) for each in (thread, patch, pool._work_queue)}
            for registry in thread_internals.registries():
                entered -= {id(each) for each in gc.get_referents(registry)}
            self.assertEqual(entered, set())
            self.assertTrue(any(each is subprocess._active for each in thread_internals.registries()))
        finally:
            patch.stop()
            over.set()
            thread.join()
            child.communicate()
            pool.shutdown()


class WorkersTests(unittest.TestCase):
    def setUp(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)

    def test_waits_without_limit(self):
        """A thread in a condition, or a worker without a job, waits without limit; not with a timeout."""
        condition = threading.Condition.wait.__code__
        for limit in (None, 20):
            event = threading.Event()
            thread = threading.Thread(target=event.wait, args=(limit,))
            thread.start()
            while sys._current_frames()[thread.ident].f_code is not condition or not event._cond._waiters:
                pass
            frame = sys._current_frames()[thread.ident]
            self.assertEqual(thread_internals.waits_without_limit(frame), limit is None)
            # As if the lock had been handed over: the thread is woken, and the lock still locked.
            waiter = event._cond._waiters.popleft()
            self.assertFalse(thread_internals.waits_without_limit(frame))
            event._cond._waiters.append(waiter)
            event.set()
            thread.join()
        self.pool.submit(int).result()
        (worker,) = executor_internals.executor_threads(self.pool)
        until = time.monotonic() + 20
        while not thread_internals.waits_without_limit(sys._current_frames()[worker.ident]):
            self.assertLess(time.monotonic(), until)
        self.assertFalse(thread_internals.waits_without_limit(sys._getframe()))
