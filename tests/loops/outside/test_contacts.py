"""Which threads are related to a loop: those of its test, those that call in, those that work for it."""

import _thread
import asyncio
import concurrent.futures
import sys
import threading
import unittest
from unittest import mock

from asynctestkit.loops.loop import HygienicEventLoop
from asynctestkit.loops.outside.busy_threads import BusyThread
from asynctestkit.loops.outside.linux import thread_numbers


class ContactsTests(unittest.TestCase):
    def setUp(self):
        self.threads = []
        self.addCleanup(lambda: [thread.join(60) for thread in self.threads])  # the next test has its own
        self.over = threading.Event()
        self.addCleanup(self.over.set)
        self.before = set(self.busy(self.make_loop()))

    def make_loop(self):
        loop = HygienicEventLoop()
        loop.set_debug(False)
        self.addCleanup(loop.close)
        return loop

    def busy(self, loop):
        """The names of the threads that may wake the loop."""
        return [each.name for each in loop.contacts.busy() if each.name not in getattr(self, "before", ())]

    def start(self, target=None, name="ticker"):
        thread = threading.Thread(target=target or self.over.wait, args=(30,), name=name, daemon=True)
        thread.start()
        self.threads.append(thread)
        return thread

    def test_an_older_thread(self):
        """An older thread that is unrelated to the loop cannot wake it."""
        self.start()
        loop = self.make_loop()
        self.assertEqual(self.busy(loop), [])
        loop.contacts.enter(())
        self.assertEqual(self.busy(loop), [])

    def test_an_older_thread_that_only_the_system_knows(self):
        """A library's own thread counts if it is newer than the test, or if its age is unknown."""
        loop = self.make_loop()
        before = {each.number for each in loop.contacts.busy()} - {0}  # threads of other tests may be ending
        released, begun = _thread.allocate_lock(), threading.Event()
        released.acquire()
        self.addCleanup(lambda: released.locked() and released.release())

        def new():
            return [each for each in loop.contacts.busy() if each.number not in before]

        def wait():
            begun.set()
            released.acquire(timeout=30)

        _thread.start_new_thread(wait, ())
        begun.wait(30)
        self.assertEqual([each.thread for each in new()], [None])
        with mock.patch("asynctestkit.loops.outside.contacts.has_started_before", return_value=True):
            self.assertEqual(loop.contacts.busy(), [])
        released.release()
        while new():
            pass

    @unittest.skipUnless(sys.platform == "linux", "other systems do not tell")
    def test_a_thread_that_has_just_ended(self):
        """A thread that ends while it is looked at cannot wake the loop."""
        loop = self.make_loop()
        ended = BusyThread(None, max(thread_numbers()) + 1)
        with mock.patch("asynctestkit.loops.outside.contacts.busy_threads", return_value=[ended]):
            self.assertEqual(loop.contacts.busy(), [])

    def test_where_threads_have_no_numbers(self):
        """On systems that do not list the threads, a thread counts as alive; so does one without a number."""
        loop = self.make_loop()
        for alive, number in ((None, 5), (set(), 0)):
            thread = BusyThread(None, number)
            with (
                self.subTest(number),
                mock.patch("asynctestkit.loops.outside.contacts.busy_threads", return_value=[thread]),
                mock.patch("asynctestkit.loops.outside.contacts.thread_numbers", return_value=alive),
            ):
                self.assertEqual(loop.contacts.busy(), [thread])

    def test_a_thread_of_the_test(self):
        """A thread started since the mark can wake the loop, but not that of the next test."""
        loop = self.make_loop()
        loop.contacts.enter(())
        self.start()
        self.assertEqual(self.busy(loop), ["ticker"])
        loop.contacts.leave(())
        loop.contacts.enter(())
        self.assertEqual(self.busy(loop), [])

    def test_a_block_in_a_test(self):
        """A thread that the test has started before a block may wake the block."""
        loop = self.make_loop()
        loop.contacts.enter(())
        self.start()
        loop.contacts.enter(())
        self.assertEqual(self.busy(loop), ["ticker"])
        loop.contacts.leave(())
        self.assertEqual(self.busy(loop), ["ticker"])

    def test_an_older_thread_that_has_called_in(self):
        """An older thread that has called into the loop may do so again."""
        call, called = threading.Event(), threading.Event()

        def work(_):
            call.wait()
            loop.call_soon_threadsafe(int)
            called.set()
            self.over.wait(30)

        self.start(work)
        loop = self.make_loop()
        self.assertEqual(self.busy(loop), [])
        call.set()
        called.wait()
        self.assertEqual(self.busy(loop), ["ticker"])

    def test_an_older_pool_with_a_job_of_this_loop(self):
        """While a job is in flight whose end the loop is notified of, any thread may notify it."""
        with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
            pool.submit(int).result()
            for give in (
                lambda loop: loop.run_in_executor(pool, self.over.wait, 30),
                lambda loop: asyncio.wrap_future(pool.submit(self.over.wait, 30), loop=loop),
            ):
                loop = self.make_loop()
                given = give(loop)
                self.assertIn("pool_0", self.busy(loop))
                self.assertEqual(self.busy(self.make_loop()), [])
                self.over.set()
                loop.run_until_complete(given)
                self.over.clear()

    def test_an_older_job_that_the_loop_hears_of(self):
        """An older job counts once a future of the loop waits for it."""
        with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
            job = pool.submit(self.over.wait, 30)
            loop = self.make_loop()
            self.assertEqual(self.busy(loop), [])
            waits = asyncio.wrap_future(job, loop=loop)
            self.assertIn("pool_0", self.busy(loop))
            self.over.set()
            loop.run_until_complete(waits)

    def test_an_executor_of_another_make(self):
        """A job of an executor of an unknown class counts until it is done."""

        class Own(concurrent.futures.Executor):
            def submit(own, function, /, *args):
                self.future = concurrent.futures.Future()
                return self.future

        self.start()
        loop = self.make_loop()
        given = loop.run_in_executor(Own(), int)
        self.assertIn("ticker", self.busy(loop))  # and whatever other tests have left
        self.future.set_result(1)
        loop.run_until_complete(given)
        self.assertEqual(self.busy(loop), [])

    def test_threads_that_an_allowance_names(self):
        """Threads that an allowance names are ignored from the beginning of the test to its end."""
        loop = self.make_loop()
        loop.contacts.enter(("tick*",))
        self.start()
        self.start(name="other")
        self.assertEqual(self.busy(loop), ["other"])
        loop.contacts.enter(("other",))
        self.assertEqual(self.busy(loop), [])
        loop.contacts.leave(("other",))
        self.assertEqual(self.busy(loop), ["other"])
        loop.contacts.leave(("tick*",))
        self.assertEqual(loop.contacts.spared, [])
