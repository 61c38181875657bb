"""A census is a mark: it has all that the records of what was created ask for."""

import asyncio
import unittest

from asynctestkit.leaks.census.census import Census
from asynctestkit.leaks.census.mark import Mark
from tests.limits.test_subject import members


class MarkTests(unittest.TestCase):
    def test_a_census_is_one(self):
        """From `open` to `close` it has every member."""
        loop = asyncio.SelectorEventLoop()
        self.addCleanup(loop.close)
        census = Census([asyncio.Future])
        census.open(loop)
        self.addCleanup(census.close)
        self.assertEqual([name for name in members(Mark) if not hasattr(census, name)], [])
