"""The loop waits for whatever outside of it will wake it: no deadlock is claimed, on either clock.

Each test starts something that takes a moment of real time, and then wakes the loop.
"""

import asyncio
import concurrent.futures
import ctypes
import functools
import multiprocessing
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.loops.virtual.virtual_loop import VirtualEventLoop
from tests.case_runs import hard_cap

MOMENT = 0.08


def let_a_moment_pass():
    time.sleep(MOMENT)  # waits: what goes on outside takes its time


class WakeUpTestCase(unittest.TestCase):
    make = HygienicEventLoop

    def setUp(self):
        guard = hard_cap()
        guard.__enter__()
        self.addCleanup(guard.__exit__, None, None, None)
        self.loop = self.make()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)
        self.claimed = []

    def assertWoken(self, wake):
        """Asserts that the loop waits for what `wake(event)` starts, and for nothing else."""

        async def body():
            event = asyncio.Event()
            kept = wake(event)
            await event.wait()
            return kept

        def claim(standstill):
            self.claimed.append(standstill)
            self.loop.stop()

        self.loop.standstill_listeners.append(claim)
        try:
            self.loop.run_until_complete(body())
        except RuntimeError as stopped:
            self.fail(f"{stopped}: {self.claimed}")
        finally:
            self.loop.standstill_listeners.remove(claim)
        self.assertEqual(self.claimed, [])

    def start(self, target, *args):
        thread = threading.Thread(target=target, args=args)
        thread.start()
        self.addCleanup(thread.join)

    def call(self, event):
        self.loop.call_soon_threadsafe(event.set)

    def call_in_a_moment(self, event):
        let_a_moment_pass()
        self.call(event)

    def handle(self, number, handler):
        self.addCleanup(signal.signal, number, signal.signal(number, handler))

    def read(self, descriptor, event):
        """Has the loop watch the file until there is something to read."""

        def ready():
            self.loop.remove_reader(descriptor)
            event.set()

        self.loop.add_reader(descriptor, ready)


class ThreadsTests(WakeUpTestCase):
    def test_a_thread(self):
        """A thread that sleeps, and then calls in."""
        self.assertWoken(lambda event: self.start(self.call_in_a_moment, event))

    def test_a_timer_thread(self):
        """A `threading.Timer`."""
        self.assertWoken(lambda event: threading.Timer(MOMENT, self.call, [event]).start())

    def test_a_thread_that_another_wakes(self):
        """A thread that waits without a timeout for another one that sleeps."""

        def wake(event):
            go = queue.SimpleQueue()
            self.start(lambda: (go.get(), self.call(event)))
            self.start(lambda: (let_a_moment_pass(), go.put(1)))

        self.assertWoken(wake)

    def test_a_row_of_threads(self):
        """Threads that wake each other in turn."""

        def work(mine, following):
            mine.get()
            following.put(1) if hasattr(following, "put") else self.call(following)

        def wake(event):
            queues = [queue.Queue() for _ in range(20)]
            for mine, following in zip(queues, [*queues[1:], event], strict=True):
                self.start(work, mine, following)
            self.start(lambda: (let_a_moment_pass(), queues[0].put(1)))

        self.assertWoken(wake)

    def test_a_thread_that_reads_a_socket(self):
        """A thread that reads what another process will write."""

        def wake(event):
            ours, theirs = socket.socketpair()
            child = subprocess.Popen(["sh", "-c", f"sleep {MOMENT}; echo x"], stdout=theirs)
            theirs.close()
            self.start(lambda: (ours.recv(1), self.call(event), ours.close(), child.wait()))

        self.assertWoken(wake)

    def test_a_second_loop_in_a_thread(self):
        """A loop that another thread runs, asked by `run_coroutine_threadsafe`."""

        def wake(event):
            other = asyncio.new_event_loop()
            self.addCleanup(other.close)
            self.start(other.run_forever)
            self.addCleanup(other.call_soon_threadsafe, other.stop)

            async def answer():
                await asyncio.sleep(MOMENT)  # waits: on that loop
                self.call(event)

            asyncio.run_coroutine_threadsafe(answer(), other)

        self.assertWoken(wake)

    def test_a_thread_that_computes(self):
        """A thread that computes without releasing the interpreter."""

        def compute(event):
            until = time.thread_time() + MOMENT
            while time.thread_time() < until:
                pass
            self.call(event)

        self.assertWoken(lambda event: self.start(compute, event))


class PoolsTests(WakeUpTestCase):
    def test_a_pool_of_its_own(self):
        """A job of a pool that is unrelated to the loop."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(int).result()
            self.assertWoken(lambda event: pool.submit(self.call_in_a_moment, event))

    def test_the_default_executor(self):
        """A job of the loop's own pool."""

        def wake(event):
            job = self.loop.run_in_executor(None, let_a_moment_pass)
            job.add_done_callback(lambda _: event.set())

        self.assertWoken(wake)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())

    def test_a_pool_of_processes(self):
        """A job of a pool of processes."""
        context = multiprocessing.get_context("spawn")  # from 3.12, to fork a process with threads warns
        with concurrent.futures.ProcessPoolExecutor(1, context) as pool:

            def wake(event):
                job = self.loop.run_in_executor(pool, time.sleep, MOMENT)  # waits: in that process
                job.add_done_callback(lambda _: event.set())

            self.assertWoken(wake)

    def test_an_executor_of_another_make(self):
        """A job of an executor of an unknown class."""

        class Own(concurrent.futures.Executor):
            def submit(self, function, /, *args):
                future = concurrent.futures.Future()
                threading.Thread(target=lambda: future.set_result(function(*args))).start()
                return future

        def wake(event):
            job = self.loop.run_in_executor(Own(), let_a_moment_pass)
            job.add_done_callback(lambda _: event.set())

        self.assertWoken(wake)


class ProcessesTests(WakeUpTestCase):
    def test_a_child_of_asyncio(self):
        """A child that asyncio has started and waits for."""
        asyncio.set_event_loop(self.loop)
        self.addCleanup(asyncio.set_event_loop, None)

        async def wait(event):
            child = await asyncio.create_subprocess_exec("sleep", str(MOMENT))
            await child.wait()
            event.set()

        self.assertWoken(lambda event: self.loop.create_task(wait(event)))

    def test_a_child_that_sends_a_signal(self):
        """A child that will send one, which a handler in Python waits for."""

        def wake(event):
            self.handle(signal.SIGUSR1, lambda *_: self.call(event))
            command = f"sleep {MOMENT}; kill -USR1 {os.getpid()}"
            self.addCleanup(subprocess.Popen(["sh", "-c", command]).wait)

        self.assertWoken(wake)

    def test_a_grandchild_that_sends_a_signal(self):
        """An orphaned process is no child, but the signal handler shows that a signal may come."""

        def wake(event):
            self.handle(signal.SIGUSR1, lambda *_: self.call(event))
            command = f"(sleep {MOMENT}; kill -USR1 {os.getpid()}) >/dev/null 2>&1 &"
            subprocess.run(["sh", "-c", command], check=True)

        self.assertWoken(wake)

    def test_a_process_of_multiprocessing(self):
        """A process that lets a thread go on, by an event that both have."""
        context = multiprocessing.get_context("spawn")

        def wake(event):
            go = context.Event()
            process = context.Process(target=go.set)
            process.start()
            self.addCleanup(process.join)
            self.start(lambda: (go.wait(), self.call(event)))

        self.assertWoken(wake)

    def test_a_queue_of_multiprocessing(self):
        """A process that puts something into a queue, which a thread takes out."""
        context = multiprocessing.get_context("spawn")

        def wake(event):
            items = context.Queue()
            process = context.Process(target=items.put, args=(1,))
            process.start()
            self.addCleanup(items.close)
            self.addCleanup(process.join)
            self.start(lambda: (items.get(), self.call(event)))

        self.assertWoken(wake)


class DescriptorsTests(WakeUpTestCase):
    def test_a_fifo(self):
        """A named pipe that some other process will write to."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name, "fifo")
        os.mkfifo(path)
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, descriptor)

        def wake(event):
            self.read(descriptor, event)
            subprocess.run(["sh", "-c", f"(sleep {MOMENT}; echo x > {path}) 2>/dev/null &"], check=True)

        self.assertWoken(wake)

    @unittest.skipUnless(sys.platform == "linux", "inotify is Linux's")
    def test_changes_of_files(self):
        """A folder that is watched, where some other process will make a file."""
        library = ctypes.CDLL(None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        descriptor = library.inotify_init1(os.O_NONBLOCK)
        self.addCleanup(os.close, descriptor)
        created = 0x100  # IN_CREATE
        library.inotify_add_watch(descriptor, folder.name.encode(), created)

        def wake(event):
            self.read(descriptor, event)
            command = f"(sleep {MOMENT}; : > {folder.name}/new) >/dev/null 2>&1 &"
            subprocess.run(["sh", "-c", command], check=True)

        self.assertWoken(wake)

    def test_a_datagram(self):
        """A socket that a datagram will come to."""
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.bind(("127.0.0.1", 0))
        program = (
            f"import socket, time; time.sleep({MOMENT}); "
            f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', {receiver.getsockname()})"
        )

        def wake(event):
            self.read(receiver, event)
            self.addCleanup(subprocess.Popen([sys.executable, "-c", program]).wait)

        self.assertWoken(wake)


class SignalsTests(WakeUpTestCase):
    def test_an_alarm(self):
        """A timer of the process, and a handler in Python."""

        def wake(event):
            self.handle(signal.SIGALRM, lambda *_: self.call(event))
            signal.setitimer(signal.ITIMER_REAL, MOMENT)

        self.assertWoken(wake)

    def test_an_alarm_for_the_loop(self):
        """A timer of the process, and a handler on the loop."""

        def wake(event):
            self.loop.add_signal_handler(signal.SIGALRM, event.set)
            self.addCleanup(self.loop.remove_signal_handler, signal.SIGALRM)
            signal.setitimer(signal.ITIMER_REAL, MOMENT)

        self.assertWoken(wake)

    def test_a_signal_of_a_thread(self):
        """A handler in Python, and a thread that raises the signal."""

        def wake(event):
            self.handle(signal.SIGUSR2, functools.partial(lambda event, *_: self.call(event), event))
            main = threading.get_ident()
            self.start(lambda: (let_a_moment_pass(), signal.pthread_kill(main, signal.SIGUSR2)))

        self.assertWoken(wake)


class OnVirtualTime:
    """The same on the virtual clock."""

    make = VirtualEventLoop


class VirtualThreadsTests(OnVirtualTime, ThreadsTests):
    pass


class VirtualPoolsTests(OnVirtualTime, PoolsTests):
    pass


class VirtualProcessesTests(OnVirtualTime, ProcessesTests):
    pass


class VirtualDescriptorsTests(OnVirtualTime, DescriptorsTests):
    pass


class VirtualSignalsTests(OnVirtualTime, SignalsTests):
    pass
