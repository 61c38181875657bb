"""Classes and modules are described as Python itself sees them, whatever they say."""

import asyncio
import contextlib
import types
import unittest

from asynctestkit.cpython.definitions import (
    is_defined,
    is_immutable,
    module_of,
    mro_of,
    names_in,
    namespace_of,
    qualname_of,
)


class Silent(type):
    def __getattribute__(cls, name):
        raise LookupError(f"asked a class for its {name}")


class ClassTests(unittest.TestCase):
    made = Silent("Made", (int,), {"number": 1, "__module__": "here"})

    def test_module_of(self):
        """It is read from the class; what is no name is no module."""
        self.assertEqual(module_of(self.made), "here")
        self.assertEqual(module_of(type("Made", (), {"__module__": None})), "")

    def test_mro_of(self):
        """A class is first in it, and `object` last."""
        self.assertEqual([*map(id, mro_of(self.made))], [*map(id, (self.made, int, object))])

    def test_namespace_of(self):
        """The attributes of the class, and not those it inherits."""
        self.assertEqual(namespace_of(self.made)["number"], 1)
        self.assertNotIn("real", namespace_of(self.made))

    def test_qualname_of(self):
        """It is read from the class."""
        self.assertEqual((qualname_of(self.made), qualname_of(Silent)), ("Made", "Silent"))

    def test_names_in(self):
        """A module that would be imported if it were asked is not asked; what is no module has none."""

        class Lazy(types.ModuleType):
            def __getattribute__(self, name):
                raise LookupError(f"asked a module for its {name}")

        self.assertIs(names_in(unittest), vars(unittest))
        self.assertEqual(names_in(Lazy("lazy"))["__name__"], "lazy")
        self.assertEqual((names_in(None), names_in(types.ModuleType.__new__(types.ModuleType))), ({}, {}))

    def test_is_defined(self):
        """Only what the classes themselves define counts; their descriptors and metaclass are not asked."""

        class Required:
            def __get__(self, instance, owner):
                raise LookupError("asked")

        base = type("Base", (), {"required": Required(), "other": 1})
        derived = Silent("Derived", (base,), {"own": 2})
        for name, expected in (("required", True), ("own", True), ("other", True), ("missing", False)):
            self.assertEqual(is_defined(name, (derived, base)), expected, name)
        self.assertFalse(is_defined("other", (derived,)))

    def test_is_immutable(self):
        """Types written in C are immutable, and cannot be changed; classes are not."""
        for cls, expected in (
            (dict, True),
            (asyncio.Task, True),
            (type(self), False),
            (asyncio.Queue, False),
        ):
            with self.subTest(cls):
                self.assertEqual(is_immutable(cls), expected)
                with self.assertRaises(TypeError) if expected else contextlib.nullcontext():
                    cls.changed_by_test = True
                    del cls.changed_by_test


if __name__ == "__main__":
    unittest.main()
