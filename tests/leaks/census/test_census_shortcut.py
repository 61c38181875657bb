"""What a test has left is found also where at first sight it has left nothing."""

import unittest
import weakref
from unittest import mock

from tests.leaks.contract import run_body


async def forgotten():
    pass


class Cycle:
    def __init__(self):
        self.itself = self

    def method(self):
        pass


class Changed(Cycle):
    """A class that gets a finalizer between two tests."""


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


if __name__ == "__main__":
    unittest.main()
