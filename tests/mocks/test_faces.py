"""A mock that wraps a plain object."""

import asyncio
import unittest
from unittest import mock

from asynctestkit.mocks.faces import Shown, face, object_behind


class Counter(Shown):
    def __init__(self):
        self.count = 0
        self._hidden = True

    def __repr__(self):
        return f"<counter {self.count}>"

    @property
    def doubled(self):
        return 2 * self.count

    def add(self, number, *, twice=False):
        self.count += number * (1 + twice)
        return self

    async def later(self, number):
        self.count += number
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return None


class Spec:
    limit = 7

    def add(self, number): ...

    async def unknown(self, key): ...

    @staticmethod
    def static(key): ...


class FaceTests(unittest.TestCase):
    def setUp(self):
        self.counter = Counter()
        self.shown = face(self.counter, "counter")

    def test_methods_work_and_record(self):
        """A method is a mock that calls the object's; a result that is the object becomes its face."""
        self.assertIs(self.shown.add(2), self.shown)
        self.assertIs(asyncio.run(self.shown.later(number=3)), self.shown)
        self.assertEqual(self.counter.count, 5)
        self.shown.add.assert_called_once_with(2)
        self.shown.later.assert_awaited_once_with(number=3)
        self.assertEqual(self.shown.mock_calls, [mock.call.add(2), mock.call.later(number=3)])
        self.shown.reset_mock()
        self.shown.add.assert_not_called()

    def test_attributes_are_the_objects(self):
        """Attributes are read and written through; a property stays one."""
        self.shown.count = 4
        self.assertEqual((self.counter.count, self.shown.doubled), (4, 8))
        with self.assertRaises(AttributeError):
            self.shown.doubled = 1
        for missing in ("_hidden", "other"):
            with self.assertRaises(AttributeError):
                getattr(self.shown, missing)

    def test_signatures_are_checked_at_the_call(self):
        """Wrong arguments are a TypeError at the call, which is not recorded."""
        for call in (
            lambda: self.shown.add(),
            lambda: self.shown.later(1, 2),
            lambda: self.shown.add(1, x=2),
        ):
            with self.assertRaises(TypeError):
                call()
        self.assertEqual(self.shown.mock_calls, [])

    def test_what_the_test_scripts_goes_first(self):
        """`side_effect` and `return_value` replace the object's method."""
        self.shown.add.return_value = "scripted"
        self.assertEqual(self.shown.add(1), "scripted")
        self.shown.later.side_effect = ValueError
        with self.assertRaises(ValueError):
            asyncio.run(self.shown.later(1))
        self.assertEqual(self.counter.count, 0)

    def test_special_methods_are_on_the_type(self):
        """Special methods work on type and instance, and are the same mock."""

        async def main():
            async with self.shown as entered:
                self.assertIs(entered, self.shown)
            await type(self.shown).__aenter__(self.shown)

        asyncio.run(main())
        self.assertEqual(self.shown.__aenter__.await_args_list, [mock.call(), mock.call()])

    def test_it_reads_as_the_object(self):
        """The face has the object's repr if that has one of its own, and leads back to the object."""
        self.assertEqual(repr(self.shown), "<counter 0>")
        self.assertIs(object_behind(self.shown), self.counter)
        self.assertIsNone(object_behind(mock.Mock()))
        self.assertEqual(self.counter._asynctestkit_unfinished(), [])


class SpecTests(unittest.TestCase):
    def setUp(self):
        self.shown = face(Counter(), "counter", spec=Spec)

    def test_names_and_signatures_are_the_specs(self):
        """The face passes for an instance, takes the spec's arguments and lacks what that lacks."""
        self.assertIsInstance(self.shown, Spec)
        self.shown.add(1)
        with self.assertRaises(TypeError):
            self.shown.add(1, twice=True)
        for missing in ("later", "__aenter__"):
            with self.assertRaises(AttributeError):
                getattr(self.shown, missing)
        self.assertEqual(self.shown.count, 1)

    def test_methods_that_the_object_lacks_are_mocks(self):
        """They have the spec's signature and can be scripted; their children take anything."""
        self.shown.unknown.return_value = 3
        self.assertEqual(asyncio.run(self.shown.unknown("key")), 3)
        with self.assertRaises(TypeError):
            self.shown.unknown()
        self.shown.static("key")
        with self.assertRaises(TypeError):
            self.shown.static("key", "more")
        self.shown.static.nested("what", "it", "likes")
