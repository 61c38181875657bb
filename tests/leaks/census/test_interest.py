"""Which objects concern a sweep, and which are finished."""

import asyncio
import functools
import gc
import unittest
import weakref

from asynctestkit.leaks.census.census import Census
from asynctestkit.leaks.census.interest import Interest, interest_in, is_over, may_want_what_is_over
from tests.leaks.metaclasses import Raising, Unhashable


async def ends():
    pass


async def fails():
    raise ValueError("on purpose")


async def generates():
    yield 1


def generates_plainly():
    yield 1


class Finalized:
    def __del__(self):
        pass


class TypesTests(unittest.TestCase):
    def test_what_matters(self):
        """Wanted classes and their subclasses concern it, and classes that run code when collected."""
        interest = Interest((dict,))

        class Own(dict):
            pass

        plain, wanted = [[], object(), Interest, self], [{}, Own()]
        loop_less = ends()
        self.addCleanup(loop_less.close)
        watched = Finalized()
        finalized = [
            watched, loop_less, generates_plainly(), weakref.ref(watched),
            weakref.finalize(watched, len, ())._registry.popitem()[1],
        ]  # fmt: skip
        self.assertEqual(interest.any([*plain, *wanted, *finalized]), [*wanted, *finalized])
        self.assertEqual(interest.wanted([*plain, *wanted, *finalized]), wanted)
        self.assertEqual([interest.is_wanted(each) for each in (Own, Finalized, list)], [True, False, False])

    def test_classes_that_cannot_be_hashed(self):
        """Classes whose metaclass forbids to hash or to compare them are judged like any other."""

        class Colliding(Raising):
            def __hash__(cls):
                return hash(dict)

        for meta in (Unhashable, Raising, Colliding):
            wanted = meta("Wanted", (), {})
            interest = interest_in((dict, wanted))
            plain, finalized = meta("Made", (), {})(), meta("Made", (), {"__del__": Finalized.__del__})()
            own = [{}, wanted(), meta("Own", (dict,), {})()]
            self.assertEqual(interest.any([[], plain, *own, finalized]), [*own, finalized])
            self.assertEqual(interest.wanted([[], plain, *own, finalized]), own)
            self.assertEqual(
                [*map(interest.is_wanted, map(type, (plain, *own, [])))],
                [False, True, True, True, False],
            )

    def test_classes_that_are_equal(self):
        """Classes whose metaclass compares them by name are judged each by itself."""

        class Named(type):
            def __eq__(cls, other):
                return cls.__name__ == other.__name__

            def __hash__(cls):
                return hash(cls.__name__)

        plain, wanted = Named("Made", (), {})(), Named("Made", (dict,), {})()
        interest = interest_in((dict,))
        self.assertEqual(interest.any([plain, wanted]), [wanted])
        self.assertEqual(interest.wanted([plain, wanted]), [wanted])

    def test_no_class_of_a_test_is_kept(self):
        """Results are kept only for classes of Python and of this package; others are forgotten at once."""
        interest = interest_in((asyncio.Future,))
        self.assertIs(interest_in((asyncio.Future,)), interest)
        made = type("Made", (asyncio.Future,), {"__module__": __name__})
        self.assertTrue(interest.is_wanted(made))
        self.assertTrue(interest.is_wanted(asyncio.Future))
        self.assertFalse(interest.is_wanted(Census))
        self.assertEqual(interest.wanted([Finalized()]), [])
        self.assertEqual(interest.any([self]), [])
        reference = weakref.ref(made)
        self.assertNotIn(Finalized, interest)
        self.assertNotIn(type(self), interest)
        self.assertEqual([each in interest for each in (made, asyncio.Future, Census)], [False, True, True])
        del made
        gc.collect()
        self.assertIsNone(reference())

    def test_a_finalizer_of_later(self):
        """A class that runs no code when an instance is collected may do so later."""
        made = type("Made", (), {})
        obj = made()
        interest = Interest((dict,))
        self.assertEqual(interest.any([obj]), [])
        made.__del__ = Finalized.__del__
        self.assertEqual(interest.any([obj]), [obj])

    def test_types_that_are_decided_about(self):
        """Those of what ends, with what they derive from, and all weak references."""
        for types in ((int, asyncio.Task), (object,), (weakref.WeakMethod,)):
            self.assertTrue(may_want_what_is_over(types))
        self.assertFalse(may_want_what_is_over((int, Finalized)))
        self.assertFalse(may_want_what_is_over(()))


class TasksOfOthersTests(unittest.TestCase):
    def test_tasks_of_other_loops(self):
        """Tasks of other loops do not concern it, nor do those that were never initialised."""
        own, other = asyncio.new_event_loop(), asyncio.new_event_loop()
        self.addCleanup(own.close)
        self.addCleanup(other.close)
        task = other.create_task(ends())
        self.addCleanup(other.run_until_complete, task)
        self.assertEqual((is_over(task, own), is_over(task, other)), (True, False))
        self.assertTrue(is_over(asyncio.Task.__new__(asyncio.Task), own))


class EndedTests(unittest.IsolatedAsyncioTestCase):
    def is_over(self, obj):
        return is_over(obj, asyncio.get_running_loop())

    async def test_tasks_and_futures(self):
        """A task or future is finished when it is done and its exception was retrieved."""
        loop = asyncio.get_running_loop()
        pending, failed, future = loop.create_task(ends()), loop.create_task(fails()), loop.create_future()
        self.assertEqual([*map(self.is_over, (pending, failed, future))], [False, False, True])
        await asyncio.wait([pending, failed])
        self.assertEqual([*map(self.is_over, (pending, failed))], [True, False])
        failed.exception()
        self.assertTrue(self.is_over(failed))
        future.set_exception(ValueError("on purpose"))
        self.assertFalse(self.is_over(future))
        future.exception()

    async def test_coroutines_and_generators(self):
        """A coroutine or generator without a frame is finished; those of asyncio and unittest always are."""
        coroutine, generator, plain = ends(), generates(), generates_plainly()
        await anext(generator)
        next(plain)
        self.assertEqual([*map(self.is_over, (coroutine, generator, plain))], [False, False, False])
        coroutine.close()
        await generator.aclose()
        plain.close()
        self.assertEqual([*map(self.is_over, (coroutine, generator, plain))], [True, True, True])
        block = self.subTest()
        with block:
            self.assertTrue(self.is_over(block.gen))

    async def test_weak_references(self):
        """A weak reference is over unless it calls, or may call, code that is not the standard library's."""
        watched = Finalized()
        harmless = weakref.ref(watched), weakref.WeakSet([watched]), weakref.WeakValueDictionary(a=watched)
        self.assertEqual([self.is_over(each) for each in weakref.getweakrefs(watched)], [True] * 3)
        for callback in (lambda _: None, functools.partial(print)):
            self.assertFalse(self.is_over(weakref.ref(watched, callback)))
            self.assertFalse(self.is_over(weakref.WeakMethod(watched.__del__, callback)))
            self.assertFalse(self.is_over(weakref.proxy(watched, callback)))
        self.assertTrue(self.is_over(weakref.proxy(watched)))
        del harmless

    async def test_classes_of_users(self):
        """A class may have a finalizer, or a metaclass that takes it for any other; neither is asked."""

        class Finalizing(weakref.ref):
            def __del__(self):
                pass

        class Hiding(weakref.ref):
            @property
            def __callback__(self):
                raise LookupError

        class Equal(type):
            def __eq__(cls, other):
                return True

        watched = Finalized()
        self.assertFalse(self.is_over(Finalizing(watched)))
        self.assertTrue(self.is_over(Hiding(watched)))
        self.assertFalse(self.is_over(Hiding(watched, print)))
        self.assertFalse(self.is_over(Equal("Made", (), {})()))

    async def test_subclasses_and_others(self):
        """Of subclasses and other classes nothing is known; the loop itself is closed anyway."""

        class Own(asyncio.Future):
            pass

        self.assertFalse(self.is_over(Own()))
        self.assertFalse(self.is_over(Finalized()))
        self.assertTrue(self.is_over(asyncio.get_running_loop()))


if __name__ == "__main__":
    unittest.main()
