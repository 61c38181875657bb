"""What a test has left is found also where at first sight it has left nothing."""

import asyncio
import contextlib
import os
import unittest
import weakref
from types import CoroutineType
from unittest import mock

from asynctestkit import DEFAULT_DETECTORS, Leak, LeakDetector
from asynctestkit.cpython.versions import HAS_RUNNER
from asynctestkit.lifecycle import guard
from tests.leaks.contract import Inner, run_body


async def forgotten():
    pass


class Cycle:
    def __init__(self):
        self.itself = self

    def method(self):
        pass


class Forgetful(Cycle):
    def __del__(self):
        forgotten()


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


@contextlib.contextmanager
def sweeps():
    """A function that counts the sweeps that a look at once has not spared."""
    with mock.patch.object(guard, "Phase", wraps=guard.Phase) as phases:
        yield lambda: sum(bool(call.kwargs.get("is_sweep")) for call in phases.mock_calls)


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
            with self.subTest(is_limited=is_limited), sweeps() as count:
                self.assertEqual(run_body(body).complaints, [])
                self.assertEqual(count(), is_limited)


@unittest.skipUnless(HAS_RUNNER, "from Python 3.11")
class SharedLoopTests(unittest.TestCase):
    """On a loop that is older than the test, it is seen as quickly that nothing was left."""

    def setUp(self):
        self.shared = asyncio.Runner()
        self.addCleanup(self.shared.close)

    def run_on_it(self, body, **members):
        def use(case):
            case._asyncioRunner = self.shared

        hooks = {"_setupAsyncioRunner": use, "_tearDownAsyncioRunner": lambda case: None}
        return run_body(body, **hooks, **members)

    def test_nothing_was_left(self):
        """No sweep is needed; neither by what the suite itself has left pending on the loop."""
        loop = self.shared.get_loop()
        self.suites_own = loop.create_task(asyncio.sleep(3600))
        loop.run_until_complete(asyncio.sleep(0))
        with sweeps() as count:
            self.assertEqual(self.run_on_it(Inner.test).complaints, [])
            self.assertEqual(count(), 0)
        self.assertFalse(self.suites_own.done())

    def test_something_was_left(self):
        """What is pending, or may happen when garbage is collected, is found; the loop stays open."""

        async def task(case):
            asyncio.create_task(asyncio.sleep(3600))

        async def coroutine(case):
            case.kept = forgotten()

        async def finalizer(case):
            Forgetful()

        def callback(case):
            loop = self.shared.get_loop()
            loop.call_soon(lambda: loop.create_task(asyncio.sleep(3600)))

        for body, kind in (
            (task, "task"),
            (coroutine, "coroutine"),
            (finalizer, "coroutine"),
            (callback, "task"),
        ):
            with self.subTest(body.__name__):
                self.assertEqual([leak.kind for leak in self.run_on_it(body).leaks], [kind])
                self.assertEqual(self.run_on_it(Inner.test).complaints, [])
        self.assertFalse(self.shared.get_loop().is_closed())


if __name__ == "__main__":
    unittest.main()
