"""What is known of each type, whatever the metaclasses of the types say."""

import abc
import gc
import unittest
import weakref

from asynctestkit.leaks.census.per_type import PerType, is_any_of
from tests.leaks.metaclasses import Unhashable


class Equal(type):
    def __eq__(cls, other):
        return True

    def __hash__(cls):
        return 1


class PerTypeTests(unittest.TestCase):
    def test_each_type_is_asked_about_once(self):
        """The function is called once for each type, until all types are forgotten."""
        asked = []
        per_type = PerType(lambda kind: asked.append(kind) or kind is int)
        self.assertEqual(per_type.select([1, "a", 2]), [1, 2])
        self.assertEqual((per_type(int), per_type(str)), (True, False))
        self.assertCountEqual(asked, [int, str])
        per_type.known.clear()
        self.assertTrue(per_type(int))
        self.assertCountEqual(asked, [int, str, int])

    def test_types_that_cannot_be_told_apart(self):
        """Types that are unhashable, or equal to all others, have answers of their own."""
        made = [cls("Made", (), {"number": number}) for number, cls in enumerate((Unhashable, Equal, Equal))]
        per_type = PerType(lambda kind: kind.number == 1)
        objects = [kind() for kind in made]
        self.assertEqual(per_type.select(objects), [objects[1]])

    def test_a_type_lives_as_long_as_its_answer(self):
        """Another type cannot have its id meanwhile."""
        per_type = PerType(bool)
        made = type("Made", (), {})
        reference = weakref.ref(made)
        per_type(made)
        del made
        gc.collect()
        self.assertIsNotNone(reference())
        per_type.known.clear()
        gc.collect()
        self.assertIsNone(reference())


class SubclassTests(unittest.TestCase):
    def test_an_abstract_class_that_cannot_hash_a_class(self):
        """What it derives from decides then; registered classes still count where they can be asked about."""

        class Shape(abc.ABC):
            @abc.abstractmethod
            def area(self):
                pass

        Shape.register(int)

        class UnhashableShape(Unhashable, abc.ABCMeta):
            pass

        self.assertTrue(is_any_of(int, (Shape,)))
        self.assertFalse(is_any_of(Unhashable("Made", (), {}), (str, Shape)))
        self.assertTrue(is_any_of(Unhashable("Made", (str,), {}), (Shape, str)))
        self.assertTrue(is_any_of(UnhashableShape("Made", (Shape,), {}), (Shape,)))


if __name__ == "__main__":
    unittest.main()
