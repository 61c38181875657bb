"""What a holder implies for the object that it holds."""

import asyncio
import functools
import sys
import threading
import types
import unittest
from unittest import mock

from asynctestkit.leaks.census.holder_classifier import HolderClassifier, Link, links_of_thread


class Named:
    """A class that a module holds by its name."""

    def method(self):
        """Does nothing."""

    @functools.lru_cache  # noqa: B019  # that is what it is about
    def cached(self):
        """Does nothing."""


class HolderClassifierTests(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)
        self.classifier = HolderClassifier(self.loop)

    def assertMeans(self, holder, *links):
        self.assertEqual(self.classifier.links(holder), links, holder)

    def test_namespaces(self):
        """Modules, and the classes, functions and caches in them, are held by the process."""
        for holder in (vars(unittest), unittest, Named, Named.method, Named.cached):
            self.assertMeans(holder, Link.PROCESS)

    def test_what_modules_and_caches_may_be(self):
        """No module is imported for it, no mapping asked, and what a module caches may have no name."""

        class Lazy(types.ModuleType):
            def __getattribute__(self, name):
                raise LookupError(f"asked a module for its {name}")

        class Mapping(dict):
            def __contains__(self, key):
                raise LookupError(f"asked a mapping for {key}")

        lazy = Lazy("lazy")
        with mock.patch.dict(sys.modules, {"lazy": lazy}):
            self.assertMeans(lazy, Link.PROCESS)
            self.assertMeans(type("Made", (), {"__module__": "lazy"}), Link.INDIRECT)
            self.assertMeans(type("Made", (), {"__module__": None}), Link.INDIRECT)
            self.assertMeans(Mapping(), Link.INDIRECT)
        self.assertMeans(functools.lru_cache(functools.partial(int)), Link.INDIRECT)

    def test_what_has_no_name(self):
        """Classes and functions defined within functions have holders of their own."""

        def local():
            """Does nothing."""

        def with_a_name_of_others():
            """Does nothing."""

        with_a_name_of_others.__qualname__ = "Named.method"
        for holder in (local, functools.lru_cache(local), type("Local", (), {}), with_a_name_of_others):
            self.assertMeans(holder, Link.INDIRECT)

    def test_what_tests_are(self):
        """An instance of a test case is the test."""
        self.assertMeans(self, Link.TEST)

    def test_what_holds_things_in_turn(self):
        """Containers and other objects have holders of their own."""
        for holder in ([], {}, (1, []), Named(), Named().method, functools.partial(print)):
            self.assertMeans(holder, Link.INDIRECT)

    def test_what_works_when_it_is_asked_for_its_class(self):
        """A lazy object, or a proxy, is not asked: it may begin to work, or raise."""

        class Lazy:
            @property
            def __class__(self):
                raise RuntimeError("not configured")

        self.assertEqual(self.classifier.links(Lazy()), (Link.INDIRECT,))
        self.assertFalse(self.classifier.may_be_held_by_interpreter(Lazy()))

    def test_what_a_thread_calls(self):
        """The interpreter may hold the function that a thread runs, and its arguments."""
        over = threading.Event()
        self.addCleanup(over.set)
        arguments = (30,)
        thread = threading.Thread(target=over.wait, args=arguments, daemon=True)
        thread.start()
        held = [
            self.classifier.may_be_held_by_interpreter(each) for each in (thread, thread._target, arguments)
        ]
        self.assertEqual(held, [True] * 3)
        self.assertFalse(self.classifier.may_be_held_by_interpreter(over.wait))

    def test_exceptions(self):
        """An exception has a holder of its own, or the interpreter; a failure of the test keeps nothing."""
        failure, other = ValueError(), ValueError()
        classifier = HolderClassifier(self.loop, {id(failure)})
        self.assertEqual([*map(classifier.links, (failure, other))], [(Link.NOTHING,), (Link.INDIRECT,)])
        self.assertTrue(classifier.may_be_held_by_interpreter(other))

    def test_ignored_holders(self):
        """Ignored holders, and the standard library's registries, imply nothing."""
        mine = []
        self.classifier.ignore(mine)
        self.assertMeans(mine, Link.NOTHING)
        self.assertMeans(threading._active, Link.NOTHING)

    def test_loops(self):
        """The test's loop, and closed loops, keep nothing; another loop does."""
        other = asyncio.new_event_loop()
        self.assertMeans(self.loop, Link.NOTHING)
        self.assertMeans(self.loop.create_future(), Link.NOTHING)
        self.assertMeans(other, Link.INDIRECT)
        self.assertMeans(other.create_future(), Link.INDIRECT)
        other.close()
        self.assertMeans(other, Link.NOTHING)

    def test_threads(self):
        """A thread that the test has not started is the process's; the thread's own code implies nothing."""
        over = threading.Event()
        thread = threading.Thread(target=over.wait, args=(30,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        self.assertMeans(thread, Link.PROCESS)
        self.assertEqual(links_of_thread(None), (Link.PROCESS,))
        self.assertMeans(thread._bootstrap, Link.NOTHING)
        self.assertMeans(thread.run, Link.NOTHING)
        self.assertMeans(thread.join, Link.INDIRECT)
        self.assertTrue(self.classifier.may_be_held_by_interpreter(thread))
        self.assertTrue(self.classifier.may_be_held_by_interpreter(thread._args))
        self.assertFalse(self.classifier.may_be_held_by_interpreter((over,)))
