"""Errors that are found after a test."""

import asyncio
import gc
import unittest
import warnings
from unittest import mock

from asynctestkit import Allowance, LeakWarning
from asynctestkit.cpython.alarms import PhaseInterrupt
from asynctestkit.leaks import listeners
from asynctestkit.leaks.sweeping.late import LateErrors, thing_in, warn_of
from tests.leaks.contract import run_body
from tests.leaks.kinds.test_unclosed import Channel
from tests.running import Overheard, overhearing

SOURCE = ("test_it.py", 7)


class Thing:
    async def close(self):
        pass


class LateErrorsTests(unittest.TestCase):
    def texts_for(self, context, reported=None, allowances=(), is_silent=False):
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            LateErrors("suite.Case.test", SOURCE, reported or {}, allowances, is_silent=is_silent)(context)
        return [str(each.message) for each in shown if each.category is LeakWarning]

    def test_a_thing_that_announces_itself(self):
        """The warning names the test that has ended, with its line."""
        (text,) = self.texts_for({"message": "Unclosed thing", "thing": Thing()})
        self.assertTrue(text.startswith("suite.Case.test, already over, left 1 thing behind:\n"), text)
        self.assertIn("1. unclosed 'Thing', not closed; it says 'Unclosed thing'", text)

    def test_a_listener(self):
        """A listener gets late leaks, even without a warning; what it removes is not reported."""
        heard = []
        context = {"message": "Unclosed thing", "thing": Thing()}
        with mock.patch.object(listeners, "listeners", [lambda *call: heard.append(call) or call[1]]):
            self.assertEqual(self.texts_for(context, is_silent=True), [])
        ((subject, (leak,)),) = heard
        self.assertEqual((subject, leak.kind), ("suite.Case.test", "unclosed"))
        with mock.patch.object(listeners, "listeners", [lambda subject, leaks: ()]):
            self.assertEqual(self.texts_for(context), [])

    def test_an_error(self):
        """An error is reported as that of a callback, with its place."""
        try:
            raise ValueError("late")
        except ValueError as error:
            (text,) = self.texts_for({"message": "Exception in callback", "exception": error})
        self.assertIn("1. callback 'Exception in callback', ValueError: late", text)
        self.assertIn("in test_an_error", text)

    def test_an_interrupt(self):
        """An interrupt is ignored, as a failure has reported it."""
        self.assertEqual(self.texts_for({"message": "never retrieved", "exception": PhaseInterrupt()}), [])

    def test_a_mere_message(self):
        """A late error may have neither an exception nor a message."""
        (text,) = self.texts_for({"message": "out of descriptors"})
        self.assertIn("1. callback 'out of descriptors', reported to a loop that is closed", text)
        (text,) = self.texts_for({})
        self.assertIn("unhandled exception in event loop", text)

    def test_an_object_already_reported(self):
        """An object is reported once; a new one at the same address is reported as well."""
        thing = Thing()
        context = {"message": "Unclosed thing", "thing": thing}
        self.assertEqual(self.texts_for(context, {id(thing): Thing}), [])
        self.assertEqual(len(self.texts_for(context, {id(thing): int})), 1)

    def test_what_is_allowed(self):
        """An allowance of the test applies afterwards as well."""
        context = {"message": "Unclosed thing", "thing": Thing()}
        allowances = [Allowance("unclosed", name="Thing", reason="kept for all tests")]
        self.assertEqual(self.texts_for(context, allowances=allowances), [])
        self.assertEqual(len(self.texts_for({"message": "other"}, allowances=allowances)), 1)

    def test_the_key_of_a_thing(self):
        """The object is under any key that is not asyncio's own, if it is related to a loop."""
        thing = Thing()
        self.assertIs(thing_in({"attempt": 3, "client_session": thing, "source_traceback": []}), thing)
        self.assertIsNone(thing_in({"message": "m", "future": thing, "handle": thing, "attempt": 3}))


class LateWarningTests(unittest.TestCase):
    def test_where_warnings_are_errors(self):
        """Under `-W error` a late warning is shown and not raised; one in time is raised."""
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("error")
            warn_of("text", SOURCE, is_late=True)
            with self.assertRaisesRegex(LeakWarning, "text"):
                warn_of("text", SOURCE, is_late=False)
        self.assertEqual(
            [(str(each.message), each.filename, each.lineno) for each in shown], [("text", *SOURCE)]
        )


class AfterATestTests(unittest.TestCase):
    def test_an_object_destroyed_after_its_loop(self):
        """An object destroyed after its loop is reported at that moment, for the test of its loop."""

        class Hidden(Channel):
            """Announces only in its finalizer that it is open."""

            def __del__(self):
                if not self.closed and self.loop is not None:
                    super().__del__()

        async def test(case):
            kept.append(Hidden())
            await kept[0].begun

        kept = []
        self.assertEqual(run_body(test).complaints, [])
        heard = Overheard()
        with overhearing(heard):
            kept.clear()
            gc.collect()
        (warning,) = heard.warnings
        self.assertIs(warning.category, LeakWarning)
        self.assertTrue(str(warning.message).startswith("tests.leaks.contract.Inner.test, already over, "))
        self.assertEqual(warning.filename, __file__)

    def test_where_leaks_are_ignored(self):
        """For a test whose leaks are ignored, nothing is reported later either."""

        async def test(case):
            kept.append(Channel())
            await kept[0].begun

        kept = []
        run_body(test, on_leak="ignore")
        heard = Overheard()
        with overhearing(heard):
            kept.clear()
        self.assertEqual(heard, Overheard())

    def test_a_loop_that_the_user_closes_stays_as_it_was(self):
        """On a loop that the user closes, the exception handler remains asyncio's."""
        loop = asyncio.SelectorEventLoop()
        loop.close()
        with self.assertLogs("asyncio") as logs:
            loop.call_exception_handler({"message": "of nobody"})
        self.assertEqual([each.getMessage() for each in logs.records], ["of nobody"])
