"""Canaries for debug mode's record of a creation."""

import types
from unittest import mock

from asynctestkit.cpython import debug_internals
from tests.cpython.canaries import Canary


class DebugCanaries(Canary):
    def test_has_source_traceback(self):
        """Any object may have the name; a mock, which has every name, has it not, nor has a property."""
        plain = self.loop.create_future()
        for thing in (plain, types.SimpleNamespace(_source_traceback=None)):
            self.assertTrue(debug_internals.has_source_traceback(thing))
        with_property = type("WithProperty", (), {"_source_traceback": property(lambda self: self.fail())})
        for thing in (mock.Mock(), object(), None, with_property()):
            self.assertFalse(debug_internals.has_source_traceback(thing))

    def test_kept_source_traceback(self):
        """The record is the stack that debug mode keeps; without it, or with another value, there is none."""
        plain = self.loop.create_future()
        self.loop.set_debug(True)
        record = debug_internals.kept_source_traceback(self.loop.create_future())
        self.assertIn(__file__, [frame.filename for frame in record])
        other = types.SimpleNamespace(_source_traceback=record)
        self.assertIs(debug_internals.kept_source_traceback(other), record)
        for thing in (plain, mock.Mock(), types.SimpleNamespace(_source_traceback="a text")):
            self.assertIsNone(debug_internals.kept_source_traceback(thing))
