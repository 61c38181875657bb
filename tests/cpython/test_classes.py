"""A class is described as Python itself sees it, whatever its metaclass says."""

import asyncio
import contextlib
import unittest

from asynctestkit.cpython.classes import is_immutable, module_of, mro_of, namespace_of


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
