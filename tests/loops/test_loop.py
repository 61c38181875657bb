"""The standard loop, with creation sites and the check of the thread, in debug mode and without."""

import asyncio
import contextvars
import signal
import socket
import sys
import threading
import unittest

from asynctestkit.cpython import task_internals
from asynctestkit.loops.loop import HygienicEventLoop, registration_site
from asynctestkit.stacks.places import Place, creation_site, resolve


def line():
    """The number of the caller's line."""
    return sys._getframe(1).f_lineno


async def nothing():
    pass


class LoopTestCase(unittest.TestCase):
    def setUp(self):
        self.loop = HygienicEventLoop()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)

    def run_all(self, *tasks):
        self.loop.run_until_complete(asyncio.wait(tasks))


class CreationSiteTests(LoopTestCase):
    def last_place(self, task):
        return resolve(creation_site(task))[-1]

    def test_every_way_to_create_a_task(self):
        """Every way of creating a task gives a site that ends on the user's line."""

        async def create():
            yield asyncio.create_task(nothing()), line()
            yield self.loop.create_task(nothing()), line()
            yield asyncio.ensure_future(nothing()), line()

        async def body():
            async for task, number in create():
                with self.subTest(line=number):
                    self.assertEqual(self.last_place(task), Place(__file__, number, "create"))
                    await task

        for debug in (False, True):
            with self.subTest(debug=debug):
                self.loop.set_debug(debug)
                self.loop.run_until_complete(body())

    def test_every_way_to_set_a_timer(self):
        """A timer's site ends on the line that set it, with the phase; in debug mode asyncio records it."""
        self.loop.phase = "setUp"
        first, number = self.loop.call_later(3600, print), line()
        second, other = self.loop.call_at(self.loop.time() + 3600, print), line()
        function = "test_every_way_to_set_a_timer"
        self.assertEqual(self.last_place(first), Place(__file__, number, function))
        self.assertEqual(self.last_place(second), Place(__file__, other, function))
        self.assertEqual(creation_site(first)[0], "setUp")
        self.loop.set_debug(True)
        self.assertIsNone(creation_site(self.loop.call_later(3600, print)))

    def test_a_timer_is_as_the_standard_loops(self):
        """A timer is called in time, with arguments and context; without a time, or when closed, refused."""
        variable, called = contextvars.ContextVar("variable", default=0), asyncio.Event()
        context = contextvars.copy_context()
        context.run(variable.set, 1)
        seen = []

        def call(*args):
            seen.append((args, variable.get()))
            called.set()

        self.loop.call_later(0.001, call, 1, 2, context=context)
        self.loop.run_until_complete(called.wait())
        self.assertEqual(seen, [((1, 2), 1)])
        with self.assertRaises((TypeError, AssertionError)):  # the latter on 3.10
            self.loop.call_at(None, print)
        closed = HygienicEventLoop()
        closed.close()
        with self.assertRaisesRegex(RuntimeError, "closed"):
            closed.call_at(0, print)

    def test_registrations(self):
        """The last line that registered a descriptor or a signal is kept by number, on this loop only."""
        here, there = socket.socketpair()
        self.addCleanup(here.close)
        self.addCleanup(there.close)
        lines = []
        for watched in (here, here.fileno()):
            lines = []
            self.loop.add_reader(watched, print), lines.append(line())
            self.loop.add_writer(watched, print), lines.append(line())
        self.loop.add_signal_handler(signal.SIGUSR1, print), lines.append(line())
        numbers = {"reader": here.fileno(), "writer": here.fileno(), "signal": signal.SIGUSR1}
        for (what, number), at in zip(numbers.items(), lines, strict=True):
            place = resolve(registration_site(self.loop, what, number))[-1]
            self.assertEqual(place, Place(__file__, at, "test_registrations"))
        self.assertIsNone(registration_site(self.loop, "reader", there.fileno()))
        self.assertIsNone(registration_site(asyncio.AbstractEventLoop(), "reader", 0))

    def test_the_phase_is_kept(self):
        """A task belongs to the phase that it was created in, however the loop goes on."""
        self.loop.phase = "setUp"
        first = self.loop.create_task(nothing())
        self.loop.phase = "cleanup"
        second = self.loop.create_task(nothing())
        self.run_all(first, second)
        self.assertEqual((creation_site(first)[0], creation_site(second)[0]), ("setUp", "cleanup"))

    def test_a_new_loop_is_in_the_phase_of_the_test(self):
        """Tasks belong to the body until another phase is set."""
        self.assertEqual(HygienicEventLoop.phase, "test")

    def test_a_task_factory_of_the_users(self):
        """A user's own factory is used, and its tasks have sites."""
        made = []

        class OwnTask(asyncio.Task):
            pass

        def factory(loop, coro, **options):
            made.append(OwnTask(coro, loop=loop, **options))
            return made[-1]

        self.loop.set_task_factory(factory)
        task, number = self.loop.create_task(nothing()), line()
        self.assertEqual(made, [task])
        self.assertEqual(self.last_place(task), Place(__file__, number, self._testMethodName))
        self.run_all(task)

    def test_a_task_with_slots(self):
        """A task that takes no attributes has no site, and works all the same."""

        class Slotted:
            __slots__ = ("task",)

            def __init__(self, task):
                self.task = task

            def set_name(self, name):  # 3.13 names what a factory returns
                self.task.set_name(name)

        self.loop.set_task_factory(lambda loop, coro, **_: Slotted(asyncio.Task(coro, loop=loop)))
        slotted = self.loop.create_task(nothing())
        self.assertIsInstance(slotted, Slotted)
        self.assertIsNone(creation_site(slotted))
        self.loop.set_task_factory(None)
        self.run_all(slotted.task)

    @unittest.skipUnless(hasattr(asyncio, "eager_task_factory"), "eager tasks are new in 3.12")
    def test_eager_tasks(self):
        """A task that is finished as soon as it is created has a site, too."""
        self.loop.set_task_factory(asyncio.eager_task_factory)

        async def create():
            return asyncio.create_task(nothing()), line()

        task, number = self.loop.run_until_complete(create())
        self.assertTrue(task.done())
        self.assertEqual(self.last_place(task), Place(__file__, number, "create"))

    def test_a_task_of_another_loop(self):
        """A task that a standard loop has created has no site."""
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        task = loop.create_task(nothing())
        loop.run_until_complete(task)
        self.assertIsNone(creation_site(task))

    def test_options_reach_the_task(self):
        """A name given to `create_task` is the task's."""
        task = self.loop.create_task(nothing(), name="worker")
        self.run_all(task)
        self.assertEqual(task.get_name(), "worker")

    def test_a_closed_loop_creates_no_task(self):
        """As on the standard loop, that is a RuntimeError."""
        coroutine = nothing()
        self.loop.close()
        with self.assertRaisesRegex(RuntimeError, "^Event loop is closed$"):
            self.loop.create_task(coroutine)
        coroutine.close()


class DebugModeTests(LoopTestCase):
    """Debug mode's records end on the same line as without this loop."""

    def setUp(self):
        super().setUp()
        self.loop.set_debug(True)

    def last_line(self, thing):
        entry = list(task_internals.source_traceback(thing))[-1]
        return (entry.filename, entry.lineno)

    def test_futures(self):
        """The innermost line of a future's record is the user's, and no line of this loop."""
        future, number = self.loop.create_future(), line()
        self.assertEqual(self.last_line(future), (__file__, number))

    def test_tasks(self):
        """The innermost line of a task's record is the user's."""
        task, number = self.loop.create_task(nothing()), line()
        self.assertEqual(self.last_line(task), (__file__, number))
        self.run_all(task)

    def test_callbacks(self):
        """The innermost line of a `call_soon` handle's record is the user's."""
        handle, number = self.loop.call_soon(print), line()
        self.assertEqual(self.last_line(handle), (__file__, number))
        handle.cancel()

    def test_timers(self):
        """The innermost line of a `call_at` or `call_later` handle's record is the user's."""
        handle, number = self.loop.call_at(1e9, print), line()
        self.assertEqual(self.last_line(handle), (__file__, number))
        handle, number = self.loop.call_later(1e9, print), line()
        self.assertEqual(self.last_line(handle), (__file__, number))


class CallbackTests(LoopTestCase):
    def test_callbacks_run_in_order(self):
        """`call_soon` keeps the order, passes the arguments, and its handle can cancel."""
        for debug in (False, True):
            with self.subTest(debug=debug):
                self.loop.set_debug(debug)
                seen = []
                self.loop.call_soon(seen.append, 1)
                self.loop.call_soon(seen.append, 2).cancel()
                self.loop.call_soon(seen.append, 3)
                self.loop.call_soon(self.loop.stop)
                self.loop.run_forever()
                self.assertEqual(seen, [1, 3])

    def test_timers_run_when_they_are_due(self):
        """`call_at` and `call_later` keep the order of time, pass the arguments, and can be cancelled."""
        for debug in (False, True):
            with self.subTest(debug=debug):
                self.loop.set_debug(debug)
                seen = []
                now = self.loop.time()
                self.loop.call_at(now - 1, seen.append, 2)
                self.loop.call_later(0, self.loop.stop)
                self.loop.call_at(now - 2, seen.append, 1)
                self.loop.call_at(now - 3, seen.append, 0).cancel()
                self.loop.run_forever()
                self.assertEqual(seen, [1, 2])

    def test_a_closed_loop_takes_no_callback(self):
        """As on the standard loop, that is a RuntimeError."""
        self.loop.close()
        with self.assertRaisesRegex(RuntimeError, "^Event loop is closed$"):
            self.loop.call_soon(print)
        with self.assertRaisesRegex(RuntimeError, "^Event loop is closed$"):
            self.loop.call_later(1, print)


class ThreadCheckTests(LoopTestCase):
    def from_another_thread(self, call, *args):
        """The result of the call in another thread while the loop runs here."""
        outcome = []

        def work():
            try:
                outcome.append(call(*args))
            except RuntimeError as error:
                outcome.append(str(error))

        async def body():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        self.loop.run_until_complete(body())
        return outcome[0]

    def test_a_wrong_thread_is_refused(self):
        """Scheduling from another thread while the loop runs is a RuntimeError, in debug mode and without."""
        for debug in (False, True):
            self.loop.set_debug(debug)
            for call, *args in (
                (self.loop.call_soon, print),
                (self.loop.call_later, 1, print),
                (self.loop.call_at, 1, print),
            ):
                with self.subTest(call.__name__, debug=debug):
                    self.assertRegex(self.from_another_thread(call, *args), "^Non-thread-safe operation")

    def test_the_thread_safe_way_is_open(self):
        """`call_soon_threadsafe` works from another thread."""
        handle = self.from_another_thread(self.loop.call_soon_threadsafe, print)
        self.assertIsInstance(handle, asyncio.Handle)
        handle.cancel()

    def test_a_loop_that_does_not_run_is_anybodys(self):
        """Before the loop runs, another thread may schedule on it."""
        seen = []
        thread = threading.Thread(target=self.loop.call_soon, args=(seen.append, 1))
        thread.start()
        thread.join()
        self.loop.run_until_complete(nothing())
        self.assertEqual(seen, [1])
