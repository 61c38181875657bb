"""Files that were not closed."""

import gc
import io
import os
import tracemalloc
import unittest

from asynctestkit import DEFAULT_DETECTORS, STRICT_DETECTORS, UnclosedFileLeaks
from tests.leaks.contract import DetectorContract, run_body


class UnclosedFileContractTests(DetectorContract, unittest.TestCase):
    """`make` drops the file, which is then announced; its line is known if tracemalloc runs."""

    detector = UnclosedFileLeaks

    def setUp(self):
        super().setUp()
        tracemalloc.start(5)
        self.addCleanup(tracemalloc.stop)

    async def make(self):
        io.FileIO(os.devnull)  # leaks
        return object()

    async def use(self):
        with open(os.devnull):
            pass


class WhatIsALeakTests(unittest.TestCase):
    def leaks(self, body, **members):
        return [(leak.kind, leak.name) for leak in run_body(body, **members).leaks]

    def test_a_pipe(self):
        """A file that was opened for a descriptor belongs to the code that opened the descriptor."""

        async def test(case):
            read, write = os.pipe()
            case.addCleanup(os.close, write)
            os.fdopen(read)
            gc.collect()

        self.assertEqual(self.leaks(test), [])

    def test_an_older_file(self):
        """A file that is older than the test is not charged."""
        older = [io.FileIO(os.devnull)]

        async def test(case):
            older.clear()

        self.assertEqual(self.leaks(test), [])

    def test_it_is_in_the_strict_set_only(self):
        """By default a file is left to Python's own warning."""

        async def test(case):
            io.FileIO(os.devnull)

        outcome = run_body(test, leak_detectors=DEFAULT_DETECTORS)
        self.assertEqual(outcome.leaks, ())
        self.assertEqual([each.category for each in outcome.warnings], [ResourceWarning])
        self.assertIn(UnclosedFileLeaks, STRICT_DETECTORS)
