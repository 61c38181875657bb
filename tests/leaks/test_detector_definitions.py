"""Detector classes that are defined wrongly."""

import re
import unittest

from asynctestkit import LeakDetector


class Pool:
    pass


class PoolLeaks(LeakDetector):
    kind = "pool"
    types = (Pool,)


class DefinitionTests(unittest.TestCase):
    """Faults of a detector class are reported when it is defined."""

    def define(self, **members):
        return type("Mine", (LeakDetector,), members)

    def test_kind(self):
        """`kind` is a string that is not empty."""
        for kind in ({}, {"kind": None}, {"kind": ""}, {"kind": Pool}):
            with (
                self.subTest(kind),
                self.assertRaisesRegex(TypeError, r"^Mine\.kind is .*, expected the name"),
            ):
                self.define(types=(Pool,), **kind)

    def test_types(self):
        """`types` is a tuple of classes, and not an empty one."""
        for types in ({}, {"types": ()}, {"types": Pool}, {"types": [Pool]}, {"types": ("Pool",)}):
            with (
                self.subTest(types),
                self.assertRaisesRegex(TypeError, r"^Mine\.types is .*, expected a tuple of"),
            ):
                self.define(kind="pool", **types)

    def test_both_may_be_inherited(self):
        """A detector that derives from another needs neither."""

        class Stricter(PoolLeaks):
            pass

        self.assertEqual((Stricter.kind, Stricter.types), ("pool", (Pool,)))

    def test_an_async_method(self):
        """No method is async: the sweep would not await it."""

        async def of_a_loop(self, obj): ...

        for name in ("examine", "release", "is_gone"):
            text = f"Mine.{name} is async, but it is called outside of the loop: expected def {name}(…)"
            with self.subTest(name), self.assertRaisesRegex(TypeError, f"^{re.escape(text)}$"):
                self.define(kind="pool", types=(Pool,), **{name: of_a_loop})

    def test_a_detector_decides(self):
        """A detector without `examine` can be derived from only; `release` does nothing by default."""
        detector = self.define(kind="pool", types=(Pool,))()
        with self.assertRaises(NotImplementedError):
            detector.examine(Pool())
        self.assertIsNone(detector.release(Pool()))
        self.assertFalse(detector.is_ending(Pool()))
        with self.assertRaises(NotImplementedError):
            detector.registered(None)


if __name__ == "__main__":
    unittest.main()
