"""The loop watches its self-pipe only when it has to be woken, and is woken as the standard loop is."""

import asyncio
import os
import signal
import socket
import threading
import types
import unittest
from unittest import mock

from asynctestkit.cpython import loop_internals
from asynctestkit.loops import lean
from asynctestkit.loops.lean import LeanSelectorEventLoop
from tests.case_runs import hard_cap


@unittest.skipUnless(hasattr(os, "fork"), "Windows has another standard loop")
class LeanSelectorEventLoopTests(unittest.TestCase):
    def setUp(self):
        self.loop = self.make_loop()

    def make_loop(self):
        loop = LeanSelectorEventLoop()
        self.addCleanup(loop.close)
        return loop

    def is_watched(self):
        """Whether the loop's selector watches the self-pipe."""
        return self.loop._ssock.fileno() in self.loop._selector.get_map()

    def wake_from_thread(self, *, threads=1):
        """Has the loop wait without end, and threads wake it; returns what they returned."""
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

    def test_its_ends(self):
        """Neither blocks, nor is inherited by children, also where there is no `pipe2`, as on macOS."""
        without = types.SimpleNamespace(pipe=os.pipe, set_blocking=os.set_blocking)
        for system in (os, without):
            with self.subTest(has_pipe2=hasattr(system, "pipe2")), mock.patch.object(lean, "os", system):
                reading, writing = lean._pipe_that_never_blocks()
                for end in (reading, writing):
                    self.addCleanup(os.close, end)
                    self.assertEqual((os.get_blocking(end), os.get_inheritable(end)), (False, False))
                with self.assertRaises(BlockingIOError):
                    os.read(reading, 1)

    def test_it_is_not_watched_without_need(self):
        """Tasks, timers and descriptors do not need the self-pipe."""
        here, there = socket.socketpair()
        with here, there:
            self.loop.add_reader(here, self.loop.stop)
            there.send(b"x")
            self.loop.run_forever()
            self.loop.remove_reader(here)
        self.loop.call_later(0.001, self.loop.stop)
        self.loop.run_forever()
        self.assertEqual(loop_internals.watched_descriptors(self.loop), [])
        self.assertFalse(self.is_watched())

    def test_no_descriptor_appears_or_remains(self):
        """A loop has all its descriptors from its creation to its closing."""

        def descriptors():
            return sorted(os.listdir("/proc/self/fd"))

        at_first = descriptors()
        loop = LeanSelectorEventLoop()
        made = descriptors()
        loop.call_soon_threadsafe(loop.stop)
        loop.run_forever()
        loop.add_signal_handler(signal.SIGUSR1, int)
        self.assertEqual(descriptors(), made)
        loop.close()
        loop.close()
        self.assertEqual(descriptors(), at_first)

    def test_an_end_is_closed_once(self):
        """An interrupted closing can be repeated; a reused descriptor number is left alone."""
        end = self.loop._csock
        end.close()
        taken = os.open(os.devnull, os.O_RDONLY)
        self.addCleanup(os.close, taken)
        self.assertEqual(taken, end.fileno())
        end.close()
        self.assertTrue(os.fstat(taken))

    def test_a_thread_wakes_it(self):
        """A thread wakes a loop that waits; once watched, the self-pipe serves every thread."""
        for _ in range(3):
            self.assertEqual(self.wake_from_thread(), [0])
        self.assertTrue(self.is_watched())
        self.assertEqual(loop_internals.watched_descriptors(self.loop), [], "it is the loop's own")

    def test_many_threads_at_once(self):
        """Of threads that wake the loop first at the same time, one has the pipe watched, and all succeed."""
        for _ in range(20):
            with self.subTest():
                self.assertEqual(self.wake_from_thread(threads=8), list(range(8)))
            self.loop.close()
            self.loop = self.make_loop()

    def test_a_signal_wakes_it(self):
        """A signal handler of the loop is called although the loop waits."""
        self.loop.add_signal_handler(signal.SIGUSR1, self.loop.stop)
        self.loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
        with hard_cap():
            self.loop.run_forever()
        self.assertTrue(self.loop.remove_signal_handler(signal.SIGUSR1))

    def test_a_signal_handler_that_interrupts_the_watching(self):
        """A signal handler that interrupts the watching, as for Ctrl-C, leaves it to the interrupted code."""
        watch = self.loop._add_reader
        heard = []

        def interrupted(*given):
            self.loop.call_soon_threadsafe(heard.append, "handler")
            return watch(*given)

        with mock.patch.object(self.loop, "_add_reader", interrupted):
            self.loop.call_soon_threadsafe(heard.append, "interrupted")
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        self.assertEqual(heard, ["interrupted", "handler"])

    def test_a_thread_that_is_late(self):
        """On a closed loop the self-pipe is not watched any more."""
        close = self.loop._close_self_pipe

        def close_and_wake():
            close()
            self.loop._write_to_self()

        with mock.patch.object(self.loop, "_close_self_pipe", close_and_wake):
            self.loop.close()
        self.assertFalse(self.loop._is_self_pipe_watched)

    def test_a_thread_that_has_stopped_for_ever(self):
        """The loop is closed even if a daemon thread has stopped in the watching at the process's exit."""
        loop = LeanSelectorEventLoop()
        loop._watching_self_pipe.acquire()
        loop.close()
        self.assertTrue(loop.is_closed())

    def test_a_selector_that_refuses(self):
        """If the self-pipe cannot be watched, the waking thread gets the error, and the next tries again."""
        with mock.patch.object(self.loop, "_add_reader", side_effect=OSError("no space left on device")):
            with self.assertRaisesRegex(OSError, "no space"):
                self.loop.call_soon_threadsafe(print)
        self.assertEqual(self.wake_from_thread(), [0])
