"""The place of the mixin among the bases of a class."""

from __future__ import annotations

import unittest

__all__ = ["require_place"]

__unittest = True

_PLAIN = unittest.IsolatedAsyncioTestCase
"""The class as it was at import: a suite is tried by putting ours in its place, under its name."""


def require_place(cls: type, mixin: type) -> None:
    """Raises TypeError for a class in which the mixin has no effect, or no loop to guard."""
    order = cls.__mro__
    if _PLAIN not in order:
        if issubclass(cls, unittest.TestCase) and any(name.startswith("test") for name in vars(cls)):
            raise TypeError(f"{cls.__name__} is no IsolatedAsyncioTestCase, which HygieneMixin guards")
    elif order.index(_PLAIN) < order.index(mixin):
        order_meant = f"class {cls.__name__}(HygieneMixin, …)"
        raise TypeError(f"HygieneMixin has no effect behind IsolatedAsyncioTestCase; expected {order_meant}")
