"""The methods of unittest's that a test case hooks into, as they were at import: a suite may patch them."""

from __future__ import annotations

import operator
import unittest
from types import SimpleNamespace
from typing import Any

__all__ = ["Hooks", "plain"]

plain: Any = SimpleNamespace(**vars(unittest.IsolatedAsyncioTestCase))
"""What IsolatedAsyncioTestCase itself defines."""


class Hooks:
    """The sync and the async hook of a phase, and the names of the methods that call both, and the async one.

    `own` is the override of the last by this package.
    """

    def __init__(self, sync: str, asynchronous: str, caller: str, own: Any) -> None:
        self.phase = sync
        self.caller = getattr(plain, caller)
        self._names = (sync, asynchronous, "_callAsync")
        self._get = operator.attrgetter(*self._names)
        self._plain = (getattr(unittest.TestCase, sync), getattr(plain, asynchronous), own)

    def are_overridden_in(self, case: object) -> bool:
        """Whether the class of a test, or this instance, overrides a hook or how the async one is called."""
        return self._get(type(case)) != self._plain or not vars(case).keys().isdisjoint(self._names)
