"""Canaries for pools and jobs: each says what has moved when a new Python breaks it."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import sys
import threading
import time
import unittest
import weakref
from concurrent.futures.thread import _WorkItem

from asynctestkit.cpython import executor_internals, process_internals
from tests.cpython.test_process_internals import Hooked


class MadeTests(Hooked):
    def test_hook_executors(self):
        """Every executor is created by `object.__new__`, so that one replacement covers all."""
        if "__new__" not in vars(concurrent.futures.Executor):
            # As the first guarded test does. A class that has once had a `__new__` cannot do without again.
            executor_internals.hook_executors(lambda *_: None)
        self.restore(concurrent.futures.Executor, "__new__")
        executor_internals.hook_executors(self.note)

        class Own(concurrent.futures.Executor):
            def __init__(self, *, option):
                self.option = option

        class Singular:
            def __new__(cls, option):
                self.note(option, sys._getframe(1))
                return object.__new__(cls)

        class Both(concurrent.futures.Executor, Singular):
            pass

        Both("passed on")
        self.assertEqual(self.things()[0], "passed on")
        self.seen.clear()
        made = [Own(option=1), concurrent.futures.ThreadPoolExecutor(1)]
        with concurrent.futures.ProcessPoolExecutor(max_workers=1) as pool:
            self.assertEqual(self.things(), [*made, pool])
        self.assertEqual(made[0].option, 1)


class ThreadTests(unittest.TestCase):
    def test_is_worker(self):
        """A pool's thread is recognized by its target, while it runs."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            thread = pool.submit(threading.current_thread).result()
            self.assertTrue(executor_internals.is_worker(thread))
        self.assertFalse(executor_internals.is_worker(threading.current_thread()))
        self.assertFalse(executor_internals.is_worker(thread))

    def test_pool_of(self):
        """A worker refers to its pool weakly, and no other thread does."""
        pool = concurrent.futures.ThreadPoolExecutor()
        end = threading.Event()
        job = pool.submit(lambda: (threading.current_thread(), end.wait()))
        (thread,) = executor_internals.executor_threads(pool)
        self.assertIs(executor_internals.pool_of(thread), pool)
        del pool
        self.assertIsNone(executor_internals.pool_of(thread))
        end.set()
        self.assertIs(job.result()[0], thread)
        thread.join()
        self.assertIsNone(executor_internals.pool_of(thread))

    def test_executor_threads(self):
        """A thread pool has the threads that it needed so far; a process pool has one."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            self.assertEqual(executor_internals.executor_threads(pool), [])
            thread = pool.submit(threading.current_thread).result()
            self.assertEqual(executor_internals.executor_threads(pool), [thread])

    def test_executor_processes_and_is_manager(self):
        """A process pool with work has processes, and one thread that manages them."""
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            self.assertEqual(executor_internals.executor_threads(pool), [])
            self.assertEqual(executor_internals.executor_processes(pool), [])
            pid = pool.submit(os.getpid).result()
            (thread,) = executor_internals.executor_threads(pool)
            self.assertTrue(executor_internals.is_manager(thread))
            self.assertEqual([each.pid for each in executor_internals.executor_processes(pool)], [pid])

    def test_is_shut_down(self):
        """Both kinds of pool show whether they are shut down; any other executor counts as shut down."""
        for kind in (concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor):
            pool = kind(1)
            self.assertFalse(executor_internals.is_shut_down(pool))
            pool.shutdown()
            self.assertTrue(executor_internals.is_shut_down(pool))
        self.assertTrue(executor_internals.is_shut_down(concurrent.futures.Executor()))

    def test_shut_down(self):
        """Each of CPython's classes has a `shutdown` that need not wait."""

        class Own(concurrent.futures.ThreadPoolExecutor):
            shutdown = None

        for pool in (Own(), concurrent.futures.ProcessPoolExecutor()):
            executor_internals.shut_down(pool)
            self.assertTrue(executor_internals.is_shut_down(pool))

    def test_thread_name_prefix(self):
        """A thread pool keeps its thread name prefix; a process pool has none."""
        for pool, name in (
            (concurrent.futures.ThreadPoolExecutor(thread_name_prefix="fetch"), "fetch"),
            (concurrent.futures.ProcessPoolExecutor(), ""),
        ):
            with pool:
                self.assertEqual(executor_internals.thread_name_prefix(pool), name)


class WorkersTests(unittest.TestCase):
    def setUp(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)

    def test_is_idle_worker(self):
        """A pool's thread is idle if its innermost frame is the wait for jobs, outside of any job."""
        frame = self.pool.submit(sys._getframe).result(10)
        self.assertFalse(executor_internals.is_idle_worker(frame))
        while not executor_internals.is_idle_worker(frame):
            frame = frame.f_back
        self.assertFalse(executor_internals.is_idle_worker(None), "a thread without a frame is none")

    def test_hook_jobs(self):
        """A job is one object from `submit` until its worker has finished it."""
        self.addCleanup(setattr, _WorkItem, "__init__", _WorkItem.__init__)
        jobs = weakref.WeakSet()
        pools = []

        def note(item, frame):
            jobs.add(item)
            pools.append(frame.f_locals["self"])

        executor_internals.hook_jobs(note)
        begun, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)
        futures = [self.pool.submit(lambda: (begun.set(), go.wait(10))), self.pool.submit(int)]
        self.assertTrue(begun.wait(10))
        self.assertEqual(len(jobs), 2)
        self.assertEqual(pools, [self.pool, self.pool])
        go.set()
        concurrent.futures.wait(futures)
        while jobs:  # the worker drops it after it has set the result
            pass

    def test_function_of_job_and_job_run_in(self):
        """A job has its function, and the thread that runs it has the job in a variable of an outer frame."""
        items = []
        self.addCleanup(setattr, _WorkItem, "__init__", _WorkItem.__init__)
        executor_internals.hook_jobs(lambda item, _: items.append(item))
        self.pool.submit(sys._getframe).result()
        self.assertIs(executor_internals.function_of_job(items[0]), sys._getframe)
        self.assertIsNone(executor_internals.function_of_job(None))
        begun, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)
        job = self.pool.submit(lambda: (begun.set(), go.wait(10)))
        begun.wait(10)
        (worker,) = executor_internals.executor_threads(self.pool)
        frame = sys._current_frames()[worker.ident]
        self.assertIs(executor_internals.job_run_in(frame), items[1])
        self.assertIsNone(executor_internals.job_run_in(sys._getframe()))
        go.set()
        job.result()

    def test_loops_notified_by(self):
        """The callback that `wrap_future` adds to a job has the loop in its closure; others have none."""
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        future = concurrent.futures.Future()
        future.add_done_callback(print)
        future.add_done_callback(lambda _: loop)
        self.assertEqual(executor_internals.loops_notified_by(future), [])
        asyncio.wrap_future(future, loop=loop)
        self.assertEqual(executor_internals.loops_notified_by(future), [loop])


class PoolOfProcessesTests(unittest.TestCase):
    def test_is_jobless_manager_is_waiting_manager_and_managed_processes(self):
        """A manager's thread waits while there is no job, and shows its jobs and its processes."""
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            job = pool.submit(time.sleep, 0.2)  # waits: in another process
            (manager,) = executor_internals.executor_threads(pool)
            self.assertFalse(executor_internals.is_jobless_manager(manager))
            job.result()
            while not executor_internals.is_jobless_manager(manager):
                pass
            while not executor_internals.is_waiting_manager(sys._current_frames()[manager.ident]):
                pass
            (process,) = executor_internals.executor_processes(pool)
            self.assertEqual(executor_internals.managed_processes(manager), {process.pid})
            self.assertLessEqual({process.pid}, process_internals.started_by_multiprocessing())
        self.assertNotIn(process.pid, process_internals.started_by_multiprocessing())
        self.assertFalse(executor_internals.is_jobless_manager(threading.current_thread()))
        self.assertFalse(executor_internals.is_waiting_manager(sys._getframe()))
