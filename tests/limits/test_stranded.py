"""The proof that a test can never wake although timers go on: only where nothing could still wake it."""

import asyncio
import contextlib
import contextvars
import functools
import gc
import threading
import unittest
import weakref
from unittest import mock

from asynctestkit import HygienicAsyncTestCase, explore
from asynctestkit.loops.virtual import virtual_selector
from tests.case_runs import run

FIRST = 10
LATE = 60
"""The beat at which what a test waits for happens after all: long after the first inspections."""

_kept = threading.local()
_variable = contextvars.ContextVar("_variable")


class Base(HygienicAsyncTestCase):
    clock = "virtual"
    deadline = 30
    allowed_leaks = ()

    async def beats(self, act=None):
        """Goes on for ever, and calls `act` once, late."""
        for number in range(10**9):
            if number == LATE and act is not None:
                act()
            await asyncio.sleep(1)

    def start(self, act=None):
        self.startBackground(self.beats(act), name="beats")


async def wait_for(event):
    await event.wait()


class StrandedTestCase(unittest.TestCase):
    def setUp(self):
        limits = mock.patch.multiple(
            virtual_selector, _JUMPS_BEFORE_INSPECTION=FIRST, _MOST_BACKGROUND_JUMPS=10**9
        )
        limits.start()
        self.addCleanup(limits.stop)

    def run_body(self, test, **attributes):
        return run(type("Case", (Base,), {"test": test, **attributes}))

    def assertNotProved(self, test, **attributes):
        ran = self.run_body(test, **attributes)
        self.assertEqual(ran.kinds, ["ok"], ran.text())


class StrandedTests(StrandedTestCase):
    clock = "virtual"

    def assertProved(self, test, **attributes):
        ran = self.run_body(test, **attributes)
        self.assertEqual(ran.kinds, ["FAIL"], ran.text())
        self.assertIn(
            "RunawayError: tests.limits.test_stranded.Case.test: its body can never wake: nothing that still "
            "runs refers to what it waits for, and only timers go on, ",
            ran.text(),
        )
        return ran.text()

    def test_an_event_that_nobody_else_knows(self):
        """The report names the timer that goes on, where the body waits, and the remedy."""

        async def test(self):
            self.start()
            await asyncio.Event().wait()

        text = self.assertProved(test)
        self.assertIn(
            "after the test began; the next one belongs to task 'beats', Base.beats(), defined at ", text
        )
        self.assertIn("await asyncio.Event().wait()", text)
        self.assertIn("remedy: have another task set, notify or end what is waited for", text)

    def test_what_it_waits_through(self):
        """Tasks, groups of tasks, locks, queues, shields and generators between the body and the wait."""

        async def through_tasks(self):
            self.start()
            lock = asyncio.Lock()
            await lock.acquire()
            await asyncio.gather(wait_for_lock(lock), asyncio.shield(wait_for_lock(lock)))

        async def through_wait(self):
            self.start()
            await asyncio.wait([asyncio.create_task(asyncio.Queue().get())])

        async def through_a_generator(self):
            async def generate():
                yield await asyncio.get_running_loop().create_future()

            self.start()
            async for _ in generate():
                pass

        async def wait_for_lock(lock):
            async with lock:
                pass

        for test in (through_tasks, through_wait, through_a_generator):
            with self.subTest(test.__name__):
                self.assertProved(test)

    def test_background_tasks_alone(self):
        """That nothing but these has run for long is a fault only where it is proved as well."""

        async def waits_for_nothing(self):
            self.start()
            await asyncio.Event().wait()

        async def is_woken_late(self):
            self.start((event := asyncio.Event()).set)
            await event.wait()

        soon = {"_MOST_BACKGROUND_JUMPS": 20, "_ROUND": 5, "_JUMPS_BEFORE_INSPECTION": 10**9}
        with mock.patch.multiple(virtual_selector, **soon):
            self.assertIn(
                "RunawayError: tests.limits.test_stranded.Case.test: its body is waiting, and nothing but "
                "background tasks has run for a long time, ",
                self.run_body(waits_for_nothing).text(),
            )
            self.assertNotProved(is_woken_late)

    def test_in_every_phase_and_mode(self):
        """In the set-up, in debug mode, and in an explored schedule."""

        async def forget(self):
            self.start()
            await asyncio.Event().wait()

        async def test(self):
            pass

        for name, ran in (
            ("set-up", self.run_body(test, asyncSetUp=forget)),
            ("debug mode", self.run_body(forget, asyncio_debug=True)),
            ("exploration", self.run_body(explore(forget))),
        ):
            with self.subTest(name):
                self.assertIn("nothing that still runs refers to what it waits for", ran.text())


class WokenLateTests(StrandedTestCase):
    """Each body is woken after all, and so succeeds."""

    clock = "virtual"

    def test_a_timer_or_task_refers_to_it(self):
        """A callback, a task, and what they refer to."""

        async def by_callback(self):
            event = asyncio.Event()
            self.start()
            asyncio.get_running_loop().call_later(LATE, event.set)
            await event.wait()

        async def by_task(self):
            event = asyncio.Event()
            self.start(event.set)
            await event.wait()

        async def by_closure(self):
            event = asyncio.Event()
            self.start(functools.partial(next, iter(event.set, False)))
            await asyncio.gather(wait_for(event), asyncio.sleep(1))

        async def by_generator(self):
            def generate(event):
                yield
                yield event.set()

            event = asyncio.Event()
            next(generator := generate(event))
            self.start(lambda: next(generator))
            await wait_for(event)

        for test in (by_callback, by_task, by_closure, by_generator):
            with self.subTest(test.__name__):
                self.assertNotProved(test)

    def test_the_test_case_or_a_module_refers_to_it(self):
        """What was there before the test, which the collector does not show."""

        async def by_attribute(self):
            self.event = asyncio.Event()
            self.start(lambda: self.event.set())
            await self.event.wait()

        async def by_global(self):
            global _event
            _event = asyncio.Event()
            self.start(lambda: _event.set())
            await _event.wait()

        async def by_thread_local(self):
            _kept.event = asyncio.Event()
            self.start(lambda: _kept.event.set())
            await _kept.event.wait()

        async def by_context(self):
            _variable.set(asyncio.Event())
            self.start(lambda: _variable.get().set())
            await _variable.get().wait()

        for test in (by_attribute, by_global, by_thread_local, by_context):
            with self.subTest(test.__name__):
                self.assertNotProved(test)

    def test_a_weak_reference(self):
        """It may be used as long as the object is alive."""

        async def by_weak_reference(self):
            event = asyncio.Event()
            reference = weakref.ref(event)
            self.start(lambda: reference().set())
            await event.wait()

        async def by_weak_set_of_futures(self):
            waiting = weakref.WeakSet([future := asyncio.get_running_loop().create_future()])
            self.start(lambda: [each.set_result(None) for each in waiting])
            await future

        for test in (by_weak_reference, by_weak_set_of_futures):
            with self.subTest(test.__name__):
                self.assertNotProved(test)

    def test_code_without_a_source_file(self):
        """What it uses is seen all the same."""

        source = """
async def reap():
    for number in range(10**9):
        await asyncio.sleep(1)
        for task in asyncio.all_tasks() if number == LATE else ():
            task.get_name() == "reaper" or task.cancel()
"""

        async def test(self):
            names = {"asyncio": asyncio, "LATE": LATE}
            exec(source, names)
            self.startBackground(names["reap"](), name="reaper")
            with self.assertRaises(asyncio.CancelledError):
                await asyncio.Event().wait()

        self.assertNotProved(test)

    def test_what_runs_when_garbage_is_collected(self):
        """Garbage is collected first: its finalizers and `finally` clauses may do something."""

        class Sets:
            def __init__(self, event):
                self.event, self.itself = event, self

            def __del__(self):
                self.event.set()

        async def by_finalizer(self):
            event = asyncio.Event()
            Sets(event)
            self.start()
            await event.wait()

        async def by_watching(self):
            event = asyncio.Event()
            thing = type("Thing", (), {})()
            thing.itself = thing
            weakref.finalize(thing, event.set)
            del thing
            self.start(gc.collect)
            await event.wait()

        async def by_finally(self):
            event = asyncio.Event()

            def generate():
                try:
                    yield
                finally:
                    event.set()

            generator = generate()
            next(generator)
            cycle = [generator]
            cycle.append(cycle)
            del generator, cycle
            self.start()
            await event.wait()

        with disabled_collector():
            for test in (by_finalizer, by_watching, by_finally):
                with self.subTest(test.__name__):
                    self.assertNotProved(test)


@contextlib.contextmanager
def disabled_collector():
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
