"""The owner of an object that a test has left: found by its holders, however distant."""

import asyncio
import ctypes
import functools
import gc
import logging
import sys
import threading
import types
import unittest
import warnings
import weakref
from unittest import mock

from asynctestkit.leaks.census.holder_classifier import HolderClassifier
from asynctestkit.leaks.owner import Owner
from asynctestkit.leaks.sweeping import ownership
from asynctestkit.leaks.sweeping.ownership import owners_of


class Thing:
    """An object whose owner is searched for."""


class Holder:
    def __init__(self, held):
        self.held = held


MODULE_LEVEL = []


@functools.lru_cache
def cached(held):
    return held


def with_default(held=MODULE_LEVEL):
    return held


class OwnershipTestCase(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)
        self.case = Case()
        self.thawed = 0

    def owner(self, thing, *, thaws=True):
        """The owner of the only object in that list, which is removed from it."""

        def thaw():
            self.thawed += 1
            return thaws

        things = [thing.pop()]
        gc.collect()
        (owner,) = owners_of(things, self.case, HolderClassifier(self.loop), thaw).values()
        return owner


class AfterwardsTests(unittest.TestCase):
    def test_nothing_is_kept(self):
        """A search leaves no cycle: what it has inspected is destroyed with its last reference.

        Suites that count their objects would see that.
        """
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)

        def search():
            thing = Kept()  # a variable, so that the frames are looked through
            owners_of([thing], Case(), HolderClassifier(loop), lambda: True)
            return weakref.ref(thing)

        gc.disable()
        self.addCleanup(gc.enable)
        self.assertIsNone(search()())


class Kept:
    """An object that supports weak references."""


class Case(unittest.TestCase):
    def runTest(self):
        """Does nothing."""


class OfTheTestTests(OwnershipTestCase):
    def test_an_attribute_of_the_test(self):
        """An attribute of the test's instance is the test's, without a search of the rest of the heap."""
        thing = [Thing()]
        self.case.thing = thing[0]
        self.assertEqual((self.owner(thing), self.thawed), (Owner.TEST, 0))

    def test_far_below_the_test(self):
        """An object deep in containers, objects, closures and partials of the test is the test's."""
        thing = [Thing()]
        held = {"x": [Holder((thing[0],))]}
        self.case.deep = functools.partial(lambda held=held: held)
        self.case.method = Holder(held).__init__
        self.assertEqual(self.owner(thing), Owner.TEST)

    def test_a_container_that_is_older(self):
        """What the test holds is known, though the collector does not see older containers."""
        self.case.older = []
        gc.freeze()
        self.addCleanup(gc.unfreeze)
        thing = [Thing()]
        self.case.older.append(thing[0])
        self.assertEqual((self.owner(thing), self.thawed), (Owner.TEST, 0))

    def test_a_variable_of_the_code_that_runs_the_block(self):
        """In a block, an object in a variable of the running code is the block's."""
        self.case = None
        kept = Thing()
        thing = [kept]
        self.assertEqual(self.owner(thing), Owner.TEST)

    def test_a_variable_that_a_closure_shares(self):
        """So is one in a variable that an inner function shares."""
        self.case = None
        kept = Thing()

        def inner():
            return kept

        thing = [kept]
        self.assertEqual(self.owner(thing), Owner.TEST)
        self.assertIsInstance(inner(), Thing)

    def test_a_class_of_the_test(self):
        """A class that the test has defined is no namespace of the process."""
        thing = [Thing()]
        self.case.cls = type("Local", (), {"thing": thing[0]})
        self.assertNotEqual(self.owner(thing), Owner.PROCESS)


class OfTheProcessTests(OwnershipTestCase):
    def kept_by(self, keep, forget=lambda: None):
        """The owner of an object that `keep` has stored; it is the same if the test holds it as well."""
        owners = []
        for is_tests_too in (False, True):
            thing = [Thing()]
            keep(thing[0])
            self.case.too = thing[0] if is_tests_too else None
            owners.append(self.owner(thing))
            self.case.too = None
            forget()
        self.assertEqual(owners[0], owners[1])
        return owners[0]

    def test_a_name_of_a_module(self):
        """An object that a module holds by a name, or in a container, is the process's."""
        forget = MODULE_LEVEL.clear
        self.assertEqual(self.kept_by(MODULE_LEVEL.append, forget), Owner.PROCESS)
        module = types.ModuleType("made")
        with mock.patch.dict(sys.modules, made=module):
            self.assertEqual(self.kept_by(lambda thing: setattr(module, "thing", thing)), Owner.PROCESS)

    def test_a_namespace_without_a_module(self):
        """So is one in the globals of code without a module."""
        namespace = {}
        exec("kept = []\ndef keep(thing): kept.append(thing)", namespace)
        namespace["__name__"] = "by_hand"
        self.assertEqual(self.kept_by(namespace["keep"], namespace["kept"].clear), Owner.PROCESS)

    def test_a_class(self):
        """So is one in a class, or in a nested class."""
        self.addCleanup(delattr, Holder, "kept")
        self.assertEqual(self.kept_by(lambda thing: setattr(Holder, "kept", thing)), Owner.PROCESS)

    def test_a_function(self):
        """So is one in a function's defaults, attributes or closure."""
        forget = MODULE_LEVEL.clear
        self.assertEqual(self.kept_by(with_default().append, forget), Owner.PROCESS)
        self.addCleanup(vars(with_default).clear)
        self.assertEqual(self.kept_by(lambda thing: setattr(with_default, "kept", thing)), Owner.PROCESS)

    def test_a_cache(self):
        """So is what a cached function has returned."""
        self.assertEqual(self.kept_by(cached, cached.cache_clear), Owner.PROCESS)

    def test_an_object_that_a_module_has(self):
        """So is one far below an object that a module holds."""
        holder = Holder([])
        MODULE_LEVEL.append({"x": (holder,)})
        self.addCleanup(MODULE_LEVEL.clear)
        self.assertEqual(self.kept_by(holder.held.append, holder.held.clear), Owner.PROCESS)

    def test_a_suspended_generator(self):
        """So is a variable of a generator that a module holds, as an entered context is."""

        def generate(things):
            thing = things.pop()
            yield thing.__class__

        thing = [Thing()]
        MODULE_LEVEL.append(generator := generate([*thing]))
        self.addCleanup(MODULE_LEVEL.clear)
        next(generator)
        del generator
        self.assertEqual(self.owner(thing), Owner.PROCESS)

    def test_one_that_cannot_be_seen(self):
        """If there are more references than visible holders, the object is not the test's."""
        increase, decrease = ctypes.pythonapi.Py_IncRef, ctypes.pythonapi.Py_DecRef
        for case in (self.case, None):
            self.case = case
            thing = Thing()
            increase(ctypes.py_object(thing))
            self.addCleanup(decrease, ctypes.py_object(thing))
            things = [thing]
            del thing
            self.assertEqual(self.owner(things), Owner.PROCESS)

    def test_what_an_exception_has(self):
        """What is among the arguments or attributes of an exception that a module keeps is the process's."""
        given, set_later = ValueError(Thing()), ValueError()
        set_later.thing = Thing()
        wrapping = OSError()
        wrapping.__cause__ = ValueError(Thing())
        things = [given.args[0], set_later.thing, wrapping.__cause__.args[0]]
        MODULE_LEVEL.append({"errors": [given, set_later, wrapping]})
        self.addCleanup(MODULE_LEVEL.clear)
        del given, set_later, wrapping
        while things:
            self.assertEqual(self.owner(things), Owner.PROCESS)

    def test_a_thread_of_others(self):
        """An object in the arguments or variables of a thread unknown to the test is the process's."""
        go, begun = threading.Event(), threading.Event()
        thing = [Thing()]

        def work(thing):
            begun.set()
            go.wait()

        thread = threading.Thread(target=work, args=(thing[0],))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(go.set)
        begun.wait()
        self.assertEqual(self.owner(thing), Owner.PROCESS)

    def test_one_that_has_very_many_holders(self):
        """An object with too many holders to examine is not the test's."""
        thing = [Thing()]
        self.case.many = [Holder(thing[0]) for _ in range(100)]
        with mock.patch.object(ownership, "_MOST", 50):
            self.assertEqual(self.owner(thing), Owner.PROCESS)

    def test_one_that_is_very_far_away(self):
        """An object that is farther away than the search goes is not the test's."""
        for steps, owner in ((5, Owner.TEST), (15, Owner.PROCESS)):
            thing = [Thing()]
            held = (thing[0],)
            for _ in range(steps):
                held = (held,)
            self.case.held = held
            del held
            with mock.patch.object(ownership, "_MOST_STEPS", 10):
                self.assertEqual(self.owner(thing), owner)

    def test_older_holders_that_cannot_be_looked_at(self):
        """If older holders cannot be inspected, an object that may have one is not the test's."""
        older = []
        MODULE_LEVEL.append(older)
        self.addCleanup(MODULE_LEVEL.clear)
        gc.freeze()
        self.addCleanup(gc.unfreeze)
        thing = [Thing()]
        older.append(thing[0])
        self.assertEqual(self.owner(thing, thaws=False), Owner.PROCESS)


class OfNobodyTests(OwnershipTestCase):
    def nobodys(self, keep):
        thing = [Thing()]
        kept = keep(thing[0])
        MODULE_LEVEL.append(kept)
        self.addCleanup(MODULE_LEVEL.clear)
        del kept
        return self.owner(thing) is Owner.NOBODY

    def test_what_is_only_mentioned(self):
        """Log records, warnings, calls and tracebacks do not count as holders."""

        def record(thing):
            return logging.LogRecord("x", logging.INFO, "x.py", 1, "%s", (thing,), None)

        def warning(thing):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                warnings.warn("x", stacklevel=1, source=thing)
            return caught[0]

        def call(thing):
            double = mock.Mock()
            double(thing)
            return double.call_args

        def failure(thing):
            try:
                raise ValueError("x")
            except ValueError as error:
                return error

        for keep in (record, warning, call, failure):
            with self.subTest(keep.__name__):
                self.assertTrue(self.nobodys(keep))

    def test_what_ends_with_the_loop(self):
        """The test's loop, its futures and callbacks, and suspended coroutines do not outlive the loop."""

        async def suspended(thing):
            await self.loop.create_future()

        coroutine = []

        def suspend(thing):
            coroutine.append(suspended(thing))
            coroutine[0].send(None)
            return coroutine[0]

        def future(thing):
            made = self.loop.create_future()
            made.set_result(thing)
            return made

        self.addCleanup(lambda: coroutine[0].close())
        for keep in (future, suspend, lambda thing: self.loop.call_later(3600, print, thing)):
            with self.subTest(keep):
                self.assertTrue(self.nobodys(keep))

    def test_another_loop(self):
        """Another loop that a module holds keeps objects for the process, until it is closed."""
        other = asyncio.new_event_loop()
        MODULE_LEVEL.append(other)
        self.addCleanup(MODULE_LEVEL.clear)
        for expected in (Owner.PROCESS, Owner.NOBODY):
            thing = [Thing()]
            other.thing = thing[0]
            self.assertEqual(self.owner(thing), expected)
            other.close()

    def test_a_cycle(self):
        """Objects that only hold each other have no owner."""
        thing = [Thing()]
        thing[0].itself = Holder(thing[0])
        things = [thing.pop()]
        self.assertEqual(
            list(owners_of(things, self.case, HolderClassifier(self.loop), lambda: True).values()),
            [Owner.NOBODY],
        )


class ManyTests(OwnershipTestCase):
    def test_each_has_its_own(self):
        """Many objects are searched for at once, each with its own owner."""
        things = [Thing() for _ in range(90)]
        self.case.things = things[:30]
        MODULE_LEVEL.extend(things[30:60])
        self.addCleanup(MODULE_LEVEL.clear)
        owners = owners_of(things, self.case, HolderClassifier(self.loop), lambda: True)
        found = [owners[id(thing)] for thing in things]
        self.assertEqual(found, [Owner.TEST] * 30 + [Owner.PROCESS] * 30 + [Owner.NOBODY] * 30)
