"""What a test has left is found also where at first sight it has left nothing."""

import asyncio
import os
import unittest
import weakref
from types import CoroutineType
from unittest import mock

from asynctestkit import DEFAULT_DETECTORS, Leak, LeakDetector
from asynctestkit.lifecycle import guard
from tests.leaks.contract import Inner, run_body


async def forgotten():
    pass


class Cycle:
    def __init__(self):
        self.itself = self

    def method(self):
        pass


class Changed(Cycle):
    """A class that gets a finalizer between two tests."""


class PendingFutures(LeakDetector):
    kind = "future"
    types = (asyncio.Future,)

    def examine(self, obj):
        return None if obj.done() else Leak(self.kind)


class EndedCoroutines(LeakDetector):
    kind = "ended"
    types = (CoroutineType,)

    def examine(self, obj):
        return Leak(self.kind) if obj.cr_frame is None else None


class References(LeakDetector):
    kind = "reference"
    types = (weakref.WeakMethod,)

    def examine(self, obj):
        return Leak(self.kind)


class Inbox(LeakDetector):
    """Whoever looks into its registry empties it."""

    kind = "message"
    types = (str,)
    messages = []

    def registered(self, loop):
        found = self.messages[:]
        self.messages.clear()
        return found

    def examine(self, obj):
        return Leak(self.kind)


def kinds(body, **members):
    outcome = run_body(body, **members)
    return [leak.kind for leak in outcome.leaks]


class GarbageTests(unittest.TestCase):
    """What happens when garbage is collected happens in the test's sweep."""

    def test_the_callback_of_a_weak_method(self):
        """The standard library's own callback calls it."""

        async def test(case):
            case.reference = weakref.WeakMethod(Cycle().method, lambda _: forgotten())

        self.assertEqual(kinds(test), ["coroutine"])

    def test_the_callback_of_a_proxy(self):
        """A proxy is asked for it without asking what it stands for."""

        async def test(case):
            case.proxy = weakref.proxy(Cycle(), lambda _: forgotten())

        self.assertEqual(kinds(test), ["coroutine"])

    def test_a_finalizer_that_a_class_was_given_later(self):
        """What an earlier test has shown of the class is not the last word."""

        async def first(case):
            case.kept = Changed()

        async def second(case):
            Changed()

        self.assertEqual(kinds(first), [])
        with mock.patch.object(Changed, "__del__", lambda _: forgotten(), create=True):
            self.assertEqual(kinds(second), ["coroutine"])


class UnlistedTests(unittest.TestCase):
    def test_what_the_collector_does_not_list(self):
        """An open directory is no object of the collector's; in a cycle, it announces itself all the same."""

        async def test(case):
            cycle = [os.scandir(".")]
            next(cycle[0])
            cycle.append(cycle)

        outcome = run_body(test)
        self.assertEqual([leak.kind for leak in outcome.leaks], ["unclosed"], outcome.report)


class UsersCodeTests(unittest.TestCase):
    """What is the user's own is not passed over."""

    def test_detectors_of_what_is_over(self):
        """A detector may find fault with what Python would never complain of."""

        async def future(case):
            case.kept = asyncio.get_running_loop().create_future()

        async def coroutine(case):
            case.kept = forgotten()
            await case.kept

        async def reference(case):
            case.cycle = Cycle()
            case.kept = weakref.WeakMethod(case.cycle.method)

        cases = ((future, PendingFutures), (coroutine, EndedCoroutines), (reference, References))
        for body, detector in cases:
            with self.subTest(detector.kind):
                self.assertEqual(kinds(body), [])
                found = kinds(body, leak_detectors=(*DEFAULT_DETECTORS, detector))
                self.assertEqual(set(found), {detector.kind})

    def test_a_registry_that_is_emptied_by_reading_it(self):
        """It is not read only to see whether there is anything to do."""

        async def test(case):
            Inbox.messages.append("unread")

        self.assertEqual(kinds(test, leak_detectors=(Inbox,)), ["message"])

    def test_a_loop_whose_close_is_the_tests_own(self):
        """It may block, and so is called within the sweep's deadline."""

        async def test(case):
            loop = asyncio.get_running_loop()
            loop.close = mock.Mock(wraps=loop.close)

        for body, is_limited in ((Inner.test, False), (test, True)):
            with (
                self.subTest(is_limited=is_limited),
                mock.patch.object(guard, "Phase", wraps=guard.Phase) as phases,
            ):
                self.assertEqual(run_body(body).complaints, [])
                self.assertEqual(any(c.kwargs.get("is_sweep") for c in phases.mock_calls), is_limited)


if __name__ == "__main__":
    unittest.main()
