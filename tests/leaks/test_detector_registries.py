"""Detectors of the user's own that inspect a registry."""

import asyncio
import unittest
from unittest import mock

from asynctestkit import Allowance, Leak, LeakDetector, TaskLeaks, no_leaks
from tests.leaks.contract import run_body


class Registry:
    """An object of a library: a list of subscribers."""

    subscribers = []


class SubscriptionLeaks(LeakDetector):
    kind = "subscription"
    types = (str,)
    dies_with_loop = True
    ending_after = 0

    def registered(self, loop):
        return Registry.subscribers

    def is_ending(self, obj):
        SubscriptionLeaks.ending_after -= 1
        if SubscriptionLeaks.ending_after == 0:
            Registry.subscribers.remove(obj)
        return SubscriptionLeaks.ending_after > 0

    def examine(self, obj):
        return Leak(self.kind, name=obj)

    def release(self, obj):
        Registry.subscribers.remove(obj)


class RegistryTests(unittest.TestCase):
    """A detector that inspects a registry, and not the heap."""

    def setUp(self):
        Registry.subscribers = ["older"]
        SubscriptionLeaks.ending_after = 0

    def leaks(self, body, **members):
        return [leak.name for leak in self.run_body(body, **members).leaks]

    def run_body(self, body, **members):
        return run_body(body, leak_detectors=(TaskLeaks, SubscriptionLeaks), **members)

    def test_what_is_no_registry(self):
        """A `registered` that returns nothing is the error of each test, which says what is expected."""

        async def test(case): ...

        Registry.subscribers = None
        (error,) = self.run_body(test).errors
        text = "SubscriptionLeaks.registered returned None, expected what the registry holds, such as a list"
        self.assertEqual((type(error), str(error)), (TypeError, text))
        Registry.subscribers = map(len, [None])  # its own error says more
        (error,) = self.run_body(test).errors
        self.assertRegex(str(error), "NoneType.* has no len")

    def test_what_was_entered_since_is_a_leak(self):
        """Only entries made since the mark are leaks, and the heap is not examined."""

        async def test(case):
            case.elsewhere = "".join(["else", "where"])
            Registry.subscribers.append("newer")

        self.assertEqual(self.leaks(test), ["newer"])
        self.assertEqual(Registry.subscribers, ["older"])

    def test_it_is_charged_to_its_phase(self):
        """An entry that existed when a phase ended was made in that phase, or before."""

        def set_up(case):
            Registry.subscribers.append("newer")

        async def test(case):
            await asyncio.sleep(0)

        (leak,) = self.run_body(test, setUp=set_up).leaks
        self.assertEqual(leak.phase, "setUp")

    def test_releases_go_backwards(self):
        """Entries are released in reverse order."""

        async def test(case):
            Registry.subscribers += ["first", "second"]

        released = []
        with mock.patch.object(SubscriptionLeaks, "release", lambda self, obj: released.append(obj)):
            self.assertEqual(self.leaks(test), ["first", "second"])
        self.assertEqual(released, ["second", "first"])

    def test_what_is_ending_has_the_time(self):
        """The sweep waits as long as the detector says that an entry is ending, for at most `settle_time`."""

        async def test(case):
            Registry.subscribers.append("newer")
            loop = asyncio.get_running_loop()
            case.addCleanup(lambda: loop.create_task(asyncio.sleep(0)) and None)

        SubscriptionLeaks.ending_after = 5
        self.assertEqual(self.leaks(test), [])
        SubscriptionLeaks.ending_after = 10**9
        self.assertEqual(self.leaks(test, settle_time=0.01), ["newer"])

    def test_allowed_entries_are_released_with_their_loop(self):
        """Allowed entries are released before the loop is closed; at the end of a block they stay."""

        async def test(case):
            Registry.subscribers.append("newer")

        allowance = Allowance("subscription", reason="as long as the loop")
        self.assertEqual(self.run_body(test, allowed_leaks=(allowance,)).complaints, [])
        self.assertEqual(Registry.subscribers, ["older"])

        async def block(case):
            settings = {"leak_detectors": (SubscriptionLeaks,), "allowed_leaks": (allowance,)}
            async with no_leaks(**settings):
                Registry.subscribers.append("newer")

        self.assertEqual(run_body(block, leak_detectors=()).complaints, [])
        self.assertEqual(Registry.subscribers, ["older", "newer"])
