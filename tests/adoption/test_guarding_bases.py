"""Guarded classes: how their bases are changed and restored."""

import gc
import unittest

from asynctestkit import Settings
from asynctestkit.adoption.guarding import guard_all
from asynctestkit.cpython import changes

OBSERVED = Settings(on_leak="warn", deadline=None)


class ChangesTests(unittest.TestCase):
    def test_it_is_listed_among_the_changes_of_the_process(self):
        """The guarding is listed among the changes of the process, and taken back with them."""

        class Suite(unittest.IsolatedAsyncioTestCase):
            pass

        bases = Suite.__bases__
        _, take_back = guard_all(OBSERVED, observes=True)
        self.addCleanup(take_back)
        self.assertNotEqual(Suite.__bases__, bases)
        self.assertIn("hooks in the bases of a suite's test cases", changes.changes())
        take_back()
        self.assertEqual(Suite.__bases__, bases)


class RefusingTests(unittest.TestCase):
    def test_a_class_whose_metaclass_orders_its_bases(self):
        """A class whose metaclass orders its bases is left as it is, and named; the others are guarded."""
        self.addCleanup(gc.collect)  # or other tests would meet the class

        class Strict(type):
            def mro(cls):
                order = super().mro()
                if len(order) > 5:
                    raise TypeError("too many")
                return order

        class Refuses(unittest.IsolatedAsyncioTestCase, metaclass=Strict):
            pass

        bases = Refuses.__bases__
        refused, take_back = guard_all(OBSERVED, observes=True)
        take_back()
        self.assertEqual(refused, [f"{__name__}.{Refuses.__qualname__}"])
        self.assertEqual(Refuses.__bases__, bases)

    def test_a_class_that_refuses_in_its_own_way(self):
        """Whatever a metaclass raises, its class is named and the run goes on."""
        self.addCleanup(gc.collect)

        class Frozen(type):
            def __setattr__(cls, name, value):
                if name == "__bases__":
                    raise AttributeError(f"{cls.__name__} keeps its bases")
                super().__setattr__(name, value)

        class Refuses(unittest.IsolatedAsyncioTestCase, metaclass=Frozen):
            pass

        refused, take_back = guard_all(OBSERVED, observes=True)
        take_back()
        self.assertEqual(refused, [f"{__name__}.{Refuses.__qualname__}"])
