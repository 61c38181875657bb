"""Whose a thing is that a test has left: it is found by who holds it, however far away."""

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
    """Something whose owner is asked for."""


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
        """The owner of the only thing in that list, which is taken out of it."""

        def thaw():
            self.thawed += 1
            return thaws

        things = [thing.pop()]
        gc.collect()
        (owner,) = owners_of(things, self.case, HolderClassifier(self.loop), thaw).values()
        return owner


class AfterwardsTests(unittest.TestCase):
    def test_nothing_is_kept(self):
        """A search leaves no cycle: what it has looked at dies with the last who has it.

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
    """Something that can be referred to weakly."""


class Case(unittest.TestCase):
    def runTest(self):
        """Nothing."""


class OfTheTestTests(OwnershipTestCase):
    def test_an_attribute_of_the_test(self):
        """What the test's instance has is the test's, and the rest of the heap need not be looked at."""
        thing = [Thing()]
        self.case.thing = thing[0]
        self.assertEqual((self.owner(thing), self.thawed), (Owner.TEST, 0))

    def test_far_below_the_test(self):
        """However deep it is, in containers, objects, closures and partials."""
        thing = [Thing()]
        held = {"x": [Holder((thing[0],))]}
        self.case.deep = functools.partial(lambda held=held: held)
        self.case.method = Holder(held).__init__
        self.assertEqual(self.owner(thing), Owner.TEST)

    def test_a_container_that_is_older(self):
        """The collector does not see what was there before the test; what the test has directly is known."""
        self.case.older = []
        gc.freeze()
        self.addCleanup(gc.unfreeze)
        thing = [Thing()]
        self.case.older.append(thing[0])
        self.assertEqual((self.owner(thing), self.thawed), (Owner.TEST, 0))

    def test_a_variable_of_who_runs_the_block(self):
        """In a block, what a variable of the running code has is the block's."""
        self.case = None
        kept = Thing()
        thing = [kept]
        self.assertEqual(self.owner(thing), Owner.TEST)

    def test_a_variable_that_a_closure_shares(self):
        """The same where an inner function has the variable as well."""
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
        """The owner of a thing that `keep` has put somewhere; it is the same if the test has it as well."""
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
        """What a module has by a name, or in a container, is the process's."""
        forget = MODULE_LEVEL.clear
        self.assertEqual(self.kept_by(MODULE_LEVEL.append, forget), Owner.PROCESS)
        module = types.ModuleType("made")
        with mock.patch.dict(sys.modules, made=module):
            self.assertEqual(self.kept_by(lambda thing: setattr(module, "thing", thing)), Owner.PROCESS)

    def test_a_namespace_without_a_module(self):
        """So is what code has in its globals that is in no module."""
        namespace = {}
        exec("kept = []\ndef keep(thing): kept.append(thing)", namespace)
        namespace["__name__"] = "by_hand"
        self.assertEqual(self.kept_by(namespace["keep"], namespace["kept"].clear), Owner.PROCESS)

    def test_a_class(self):
        """What a class has, or a class that is in another."""
        self.addCleanup(delattr, Holder, "kept")
        self.assertEqual(self.kept_by(lambda thing: setattr(Holder, "kept", thing)), Owner.PROCESS)

    def test_a_function(self):
        """The defaults, attributes and closure of a function."""
        forget = MODULE_LEVEL.clear
        self.assertEqual(self.kept_by(with_default().append, forget), Owner.PROCESS)
        self.addCleanup(vars(with_default).clear)
        self.assertEqual(self.kept_by(lambda thing: setattr(with_default, "kept", thing)), Owner.PROCESS)

    def test_a_cache(self):
        """What a cached function has returned."""
        self.assertEqual(self.kept_by(cached, cached.cache_clear), Owner.PROCESS)

    def test_an_object_that_a_module_has(self):
        """However far below the module it is."""
        holder = Holder([])
        MODULE_LEVEL.append({"x": (holder,)})
        self.addCleanup(MODULE_LEVEL.clear)
        self.assertEqual(self.kept_by(holder.held.append, holder.held.clear), Owner.PROCESS)

    def test_one_that_cannot_be_seen(self):
        """Where there are more references than holders, who has them keeps the thing."""
        increase, decrease = ctypes.pythonapi.Py_IncRef, ctypes.pythonapi.Py_DecRef
        for case in (self.case, None):
            self.case = case
            thing = Thing()
            increase(ctypes.py_object(thing))
            self.addCleanup(decrease, ctypes.py_object(thing))
            things = [thing]
            del thing
            self.assertEqual(self.owner(things), Owner.PROCESS)

    def test_a_thread_of_others(self):
        """What a thread has that the test knows nothing of, in its arguments or its variables."""
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
        """Of whom it is not known in the end who holds a thing, it is not the test's."""
        thing = [Thing()]
        self.case.many = [Holder(thing[0]) for _ in range(100)]
        with mock.patch.object(ownership, "_MOST", 50):
            self.assertEqual(self.owner(thing), Owner.PROCESS)

    def test_older_holders_that_cannot_be_looked_at(self):
        """Where the collector is not to see what is older, whoever may be there is the owner."""
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
        """A record of a log, of a warning or of a call, or an exception, keeps nothing on purpose."""

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
                raise ValueError(thing)
            except ValueError as error:
                return error

        for keep in (record, warning, call, failure):
            with self.subTest(keep.__name__):
                self.assertTrue(self.nobodys(keep))

    def test_what_ends_with_the_loop(self):
        """The test's loop, its futures and callbacks, and suspended coroutines, keep nothing beyond it."""

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
        """Another loop that a module has is the process's, until it is closed."""
        other = asyncio.new_event_loop()
        MODULE_LEVEL.append(other)
        self.addCleanup(MODULE_LEVEL.clear)
        for expected in (Owner.PROCESS, Owner.NOBODY):
            thing = [Thing()]
            other.thing = thing[0]
            self.assertEqual(self.owner(thing), expected)
            other.close()

    def test_a_cycle(self):
        """Things that have each other, and nobody else has them."""
        thing = [Thing()]
        thing[0].itself = Holder(thing[0])
        things = [thing.pop()]
        self.assertEqual(
            list(owners_of(things, self.case, HolderClassifier(self.loop), lambda: True).values()),
            [Owner.NOBODY],
        )


class ManyTests(OwnershipTestCase):
    def test_each_has_its_own(self):
        """Many things are looked for at once, each with its own answer."""
        things = [Thing() for _ in range(90)]
        self.case.things = things[:30]
        MODULE_LEVEL.extend(things[30:60])
        self.addCleanup(MODULE_LEVEL.clear)
        owners = owners_of(things, self.case, HolderClassifier(self.loop), lambda: True)
        found = [owners[id(thing)] for thing in things]
        self.assertEqual(found, [Owner.TEST] * 30 + [Owner.PROCESS] * 30 + [Owner.NOBODY] * 30)
