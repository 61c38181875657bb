"""A census is a mark: it has every member of the protocol."""

import asyncio
import unittest

from asynctestkit.leaks.census.census import Census
from asynctestkit.leaks.census.mark import Mark
from tests.limits.test_subject import members


class MarkTests(unittest.TestCase):
    def test_a_census_is_one(self):
        """A census has every member of the protocol from `open` to `close`."""
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        census = Census([asyncio.Future])
        census.open(loop)
        self.addCleanup(census.close)
        self.assertEqual([name for name in members(Mark) if not hasattr(census, name)], [])
