"""What the canaries have in common: if a new Python has moved a private name, they say which, and from where.

A canary has the name of the function that it guards, whose docstring names the file.
"""

import asyncio
import functools
import sys
import types
import unittest

__all__ = ["Canary"]


def says_what_moved(name, method):
    @functools.wraps(method)
    def canary(self):
        try:
            method(self)
        except Exception as error:
            here = sys.modules[type(self).__module__]
            functions = [vars(each) for each in vars(here).values() if isinstance(each, types.ModuleType)]
            guarded = {n: f.__doc__ for each in functions for n, f in each.items() if n in name}
            self.fail(f"CPython has moved what the package leans on: {error!r}\n{guarded}")

    return canary


class Canary(unittest.TestCase):
    def __init_subclass__(cls):
        for name, method in vars(cls).copy().items():
            if name.startswith("test_"):
                setattr(cls, name, says_what_moved(name, method))

    def setUp(self):
        self.loop = asyncio.SelectorEventLoop()
        self.loop.set_debug(False)
        self.addCleanup(self.loop.close)
        self.run_in_loop = self.loop.run_until_complete
