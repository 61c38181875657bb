"""One canary for each private name of loops, handles and callbacks, as in canaries.py."""

import asyncio
import concurrent.futures
import gc
import os
import selectors
import signal
import socket
import sys
import unittest
import warnings
import weakref
from unittest import mock

from asynctestkit.cpython import loop_internals
from asynctestkit.cpython.task_internals import weak_set_of
from asynctestkit.cpython.versions import ON_WINDOWS
from tests.cpython.canaries import Canary


class LoopCanaries(Canary):
    def test_running_loop_and_run_callback(self):
        """A callback sees the running loop, and runs in the known frame; outside there is no loop."""
        seen = []
        self.loop.call_soon(lambda: seen.extend((loop_internals.running_loop(), sys._getframe(1).f_code)))
        self.run_in_loop(asyncio.sleep(0))
        self.assertEqual(seen, [self.loop, loop_internals.RUN_CALLBACK])
        self.assertIsNone(loop_internals.running_loop())

    def test_is_transparent(self):
        """A selector loop can be inspected; an unknown loop cannot."""
        self.assertTrue(loop_internals.is_transparent(self.loop))
        self.assertFalse(loop_internals.is_transparent(asyncio.AbstractEventLoop()))

    def test_ready_count_and_next_timer(self):
        """Ready callbacks are counted, and the earliest timer that is not cancelled is found."""
        self.assertEqual(loop_internals.ready_count(self.loop), 0)
        self.assertIsNone(loop_internals.next_timer(self.loop))
        self.loop.call_soon(print)
        self.loop.call_at(300.0, print)
        self.loop.call_at(200.0, print)
        self.loop.call_at(100.0, print).cancel()
        self.assertEqual(loop_internals.ready_count(self.loop), 1)
        self.assertEqual(loop_internals.next_timer(self.loop), 200.0)

    def test_runs_at_most(self):
        """Ready callbacks are compared with a number, on a loop that can be inspected."""
        self.assertTrue(loop_internals.runs_at_most(self.loop, 0))
        self.loop.call_soon(print)
        self.assertFalse(loop_internals.runs_at_most(self.loop, 0))
        self.assertTrue(loop_internals.runs_at_most(self.loop, 1))
        self.assertFalse(loop_internals.runs_at_most(asyncio.AbstractEventLoop(), 1))

    def test_watched_descriptors(self):
        """Descriptors that the user has registered are listed, the loop's own is not."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        self.assertEqual(loop_internals.watched_descriptors(self.loop), [])
        self.loop.add_reader(reader, print)
        self.assertEqual(loop_internals.watched_descriptors(self.loop), [reader])

    def test__registered_with(self):
        """They are copied in one step, whatever other threads add; of other selectors by `get_map()`."""
        selector = self.loop._selector
        mapping = type(selector.get_map())
        length, ends = mapping.__len__, socket.socketpair()

        def add(asked):  # as another thread may, in whatever is written in Python
            for each in ends:
                if each.fileno() not in asked:
                    selector.register(each, selectors.EVENT_READ, (None, None))
            return length(asked)

        for each in ends:
            self.addCleanup(each.close)
        with mock.patch.object(mapping, "__len__", add):
            self.assertEqual(loop_internals.watched_descriptors(self.loop), [])
            self.assertEqual(loop_internals.watches(self.loop)[1:], [])
        other = mock.Mock(spec=["get_map"], get_map=lambda: {7: None})
        self.assertEqual(loop_internals._registered_with(other), (7,))

    def test_has_work(self):
        """Anything that has to be closed or is watched is work; a timer and the self-pipe are not."""
        loop = self.loop
        loop.call_later(3600, print)
        loop.call_soon_threadsafe(loop.stop)
        loop.run_forever()
        self.assertFalse(loop_internals.has_work(loop))

        async def generate():
            yield

        async def begin(generator):
            await anext(generator)

        generator = generate()
        loop.run_until_complete(begin(generator))
        self.assertTrue(loop_internals.has_work(loop))
        loop.run_until_complete(generator.aclose())
        del generator
        self.assertFalse(loop_internals.has_work(loop))
        near, far = socket.socketpair()
        self.addCleanup(near.close)
        self.addCleanup(far.close)
        loop.add_reader(near, print)
        self.assertTrue(loop_internals.has_work(loop))
        loop.remove_reader(near)
        self.assertFalse(loop_internals.has_work(loop))
        transport, _ = loop.run_until_complete(loop.create_connection(asyncio.Protocol, sock=near))
        self.assertTrue(loop_internals.has_work(loop))
        transport.abort()
        loop.run_until_complete(asyncio.sleep(0))
        transport = _ = None
        gc.collect()
        self.assertFalse(loop_internals.has_work(loop))
        loop.run_until_complete(loop.run_in_executor(None, len, ""))
        self.assertTrue(loop_internals.has_work(loop))
        loop.run_until_complete(loop.shutdown_default_executor())

    @unittest.skipIf(ON_WINDOWS, "loops there take no signal handlers")
    def test_has_signal_handlers(self):
        """A handler is detected from `add_signal_handler` to `remove_signal_handler`."""
        self.assertFalse(loop_internals.has_signal_handlers(self.loop))
        self.loop.add_signal_handler(signal.SIGUSR1, print)
        self.assertTrue(loop_internals.has_signal_handlers(self.loop))
        self.loop.remove_signal_handler(signal.SIGUSR1)
        self.assertFalse(loop_internals.has_signal_handlers(self.loop))

    def test_generator_closed_by(self):
        """The generator that a task closes is found; a task that iterates one, or any other, has none."""

        async def count():
            yield

        async def main():
            generator = count()
            for factory in loop_internals.TASK_TYPES:
                goes_on, ends, sleeps = (
                    factory(each) for each in (generator.__anext__(), generator.aclose(), asyncio.sleep(0))
                )
                for _ in range(2):  # pending, and done
                    self.assertIs(loop_internals.generator_closed_by(ends), generator)
                    self.assertIsNone(loop_internals.generator_closed_by(goes_on))
                    self.assertIsNone(loop_internals.generator_closed_by(sleeps))
                    await asyncio.wait([goes_on, ends, sleeps])
                goes_on.exception()
            self.assertIsNone(loop_internals.generator_closed_by(asyncio.get_running_loop().create_future()))
            self.assertIsNone(loop_internals.generator_closed_by(generator))

        self.loop.run_until_complete(main())

    def test_started_generators_and_is_generator_registry(self):
        """A generator is listed, weakly, once it was iterated on the loop."""

        async def count():
            yield 1

        generator = count()
        self.assertEqual(loop_internals.started_generators(self.loop), [])
        self.loop.call_soon(lambda: generator.__anext__().close())
        self.run_in_loop(asyncio.sleep(0))
        self.assertEqual(loop_internals.started_generators(self.loop), [generator])
        (listed,) = map(weak_set_of, weakref.getweakrefs(generator))
        self.assertTrue(loop_internals.is_generator_registry(listed, self.loop))
        for other in (None, weakref.WeakSet()):
            self.assertFalse(loop_internals.is_generator_registry(other, self.loop))
        self.assertFalse(loop_internals.is_generator_registry(None, asyncio.AbstractEventLoop()))
        self.run_in_loop(self.loop.shutdown_asyncgens())

    def test_default_executor(self):
        """The executor of `run_in_executor(None, …)` is found as soon as there is one."""
        self.assertIsNone(loop_internals.default_executor(self.loop))
        self.run_in_loop(self.loop.run_in_executor(None, int))
        executor = loop_internals.default_executor(self.loop)
        self.assertIsInstance(executor, concurrent.futures.ThreadPoolExecutor)
        self.run_in_loop(self.loop.shutdown_default_executor())

    def test_policy_is_standard(self):
        """The standard policy is recognized before and after its creation; a user's own is not standard."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # policies, from 3.14
            own = type("Own", (asyncio.DefaultEventLoopPolicy,), {"__module__": "own"})
            try:
                asyncio.set_event_loop_policy(None)
                self.assertTrue(loop_internals.policy_is_standard())
                asyncio.get_event_loop_policy()
                self.assertTrue(loop_internals.policy_is_standard())
                asyncio.set_event_loop_policy(own())
                self.assertFalse(loop_internals.policy_is_standard())
            finally:
                asyncio.set_event_loop_policy(None)


class HandleCanaries(Canary):
    def test_watches_and_callback_of(self):
        """Handles are listed with their direction, that of asyncio's self-pipe included."""
        here, there = socket.socketpair()
        self.addCleanup(here.close)
        self.addCleanup(there.close)
        own = loop_internals.watches(self.loop)
        self.assertEqual(
            [loop_internals.callback_of(each.handle).__module__ for each in own], ["asyncio.selector_events"]
        )
        self.loop.add_reader(here, print)
        self.loop.add_writer(here, repr)
        added = [each for each in loop_internals.watches(self.loop) if each not in own]
        self.assertEqual(
            [(each.fd, each.is_writer, loop_internals.callback_of(each.handle)) for each in added],
            [(here.fileno(), False, print), (here.fileno(), True, repr)],
        )
        self.loop.remove_reader(here)
        self.assertIsNone(loop_internals.callback_of(added[0].handle))
        self.loop.remove_writer(here)
        self.loop.close()
        self.assertEqual(loop_internals.watches(self.loop), [])
        self.assertEqual(loop_internals.watches(asyncio.AbstractEventLoop()), [])

    @unittest.skipIf(ON_WINDOWS, "no signals for loops")
    def test_signal_handles(self):
        """The handles of signals are listed by number; a loop without any has an empty list."""
        self.loop.add_signal_handler(signal.SIGUSR1, print)
        (handle,) = loop_internals.signal_handles(self.loop).values()
        self.assertIs(loop_internals.callback_of(handle), print)
        self.loop.remove_signal_handler(signal.SIGUSR1)
        self.assertEqual(loop_internals.signal_handles(self.loop), {})
        self.assertEqual(loop_internals.signal_handles(asyncio.AbstractEventLoop()), {})

    def test_loop_of_handle(self):
        """Every handle has its loop, even after it was cancelled."""
        timer = self.loop.call_later(3600, print)
        timer.cancel()
        for handle in (timer, self.loop.call_soon(print)):
            self.assertIs(loop_internals.loop_of_handle(handle), self.loop)
            handle.cancel()

    def test_timers_and_schedule(self):
        """Timers are listed until they are cancelled; one entered by `schedule` is called in time."""
        called = []
        timer = self.loop.call_later(3600, print)
        self.assertEqual(list(loop_internals.timers(self.loop)), [timer])
        timer.cancel()
        self.assertEqual(list(loop_internals.timers(self.loop)), [])
        by_hand = asyncio.TimerHandle(self.loop.time(), called.append, (1,), self.loop)
        loop_internals.schedule(self.loop, by_hand)
        self.run_in_loop(asyncio.sleep(0))
        self.run_in_loop(asyncio.sleep(0))
        self.assertEqual(called, [1])
        # Marked as scheduled, its cancellation is counted, as for those that remain in the queue.
        never = asyncio.TimerHandle(self.loop.time() + 3600, print, (), self.loop)
        loop_internals.schedule(self.loop, never)
        never.cancel()
        self.assertEqual(self.loop._timer_cancelled_count, 1)

    def test_hook_callbacks(self):
        """Callbacks of every kind run through the latest hook; overlapping hooks are undone together."""
        before, seen = asyncio.Handle._run, []

        def hook(name):
            return loop_internals.hook_callbacks(lambda handle, run: (seen.append(name), run(handle)))

        async def turn():
            await asyncio.sleep(0.0001)  # waits: for a timer to fire

        first = hook("first")
        second = hook("second")
        self.run_in_loop(turn())
        self.assertEqual(set(seen), {"second"})
        first()
        seen.clear()
        self.run_in_loop(turn())
        self.assertEqual(set(seen), {"second"})
        second()
        self.assertIs(asyncio.Handle._run, before)
