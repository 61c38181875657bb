"""The outermost mark freezes the heap, its end thaws it, and garbage is collected in between."""

import asyncio
import gc
import threading
import unittest
import weakref
from unittest import mock

from asynctestkit import HygienicAsyncTestCase
from asynctestkit.cpython import interpreter
from asynctestkit.leaks.census import heap as heap_module
from asynctestkit.leaks.census.heap import Heap, is_collecting


class Marked:
    """Stands in for a census: a heap needs its loop, and what existed before it."""

    def __init__(self, loop=None, known=None, thread=1):
        self.loop = loop
        self.known = known
        self.thread = thread

    def was_pending_at_mark(self, future):
        return future is self.known


class IsCollectingTests(unittest.TestCase):
    def test_it_is_known_whether_the_collector_ends_an_object(self):
        """During a finalizer it is known whether the collector has called it."""

        class Dying:
            def __del__(self):
                seen.append(is_collecting())

        seen = []
        Dying()
        cycle = Dying()
        cycle.itself = cycle
        del cycle
        gc.collect()
        self.assertEqual(seen, [False, True])
        self.assertFalse(is_collecting())

    def test_without_the_collector(self):
        """It makes no difference whether the collector runs by itself."""
        gc.disable()
        self.addCleanup(gc.enable)
        self.assertFalse(is_collecting())


class HeapTests(unittest.TestCase):
    def setUp(self):
        self.assertFalse(interpreter.heap_is_frozen(), "another mark is set already")
        self.heap = Heap()

    def test_the_outermost_mark_freezes_and_its_end_thaws(self):
        """Between the first mark and the last the collector sees no older object."""
        old = [[]]
        outer, inner = Marked(), Marked()
        self.heap.enter(outer)
        self.heap.enter(inner)
        self.assertFalse(any(obj is old for obj in gc.get_objects()))
        self.heap.leave(outer)
        self.assertTrue(self.heap.is_frozen())
        self.heap.leave(inner)
        self.assertFalse(self.heap.is_frozen())
        self.assertTrue(any(obj is old for obj in gc.get_objects()))

    def test_a_heap_with_several_marks_is_not_thawed(self):
        """With several marks the heap is not thawed: an object older than one may be newer than another."""
        outer, inner = Marked(), Marked()
        self.heap.enter(outer)
        self.heap.enter(inner)
        self.assertFalse(self.heap.thaw())
        self.heap.leave(inner)
        self.assertTrue(self.heap.thaw())
        self.assertFalse(self.heap.thaw())
        self.heap.leave(outer)

    def test_a_heap_frozen_by_other_code_stays_frozen(self):
        """A heap that the user has frozen is neither frozen again nor thawed."""
        self.addCleanup(gc.unfreeze)
        gc.freeze()
        mark = Marked()
        self.assertTrue(self.heap.is_frozen())
        self.heap.enter(mark)
        self.heap.leave(mark)
        self.assertTrue(interpreter.heap_is_frozen())

    def test_the_innermost_mark_of_a_loop(self):
        """An error is charged to the latest mark on its loop that is older than its future, or to none."""
        loop, other = asyncio.new_event_loop(), asyncio.new_event_loop()
        self.addCleanup(loop.close)
        self.addCleanup(other.close)
        first, second, third = Marked(loop), Marked(loop, known="old"), Marked(other)
        for mark in (first, second, third):
            self.heap.enter(mark)
            self.addCleanup(self.heap.leave, mark)
        self.assertIs(self.heap.innermost(loop, "new"), second)
        self.assertIs(self.heap.innermost(loop, "old"), first)
        self.assertIs(self.heap.innermost(other, "new"), third)
        self.assertIsNone(self.heap.innermost(None, "new"))

    def a_cycle_survives(self, tests):
        """Whether a cycle left by one test still exists after so many more."""

        class Cyclic:
            def __init__(self):
                self.myself = self

        def run_test():
            mark = Marked()
            self.heap.enter(mark)
            left_behind = Cyclic()
            left_behind.parts = [[] for _ in range(100)]
            self.heap.leave(mark)
            return weakref.ref(left_behind)

        with mock.patch.object(heap_module, "_LEAST_BOUND", 0), mock.patch.object(self.heap, "_bound", 0):
            cycle = run_test()
            for _ in range(tests):
                run_test()
        return cycle() is not None

    def test_garbage_of_earlier_tests_is_collected(self):
        """Garbage that was frozen out of the young generations is collected once enough has gathered."""
        self.assertFalse(self.a_cycle_survives(tests=3))

    def test_garbage_does_not_pile_up(self):
        """Of tests that leave cycles, only the latest are there: no more than a fraction of the heap."""

        class Cyclic:
            pass

        async def test(case):
            cycle = Cyclic()
            cycle.itself, cycle.parts = cycle, [[] for _ in range(2000)]
            made.add(cycle)

        made = weakref.WeakSet()
        case = type("Case", (HygienicAsyncTestCase,), {"test": test})
        unittest.TestSuite(case("test") for _ in range(500)).run(unittest.TestResult())
        self.assertLess(2000 * len(made), max(2 * 20_000, len(gc.get_objects()) // 2))

    def test_a_clean_suite_is_not_searched_for_garbage(self):
        """What any test has at its end, as its own frames, dies by itself, and brings no collection."""

        async def test(case):
            await asyncio.sleep(0)

        case = type("Case", (HygienicAsyncTestCase,), {"test": test, "asyncio_debug": False})
        suite = unittest.TestSuite(case("test") for _ in range(100))
        with mock.patch.object(heap_module.heap, "_added", 0):
            suite.run(unittest.TestResult())
            self.assertLess(heap_module.heap._added, 100 * 10)

    def test_what_the_next_test_destroys_is_not_searched_for_garbage(self):
        """As of an application that each test sets up anew: the heap has not grown, however much was made."""
        application = []

        def run_tests(count):
            for _ in range(count):
                mark = Marked()
                self.heap.enter(mark)
                application[:] = [[number] for number in range(heap_module._LEAST_BOUND)]
                self.heap.leave(mark)

        run_tests(3)  # the third finds the size of the heap
        with mock.patch.object(heap_module.gc, "collect") as collect:
            run_tests(10)
        collect.assert_not_called()

    def test_a_collector_that_is_off_stays_off(self):
        """If the user has disabled the collector, no collection runs."""
        self.addCleanup(gc.enable)
        gc.disable()
        self.assertTrue(self.a_cycle_survives(tests=3))


async def forgotten():
    pass


class ParallelTests(unittest.TestCase):
    """Guarded suites in several threads leave each other's objects alone."""

    def test_marks_of_several_threads(self):
        """With a mark in another thread the heap is shared; nested marks of one thread do not share it."""
        heap, first, nested, other = Heap(), Marked(), Marked(), Marked(thread=2)
        shared = []
        for mark in (first, nested, other):
            heap.enter(mark)
            shared.append((heap.is_shared(first), heap.is_shared(mark)))
        for mark in (other, nested, first):
            heap.leave(mark)
        self.assertEqual(shared, [(False, False), (False, False), (True, True)])

    def test_coroutines_of_other_threads(self):
        """A coroutine that is about to run in another thread is not charged to this one, and not closed."""
        entered, begun, made, over = (threading.Event() for _ in range(4))

        async def makes(case):
            entered.set()
            begun.wait(30)
            coroutine = forgotten()
            made.set()
            over.wait(30)
            await coroutine

        async def test(case):
            begun.set()
            made.wait(30)

        complaints = []
        thread = threading.Thread(target=lambda: complaints.append(_complaints(makes)))
        thread.start()
        entered.wait(30)
        complaints.append(_complaints(test))
        over.set()
        thread.join()
        self.assertEqual(complaints, [[], []])


def _complaints(body):
    """What is reported for a test, in whatever thread."""
    result = unittest.TestResult()
    type("Inner", (HygienicAsyncTestCase,), {"test": body})("test").run(result)
    return [text for _, text in (*result.failures, *result.errors)]
