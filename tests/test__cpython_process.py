"""Canaries for what belongs to the process: each says what has moved when a new Python breaks it."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import warnings
import weakref
from concurrent.futures.thread import _WorkItem
from unittest import mock

from asynctestkit import _cpython_process
from asynctestkit.cpython import originals


class Hooked(unittest.TestCase):
    """Hooks are for good; a test takes its own off again."""

    def setUp(self):
        self.seen = []

    def restore(self, owner, name):
        self.addCleanup(setattr, owner, name, getattr(owner, name))

    def note(self, thing, frame):
        self.seen.append((thing, frame.f_code.co_name))

    def things(self):
        return [thing for thing, _ in self.seen]

    def test_hook_thread_starts(self):
        """Every thread goes through a global of Lib/threading.py, and brings itself along."""
        name = (
            "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"
        )
        self.restore(threading, name)
        _cpython_process.hook_thread_starts(self.note)
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        self.assertEqual(self.seen, [(thread, "start")])

    def test_threads_started_by_hand_are_let_be(self):
        """Who uses the global for functions of his own is not shown."""
        name = (
            "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"
        )
        self.restore(threading, name)
        _cpython_process.hook_thread_starts(self.note)
        done = threading.Event()
        getattr(threading, name)(done.set, *(() if "joinable" in name else ((),)))
        done.wait()
        self.assertEqual(self.seen, [])

    def test_hook_sockets(self):
        """Every socket goes through `socket.__init__`: made, accepted, of a pair, duplicated, or of TLS."""
        self.restore(socket.socket, "__init__")
        _cpython_process.hook_sockets(self.note)
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()) as client,
            listener.accept()[0] as accepted,
            accepted.dup() as copy,
        ):
            self.assertEqual(self.things(), [listener, client, accepted, copy])

    def test_hook_children(self):
        """Every child goes through `Popen._execute_child`, asyncio's too; one that cannot start does not."""
        self.restore(subprocess.Popen, "_execute_child")
        _cpython_process.hook_children(self.note)

        async def start():
            process = await asyncio.create_subprocess_exec("true")
            child = _cpython_process.popen_of(process._transport)
            await process.wait()
            return child

        with subprocess.Popen("true") as child:
            pass
        of_asyncio = asyncio.run(start())
        with self.assertRaises(FileNotFoundError):
            subprocess.Popen("/no/such/command")
        self.assertEqual(self.things(), [child, of_asyncio])

    def test_hook_executors(self):
        """Every executor is made by `object.__new__`, so one for all of them can stand in between."""
        if "__new__" not in vars(concurrent.futures.Executor):
            # As the first guarded test does. A class that has once had a `__new__` cannot do without again.
            _cpython_process.hook_executors(lambda *_: None)
        self.restore(concurrent.futures.Executor, "__new__")
        _cpython_process.hook_executors(self.note)

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
    def test_thread_of(self):
        """A running thread is found by its identifier, and no dummy is made for another one."""
        self.assertIs(_cpython_process.thread_of(threading.get_ident()), threading.current_thread())
        self.assertIsNone(_cpython_process.thread_of(-1))

    def test_is_worker(self):
        """A pool's thread is known by its target, while it runs."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            thread = pool.submit(threading.current_thread).result()
            self.assertTrue(_cpython_process.is_worker(thread))
        self.assertFalse(_cpython_process.is_worker(threading.current_thread()))
        self.assertFalse(_cpython_process.is_worker(thread))

    def test_pool_of(self):
        """A worker refers to its pool weakly, and no other thread does."""
        pool = concurrent.futures.ThreadPoolExecutor()
        end = threading.Event()
        job = pool.submit(lambda: (threading.current_thread(), end.wait()))
        (thread,) = _cpython_process.executor_threads(pool)
        self.assertIs(_cpython_process.pool_of(thread), pool)
        del pool
        self.assertIsNone(_cpython_process.pool_of(thread))
        end.set()
        self.assertIs(job.result()[0], thread)
        thread.join()
        self.assertIsNone(_cpython_process.pool_of(thread))

    def test_executor_threads(self):
        """A pool has as many as it needed so far; one of processes has a single one."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            self.assertEqual(_cpython_process.executor_threads(pool), [])
            thread = pool.submit(threading.current_thread).result()
            self.assertEqual(_cpython_process.executor_threads(pool), [thread])

    def test_executor_processes_and_is_manager(self):
        """A pool of processes has them, and one thread that manages them, when it has work."""
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            self.assertEqual(_cpython_process.executor_threads(pool), [])
            self.assertEqual(_cpython_process.executor_processes(pool), [])
            pid = pool.submit(os.getpid).result()
            (thread,) = _cpython_process.executor_threads(pool)
            self.assertTrue(_cpython_process.is_manager(thread))
            self.assertEqual([each.pid for each in _cpython_process.executor_processes(pool)], [pid])

    def test_is_shut_down(self):
        """Both kinds of pool know it; another executor cannot be asked, and is taken to be."""
        for kind in (concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor):
            pool = kind(1)
            self.assertFalse(_cpython_process.is_shut_down(pool))
            pool.shutdown()
            self.assertTrue(_cpython_process.is_shut_down(pool))
        self.assertTrue(_cpython_process.is_shut_down(concurrent.futures.Executor()))

    def test_shut_down(self):
        """Each class of CPython's has a `shutdown` that can be told not to wait."""

        class Own(concurrent.futures.ThreadPoolExecutor):
            shutdown = None

        for pool in (Own(), concurrent.futures.ProcessPoolExecutor()):
            _cpython_process.shut_down(pool)
            self.assertTrue(_cpython_process.is_shut_down(pool))

    def test_thread_name_prefix(self):
        """A pool of threads keeps its name; one of processes has none."""
        for pool, name in (
            (concurrent.futures.ThreadPoolExecutor(thread_name_prefix="fetch"), "fetch"),
            (concurrent.futures.ProcessPoolExecutor(), ""),
        ):
            with pool:
                self.assertEqual(_cpython_process.thread_name_prefix(pool), name)


class SockAcceptTests(unittest.IsolatedAsyncioTestCase):
    async def test_it_is_the_name_of_the_function(self):
        """A socket that `loop.sock_accept` gives is made in that function."""
        self.assertTrue(hasattr(asyncio.SelectorEventLoop, _cpython_process.SOCK_ACCEPT))


class ChildTests(unittest.IsolatedAsyncioTestCase):
    async def test_popen_of(self):
        """A transport has its Popen until it is closed."""
        process = await asyncio.create_subprocess_exec("true")
        transport = process._transport
        self.assertIsInstance(transport, _cpython_process.SUBPROCESS_TRANSPORT)
        self.assertEqual(_cpython_process.popen_of(transport).pid, process.pid)
        await process.wait()
        await asyncio.sleep(0)
        self.assertIsNone(_cpython_process.popen_of(transport))

    def test_helpers_of_multiprocessing_and_started_by_multiprocessing(self):
        """A context that needs the resource tracker, or the server that forks, starts it as a child."""
        program = (
            "import multiprocessing as m, os, asynctestkit._cpython_process as p\n"
            "print(len(p.helpers_of_multiprocessing()))\n"
            "if __name__ == '__main__':\n"
            "    m.get_context('spawn').Lock(); print(len(p.helpers_of_multiprocessing()))\n"
            "    process = m.get_context('forkserver').Process(target=int); process.start(); process.join()\n"
            "    for helper in p.helpers_of_multiprocessing():\n"
            "        print(os.waitid(os.P_PID, helper, os.WEXITED | os.WNOHANG | os.WNOWAIT))\n"
        )
        told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        self.assertEqual(told.stdout.split(), ["0", "1", "None", "None"], told.stderr)

    def test_has_ended(self):
        """A child that has ended is known to have, and can be waited for afterwards."""
        with subprocess.Popen(("sleep", "30")) as child:
            self.assertFalse(_cpython_process.has_ended(child.pid))
            child.send_signal(signal.SIGKILL)
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            self.assertTrue(_cpython_process.has_ended(child.pid))
            self.assertEqual(child.wait(), -signal.SIGKILL)
        self.assertTrue(_cpython_process.has_ended(child.pid))

    def test_has_ended_where_it_cannot_be_asked(self):
        """Without `waitid` it is not known."""
        with mock.patch.object(originals.os, "waitid", create=True):
            del originals.os.waitid
            self.assertFalse(_cpython_process.has_ended(1))


class HookResourceWarningsTests(unittest.TestCase):
    def hear(self, action, answers):
        """What the hook is asked, and what is warned of, when a socket is dropped."""
        asked, answers = [], iter(answers)

        def hook(text, thing):
            asked.append((text.startswith("unclosed <socket"), type(thing)))
            return next(answers)

        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter(action)
            undo = _cpython_process.hook_resource_warnings(hook)
            socket.socket()
            undo()
        return asked, [each.category for each in shown]

    def test_a_thing_that_is_taken(self):
        """The hook is asked about the text, then shown the thing; nobody is warned, whatever the filters."""
        for action in ("ignore", "always", "error"):
            with self.subTest(action):
                asked, shown = self.hear(action, [True, True, True])
                self.assertEqual(asked[0], (True, type(None)))
                self.assertEqual(asked[-1], (True, socket.socket))
                self.assertEqual(shown, [])

    def test_a_thing_that_is_not_taken(self):
        """It is warned of as the filters have it."""
        for action, expected in (("ignore", []), ("always", [ResourceWarning])):
            with self.subTest(action):
                self.assertEqual(self.hear(action, [True, True, False])[1], expected)

    def test_a_text_that_is_of_no_interest(self):
        """The thing is not even shown."""
        asked, shown = self.hear("always", [False, False])
        self.assertEqual({kind for _, kind in asked}, {type(None)})
        self.assertEqual(shown, [ResourceWarning])

    def test_the_hooks_of_overlapping_blocks(self):
        """They end in any order, the innermost is asked, and in the end everything is as it was."""
        before, show = list(warnings.filters), warnings._showwarnmsg
        first = _cpython_process.hook_resource_warnings(lambda text, thing: False)
        second = _cpython_process.hook_resource_warnings(lambda text, thing: True)
        first()
        socket.socket()
        second()
        self.assertEqual((list(warnings.filters), warnings._showwarnmsg), (before, show))


class WorkersTests(unittest.TestCase):
    def setUp(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)

    def test_is_idle_worker(self):
        """A pool's thread is idle when its innermost frame is the wait for jobs, and not within a job."""
        frame = self.pool.submit(sys._getframe).result(10)
        self.assertFalse(_cpython_process.is_idle_worker(frame))
        while not _cpython_process.is_idle_worker(frame):
            frame = frame.f_back
        self.assertFalse(_cpython_process.is_idle_worker(None), "a thread without a frame is none")

    def test_hook_jobs(self):
        """Every job is an object that lives from `submit` until its worker has done with it."""
        self.addCleanup(setattr, _WorkItem, "__init__", _WorkItem.__init__)
        jobs = weakref.WeakSet()
        pools = []

        def note(item, frame):
            jobs.add(item)
            pools.append(frame.f_locals["self"])

        _cpython_process.hook_jobs(note)
        begun, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)
        futures = [self.pool.submit(lambda: (begun.set(), go.wait(10))), self.pool.submit(int)]
        self.assertTrue(begun.wait(10))
        self.assertEqual(len(jobs), 2)
        self.assertEqual(pools, [self.pool, self.pool])
        go.set()
        concurrent.futures.wait(futures)
        while jobs:  # the worker drops it after it has told of it
            pass

    def test_function_of_job_and_job_run_in(self):
        """A job knows its function, and the thread that runs it has it in a variable of an outer frame."""
        items = []
        self.addCleanup(setattr, _WorkItem, "__init__", _WorkItem.__init__)
        _cpython_process.hook_jobs(lambda item, _: items.append(item))
        self.pool.submit(sys._getframe).result()
        self.assertIs(_cpython_process.function_of_job(items[0]), sys._getframe)
        self.assertIsNone(_cpython_process.function_of_job(None))
        begun, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)
        job = self.pool.submit(lambda: (begun.set(), go.wait(10)))
        begun.wait(10)
        (worker,) = _cpython_process.executor_threads(self.pool)
        frame = sys._current_frames()[worker.ident]
        self.assertIs(_cpython_process.job_run_in(frame), items[1])
        self.assertIsNone(_cpython_process.job_run_in(sys._getframe()))
        go.set()
        job.result()

    def test_waits_without_limit(self):
        """A thread in a condition, or a worker without a job, waits until somebody acts, or with a limit."""
        condition = threading.Condition.wait.__code__
        for limit in (None, 20):
            event = threading.Event()
            thread = threading.Thread(target=event.wait, args=(limit,))
            thread.start()
            while sys._current_frames()[thread.ident].f_code is not condition or not event._cond._waiters:
                pass
            frame = sys._current_frames()[thread.ident]
            self.assertEqual(_cpython_process.waits_without_limit(frame), limit is None)
            event.set()
            thread.join()
        self.pool.submit(int).result()
        (worker,) = _cpython_process.executor_threads(self.pool)
        until = time.monotonic() + 20
        while not _cpython_process.waits_without_limit(sys._current_frames()[worker.ident]):
            self.assertLess(time.monotonic(), until)
        self.assertFalse(_cpython_process.waits_without_limit(sys._getframe()))

    def test_loops_told_of(self):
        """What `wrap_future` hangs on a job has the loop in its closure; other callbacks have none."""
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        future = concurrent.futures.Future()
        future.add_done_callback(print)
        future.add_done_callback(lambda _: loop)
        self.assertEqual(_cpython_process.loops_told_of(future), [])
        asyncio.wrap_future(future, loop=loop)
        self.assertEqual(_cpython_process.loops_told_of(future), [loop])


class PoolOfProcessesTests(unittest.TestCase):
    def test_is_jobless_manager_is_waiting_manager_and_managed_processes(self):
        """Its thread waits when there is nothing to do, and knows its jobs and its processes."""
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            job = pool.submit(time.sleep, 0.2)  # waits: in another process
            (manager,) = _cpython_process.executor_threads(pool)
            self.assertFalse(_cpython_process.is_jobless_manager(manager))
            job.result()
            while not _cpython_process.is_jobless_manager(manager):
                pass
            while not _cpython_process.is_waiting_manager(sys._current_frames()[manager.ident]):
                pass
            (process,) = _cpython_process.executor_processes(pool)
            self.assertEqual(_cpython_process.managed_processes(manager), {process.pid})
            self.assertLessEqual({process.pid}, _cpython_process.started_by_multiprocessing())
        self.assertNotIn(process.pid, _cpython_process.started_by_multiprocessing())
        self.assertFalse(_cpython_process.is_jobless_manager(threading.current_thread()))
        self.assertFalse(_cpython_process.is_waiting_manager(sys._getframe()))
