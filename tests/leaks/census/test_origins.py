"""Which code created a socket, a thread, a child or an executor, and where."""

import gc
import socket
import sys
import threading
import unittest

from asynctestkit.leaks.census.origins import Origins, origins
from asynctestkit.stacks.places import resolve


class Test:
    """The parts of a census that are needed here."""

    def __init__(self, phase="test"):
        self.phase = phase
        self.thread = threading.get_ident()


class Thing:
    pass


class OriginsTests(unittest.TestCase):
    def setUp(self):
        self.origins = Origins()
        self.test = Test()
        self.origins.enter(self.test)

    def note(self, thing):
        self.origins.note(thing, sys._getframe(1))
        return thing

    def in_a_thread(self, function):
        """Calls it in a thread of the test's and returns its result."""
        result = []
        thread = threading.Thread(target=lambda: result.append(function()))
        self.note(thread)
        thread.start()
        thread.join()
        return result[0]

    def test_what_the_test_makes_has_an_origin(self):
        """An origin has the phase, the lines and the creator at the moment of creation."""
        thing = self.note(Thing())
        self.test.phase = "cleanup"
        origin = self.origins.of(thing)
        self.assertEqual(origin.site[0], "test")
        self.assertEqual(resolve(origin.site)[-1].function, "test_what_the_test_makes_has_an_origin")
        self.assertEqual(
            (origin.creator_file, origin.function), (__file__, "test_what_the_test_makes_has_an_origin")
        )

    def test_what_is_not_noted_has_none(self):
        """An object that was not recorded has no origin, nor has one at the address of a destroyed one."""
        thing = self.note(Thing())
        address = id(thing)
        del thing
        others = [Thing() for _ in range(100)]
        self.assertTrue(all(self.origins.of(other) is None for other in others), address)

    def test_threads_belong_to_the_test_that_started_them(self):
        """What a test's threads create, transitively, is the test's; what other threads create is not."""
        things = []
        thread = threading.Thread(target=lambda: things.append(self.note(Thing())))
        thread.start()
        thread.join()
        things.append(self.in_a_thread(lambda: self.note(Thing())))
        things.append(self.in_a_thread(lambda: self.in_a_thread(lambda: self.note(Thing()))))
        self.assertEqual([self.origins.of(thing) is not None for thing in things], [False, True, True])

    def test_a_foreign_object_at_a_reused_address(self):
        """An object of another thread does not inherit the origin of a destroyed one at its address."""
        thing = self.note(Thing())
        thread = threading.Thread(target=lambda: self.note(thing))  # as if created again, by another thread
        thread.start()
        thread.join()
        self.assertIsNone(self.origins.of(thing))

    def test_the_innermost_test_is_charged(self):
        """A nested test has its own objects, and none of the outer one."""
        outer = self.note(Thing())
        inner_test = Test()
        self.origins.enter(inner_test)
        self.assertIs(self.origins.current(), inner_test)
        inner = self.note(Thing())
        self.origins.leave(inner_test)
        self.assertIs(self.origins.current(), self.test)
        self.assertIsNotNone(self.origins.of(outer))
        self.assertIsNone(self.origins.of(inner))

    def test_after_the_test_nothing_is_known_and_nothing_noted(self):
        """After the test there are no origins and none are recorded, even for its remaining threads."""
        self.origins.leave(self.test)
        self.assertIsNone(self.origins.of(self.note(Thing())))
        self.assertIsNone(self.origins.current())

    def test_a_thread_that_outlives_its_test(self):
        """What a thread that has outlived its test creates in a later test is charged to no test."""
        end, things = threading.Event(), []
        thread = threading.Thread(target=lambda: (end.wait(), things.append(self.note(Thing()))))
        self.note(thread)
        thread.start()
        self.origins.leave(self.test)
        later = Test()
        self.origins.enter(later)
        end.set()
        thread.join()
        self.assertIsNone(self.origins.of(things[0]))

    def test_what_is_finalized_keeps_its_origin(self):
        """Before 3.15 the collector clears weak references first: the origin is found all the same."""
        found = []

        class Dying:
            def __del__(this):
                found.append((self.origins.of_finalized(this), self.origins.of(this)))

        cycle = self.note(Dying())
        cycle.itself = cycle
        del cycle
        gc.collect()
        ((dying, then),) = found
        self.assertIsNotNone(dying)
        self.assertIs(dying, then)

    def test_a_reported_object_is_forgotten(self):
        """A forgotten object, recorded or not, has no origin."""
        thing = self.note(Thing())
        self.origins.forget(thing)
        self.origins.forget(thing)
        self.assertIsNone(self.origins.of(thing))

    def test_what_was_spared_stays_so(self):
        """A spared object is spared beyond its test, until its address is reused."""
        thing, other = self.note(Thing()), self.note(Thing())
        self.origins.spare(thing)
        self.assertEqual([self.origins.is_spared(each) for each in (thing, other)], [True, False])
        self.note(thing)
        self.assertFalse(self.origins.is_spared(thing))

    def test_the_reused_address_of_a_spared_object(self):
        """An object at the address of a destroyed one is neither spared nor charged in its place."""

        class Other:
            def __del__(self):
                known.append((origins.is_spared(self), origins.of_finalized(self)))

        origins, known = self.origins, []
        for spares in (True, False):
            things = [self.note(Thing()) for _ in range(100)]
            if spares:
                list(map(self.origins.spare, things))
            addresses = set(map(id, things))
            things.clear()
            others = [Other() for _ in range(1000)]
            self.assertTrue(addresses.intersection(map(id, others)))
            others.clear()
        self.assertEqual([each for each in known if each != (False, None)], [])

    def test_libraries_make_for_their_callers(self):
        """The creator is not the defining module, but the code that calls it."""
        origins.enter(self.test)
        self.addCleanup(origins.leave, self.test)
        for end in socket.socketpair():
            with end:
                self.assertEqual(origins.of(end).creator_file, __file__)
