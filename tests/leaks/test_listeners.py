"""Listeners get the leaks of a test."""

import unittest
from unittest import mock

from asynctestkit import Leak
from asynctestkit.leaks import listeners


class TellTests(unittest.TestCase):
    LEAKS = (Leak("task", name="a"), Leak("task", name="b"))

    def listening(self, *heard):
        patch = mock.patch.object(listeners, "listeners", list(heard))
        patch.start()
        self.addCleanup(patch.stop)

    def test_no_listener(self):
        """Without listeners all leaks are charged."""
        self.listening()
        self.assertEqual(listeners.notify_listeners("Case.test", self.LEAKS), self.LEAKS)

    def test_each_listener_hears_what_the_one_before_has_left(self):
        """A leak that one listener removes is not passed to the next."""
        heard = []

        def first(subject, leaks):
            heard.append((subject, leaks))
            return leaks[1:]

        def second(subject, leaks):
            heard.append((subject, leaks))
            return leaks

        self.listening(first, second)
        self.assertEqual(listeners.notify_listeners("Case.test", self.LEAKS), self.LEAKS[1:])
        self.assertEqual(heard, [("Case.test", self.LEAKS), ("Case.test", self.LEAKS[1:])])

    def test_no_leaks_are_no_news(self):
        """A clean test calls no listener."""
        self.listening(lambda subject, leaks: self.fail("told"))
        self.assertEqual(listeners.notify_listeners("Case.test", ()), ())
