"""The loop makes its self-pipe when somebody has to be woken, and is woken as the standard loop is."""

import asyncio
import os
import signal
import socket
import threading
import unittest
from unittest import mock

from asynctestkit import _cpython
from asynctestkit.loops.lean import LeanSelectorEventLoop
from tests.case_runs import hard_cap


@unittest.skipUnless(hasattr(os, "fork"), "Windows has another standard loop")
class LeanSelectorEventLoopTests(unittest.TestCase):
    def setUp(self):
        self.made = []
        make = socket.socketpair
        counting = mock.patch.object(
            socket, "socketpair", lambda *given: self.made.append(None) or make(*given)
        )
        counting.start()
        self.addCleanup(counting.stop)
        self.loop = LeanSelectorEventLoop()
        self.addCleanup(self.loop.close)

    def wake_from_thread(self, *, threads=1):
        """Has the loop wait without end, and threads wake it; returns what they left."""
        woken, ended = [], asyncio.Event()

        def note(name):
            woken.append(name)
            if len(woken) == threads:
                ended.set()

        async def wait():
            await ended.wait()

        workers = [
            threading.Thread(target=self.loop.call_soon_threadsafe, args=(note, number))
            for number in range(threads)
        ]
        self.loop.call_soon(lambda: [worker.start() for worker in workers])
        with hard_cap():
            self.loop.run_until_complete(wait())
        for worker in workers:
            worker.join()
        return sorted(woken)

    def test_no_socket_without_need(self):
        """Tasks, timers and descriptors need no self-pipe, and closing a loop without one is as good."""
        here, there = socket.socketpair()
        self.made.clear()
        with here, there:
            self.loop.add_reader(here, self.loop.stop)
            there.send(b"x")
            self.loop.run_forever()
            self.loop.remove_reader(here)
        self.loop.call_later(0.001, self.loop.stop)
        self.loop.run_forever()
        self.assertEqual(_cpython.watched_descriptors(self.loop), [])
        self.loop.close()
        self.loop.close()
        self.assertEqual(self.made, [])

    def test_a_thread_wakes_it(self):
        """A thread wakes a loop that waits; once it is there, the self-pipe serves every thread."""
        for _ in range(3):
            self.assertEqual(self.wake_from_thread(), [0])
        self.assertEqual(len(self.made), 1)
        self.assertEqual(_cpython.watched_descriptors(self.loop), [], "it is the loop's own")

    def test_many_threads_at_once(self):
        """Of threads that want the first wake-up at once, one makes the self-pipe, and all are heard."""
        for _ in range(20):
            with self.subTest():
                self.assertEqual(self.wake_from_thread(threads=8), list(range(8)))
                self.assertEqual(len(self.made), 1)
            self.loop.close()
            self.loop = LeanSelectorEventLoop()
            self.addCleanup(self.loop.close)
            self.made.clear()

    def test_a_signal_wakes_it(self):
        """A handler of the loop's is called although the loop waits."""
        self.loop.add_signal_handler(signal.SIGUSR1, self.loop.stop)
        self.loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
        with hard_cap():
            self.loop.run_forever()
        self.assertTrue(self.loop.remove_signal_handler(signal.SIGUSR1))

    def test_whoever_comes_second_while_it_is_made(self):
        """A signal handler that breaks into the making, such as that of Ctrl-C, leaves the wake-up to it."""
        make = socket.socketpair
        heard = []

        def interrupted(*given):
            self.loop.call_soon_threadsafe(heard.append, "handler")
            return make(*given)

        with mock.patch.object(socket, "socketpair", interrupted):
            self.loop.call_soon_threadsafe(heard.append, "interrupted")
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        self.assertEqual(heard, ["interrupted", "handler"])
        self.assertEqual(len(self.made), 1)

    def test_a_thread_that_is_late(self):
        """A closed loop makes no self-pipe any more: nobody would close it."""
        close = self.loop._close_self_pipe

        def close_and_wake():
            close()
            self.loop._write_to_self()

        with mock.patch.object(self.loop, "_close_self_pipe", close_and_wake):
            self.loop.close()
        self.assertEqual(self.made, [])

    def test_no_descriptor_left(self):
        """Where no self-pipe can be made, the thread that wants one is told."""
        with mock.patch.object(socket, "socketpair", side_effect=OSError("too many open files")):
            with self.assertRaisesRegex(OSError, "too many"):
                self.loop.call_soon_threadsafe(print)
        self.assertEqual(self.wake_from_thread(), [0])
