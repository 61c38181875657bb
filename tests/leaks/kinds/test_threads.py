"""Threads that are still running."""

import asyncio
import concurrent.futures
import logging.handlers
import multiprocessing
import queue
import socket
import threading
import time
import unittest
from unittest import mock

from asynctestkit import Allowance, DeadlockError, SocketLeaks, ThreadLeaks
from tests.leaks.contract import DetectorContract, Inner, run_body
from tests.running import run_case


class Stoppable(unittest.TestCase):
    """Has an event for threads to wait for, and sets it when the test is over."""

    def setUp(self):
        super().setUp()
        self.stop = threading.Event()
        self.threads_before = set(threading.enumerate())
        self.addCleanup(self.end_threads)
        patched = mock.patch.object(Inner, "settle_time", 0.01)
        patched.start()
        self.addCleanup(patched.stop)

    def end_threads(self):
        self.stop.set()
        for thread in set(threading.enumerate()) - self.threads_before:
            thread.join()
        self.stop = threading.Event()


class ThreadContractTests(DetectorContract, Stoppable):
    detector = ThreadLeaks

    async def make(self):
        thread = threading.Thread(target=self.stop.wait)
        thread.start()  # leaks
        return thread

    async def use(self):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        await asyncio.to_thread(int)

    def let_go(self):
        super().let_go()
        self.end_threads()


class WhatIsALeakTests(Stoppable):
    def leaks(self, body, **members):
        outcome = run_body(body, **members)
        self.assertEqual(outcome.errors, [])
        return [(leak.kind, leak.name) for leak in outcome.leaks]

    def start(self, name="leaked", target=None, **options):
        thread = threading.Thread(target=target or self.stop.wait, name=name, **options)
        thread.start()
        return thread

    def test_the_report_shows_its_stack(self):
        """The report has the thread's name and its current stack."""

        def waits_for_ever():
            self.stop.wait()

        (leak,) = run_body(lambda case: self.start(target=waits_for_ever)).leaks
        self.assertEqual(
            (leak.name, leak.description), ("leaked", "still running; the process cannot end before it does")
        )
        self.assertEqual([place.function for place in leak.waiting_at], ["waits_for_ever", "wait"])
        self.assertIn("thread.join()", leak.remedy)

    def test_daemons_are_leaks_as_well(self):
        """A daemon is a leak as well, as it runs on into the next test."""
        (leak,) = run_body(lambda case: self.start(daemon=True)).leaks
        self.assertEqual(leak.description, "still running, as a daemon")

    def test_threads_that_threads_have_started(self):
        """Threads that the test's threads start, transitively, are the test's."""

        def test(case):
            first = threading.Thread(target=lambda: self.start())
            first.start()
            first.join()

        self.assertEqual(self.leaks(test), [("thread", "leaked")])

    def test_a_thread_that_ends_by_itself(self):
        """A thread that is about to end is waited for, even if it needs the loop for that."""

        async def test(case):
            loop = asyncio.get_running_loop()

            def needs_the_loop():
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()

            self.start(target=needs_the_loop)

        self.assertEqual(self.leaks(test, settle_time=20.0), [])

    def test_it_is_reported_once(self):
        """Later tests are not charged with a reported thread, nor with what it does."""
        acts, acted = threading.Event(), threading.Event()

        def target():
            acts.wait()
            self.opened = socket.socket()
            acted.set()
            self.stop.wait()

        def lets_it_act(case):
            acts.set()
            acted.wait()

        self.assertEqual(self.leaks(lambda case: self.start(target=target)), [("thread", "leaked")])
        outcome = run_body(lets_it_act, leak_detectors=(ThreadLeaks, SocketLeaks))
        self.assertEqual(outcome.complaints, [])
        self.opened.close()

    def test_a_timer_is_cancelled(self):
        """A `threading.Timer` is cancelled."""

        def test(case):
            case.timer = threading.Timer(3600, print)
            case.timer.start()
            self.timer = case.timer

        (leak,) = run_body(test).leaks
        self.assertEqual(leak.remedy, "timer.cancel(), then timer.join()")
        self.timer.join()

    def test_a_thread_that_was_not_started(self):
        """A Thread that was not started is no leak."""

        def test(case):
            case.thread = threading.Thread(target=self.stop.wait)

        self.assertEqual(self.leaks(test), [])

    def test_raw_threads(self):
        """A thread without a Thread object is not reported."""
        import _thread

        ended = threading.Event()

        def raw():
            self.stop.wait()
            ended.set()

        self.assertEqual(self.leaks(lambda case: _thread.start_new_thread(raw, ()) and None), [])
        self.stop.set()
        ended.wait()

    def test_the_listener_of_a_logging_queue(self):
        """The thread of a logging queue's listener is no leak, as the listener's owner stops it."""

        def test(case):
            self.listener = logging.handlers.QueueListener(queue.Queue())
            self.listener.start()

        self.assertEqual(self.leaks(test), [])
        self.listener.stop()

    def test_threads_of_foreign_threads(self):
        """Threads that an unknown thread starts are not charged to the test."""
        wanted, started = threading.Event(), threading.Event()

        def foreign():
            wanted.wait()
            self.start()
            started.set()

        def test(case):
            wanted.set()
            started.wait()

        thread = self.start(target=foreign)
        self.assertEqual(self.leaks(test), [])
        thread.join()

    def test_the_thread_that_runs_the_test(self):
        """A test that runs in a thread of another test is not charged with its own thread."""
        inner = []

        def test(case):
            thread = threading.Thread(target=lambda: inner.append(run_case(Inner)))
            thread.start()
            thread.join()

        self.assertEqual(self.leaks(test), [])
        self.assertEqual(inner[0].complaints, [])


class WorkerTests(Stoppable):
    def leaks(self, body, **members):
        return [(leak.kind, leak.name) for leak in run_body(body, **members).leaks]

    def test_idle_workers_of_the_default_executor(self):
        """Idle workers of the default executor end with the loop, and are no leaks."""

        async def test(case):
            await asyncio.gather(*(asyncio.to_thread(int) for _ in range(3)))

        self.assertEqual(self.leaks(test), [])

    def test_a_job_that_ends_while_the_loop_is_shut_down(self):
        """The sweep waits for the jobs of the loop's executor, so one that ends in time is no leak."""

        async def test(case):
            case.job = asyncio.get_running_loop().run_in_executor(None, self.stop.wait, 0.1)

        self.assertEqual(self.leaks(test, settle_time=20), [])

    def test_a_job_that_never_ends(self):
        """A job that never ends is the leak, and its thread is not."""

        async def test(case):
            case.job = asyncio.get_running_loop().run_in_executor(None, self.stop.wait)

        self.assertEqual(self.leaks(test, grace_period=0.02), [("executor", "Event.wait")])

    def test_workers_of_an_executor_that_is_a_leak(self):
        """If the executor is the leak, busy or idle, its workers are not reported."""

        def test(case):
            self.pool = concurrent.futures.ThreadPoolExecutor()
            self.pool.submit(self.stop.wait)

        self.assertEqual(self.leaks(test), [("executor", "ThreadPoolExecutor")])

    def test_workers_of_an_older_executor(self):
        """Workers that an older pool gets during a test are no leaks."""
        with concurrent.futures.ThreadPoolExecutor() as pool:

            def test(case):
                pool.submit(self.stop.wait)

            self.assertEqual(self.leaks(test), [])
            self.stop.set()

    def test_a_worker_that_is_left_over(self):
        """A busy worker of a pool that was shut down without waiting is a leak; an idle one ends."""

        def test(case):
            pool = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="over")
            for job in (self.stop.wait, int):
                pool.submit(job)
            pool.shutdown(wait=False)

        (leak,) = run_body(test).leaks
        self.assertEqual((leak.kind, leak.name), ("thread", "over_0"))
        self.assertEqual(leak.created_at, ())

    def test_processes_have_a_thread(self):
        """The manager thread of a process pool is not reported separately."""

        def test(case):
            self.pool = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
            self.pool.submit(int).result()

        self.assertEqual(self.leaks(test), [("executor", "ProcessPoolExecutor")])


async def leaves_a_task(case):
    case.task = asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)


class SettlingTests(Stoppable):
    """How long the sweep waits for threads: the whole settle time would be noticed."""

    def found(self, body, **members):
        began = time.monotonic()
        outcome = run_body(body, settle_time=60.0, **members)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(outcome.errors, [])
        return [leak.kind for leak in outcome.leaks]

    def ticks(self):
        while not self.stop.wait(0.01):
            pass

    def test_an_older_thread(self):
        """An older thread that is unrelated to the loop does not delay the sweep."""
        threading.Thread(target=self.ticks).start()
        self.assertEqual(self.found(leaves_a_task), ["task"])

    def test_a_thread_that_waits_for_others(self):
        """A thread of the test's that nothing will wake is reported at once."""
        self.assertEqual(self.found(lambda case: threading.Thread(target=self.stop.wait).start()), ["thread"])

    def test_a_thread_that_an_allowance_names(self):
        """A thread that an allowance names delays neither the sweep, virtual time nor a deadlock report."""
        allowances = (Allowance("thread", name="metrics-*", reason="it sends to the end"),)

        async def test(case):
            threading.Thread(target=self.ticks, name="metrics-1").start()
            await leaves_a_task(case)
            await asyncio.sleep(3600)

        async def dies(case):
            threading.Thread(target=self.ticks, name="metrics-2").start()
            await asyncio.Event().wait()

        self.assertEqual(self.found(test, allowed_leaks=allowances, clock="virtual"), ["task"])
        for clock in ("real", "virtual"):
            outcome = run_body(dies, allowed_leaks=allowances, clock=clock)
            self.assertEqual([type(error) for error in outcome.failures], [DeadlockError])
