"""The laws of this repository, one module each. They read the source tree; each proves that it can fail."""

import unittest
from pathlib import Path

from tests.repository.tree import modules


class _Laws(unittest.TestSuite):
    """Most of them read all of the source, which is parsed once for all of them."""

    def run(self, result, debug=False):
        try:
            return super().run(result, debug)
        finally:
            modules.cache_clear()  # all the trees are a million objects for the collector


def load_tests(loader, tests, pattern):
    """Called by unittest for this folder."""
    here = Path(__file__).parent
    return _Laws([loader.discover(str(here), pattern or "test*.py", str(here.parents[1]))])
